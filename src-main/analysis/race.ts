import {
  candidatesOf,
  choiceErrorOf,
  hasOutputs,
  referenceAnswers,
  type Trial,
  type TrialAnswer,
  type Trials,
} from './trials';

/** A race runs its images in this many parts. */
const PARTS = 4;
/** A part has at least this many images, so that it keeps several workers busy. */
const MIN_PART = 4;

/** A model with its error on images. */
export interface Raced {
  readonly objective: number;
  /** One per image. */
  readonly answers: readonly TrialAnswer[];
}

export interface RaceResult {
  /** null if no trial was below the limit. */
  readonly winner: (Raced & { readonly index: number }) | null;
  /** How often a model was run. */
  readonly runs: number;
}

/**
 * The trial with the smallest error below a limit. Errors are sums over images, which only grow:
 * a trial is given up as soon as its error on a part of the images is above the limit, or above that of a trial that
 * has run on all of them. The images on which the incumbent fails most come first, because they decide soonest, and
 * those of its worst group before all others, because the limit is that group's. The result is that of running every
 * trial on all images.
 * @param problem.incumbent answers of the model to beat, one per entry of `at`.
 */
export async function race(
  trials: Trials,
  list: readonly Trial[],
  {
    at,
    incumbent,
    limit,
  }: { readonly at: readonly number[]; readonly incumbent: readonly TrialAnswer[]; readonly limit: number },
): Promise<RaceResult> {
  // An agreement of answers is no sum of errors of images.
  const parts = hasOutputs(trials) ? partsOf(trials, at, incumbent) : [[...at.keys()]];
  const reference = referenceAnswers(trials, at);
  let running = list.map((trial, index) => ({ trial, index, answers: [...reference], objective: 0 }));
  let runs = 0;
  for (const part of parts) {
    runs += running.length * part.length;
    const found = await trials.run(
      running.map(({ trial }) => trial),
      part.map((slot) => at[slot] ?? 0),
    );
    for (const [i, runner] of running.entries()) {
      for (const [k, slot] of part.entries()) {
        const answer = found[i]?.[k];
        if (answer) runner.answers[slot] = answer;
      }
      // Images that were not run yet count as without an error.
      runner.objective = choiceErrorOf(trials, at, runner.answers);
    }
    running = running.filter(({ objective }) => objective < limit);
    if (running.length === 0) return { winner: null, runs };
  }
  const [first, ...others] = running;
  const winner = first ? others.reduce((best, own) => (own.objective < best.objective ? own : best), first) : null;
  return { winner, runs };
}

/** Positions in `at`, those of the incumbent's worst group first, and among them those with its largest errors. */
function partsOf(trials: Trials, at: readonly number[], incumbent: readonly TrialAnswer[]): number[][] {
  const errors = candidatesOf(incumbent)?.map(({ noise }) => noise) ?? outputErrors(trials, at, incumbent);
  const groups = at.map((image) => trials.images[image]?.group ?? null);
  const means = new Map<string | null, number>();
  for (const group of new Set(groups)) {
    const own = errors.filter((_, slot) => groups[slot] === group);
    means.set(group, own.reduce((sum, error) => sum + error, 0) / own.length);
  }
  const worst = Math.max(...means.values());
  const rankOf = (slot: number): number => (means.get(groups[slot] ?? null) === worst ? 0 : 1);
  const order = [...at.keys()].sort((a, b) => rankOf(a) - rankOf(b) || (errors[b] ?? 0) - (errors[a] ?? 0) || a - b);
  const size = Math.max(MIN_PART, Math.ceil(order.length / PARTS));
  return Array.from({ length: Math.ceil(order.length / size) }, (_, i) => order.slice(i * size, (i + 1) * size));
}

/** Noise of all outputs for each image, in relation to their signals. */
function outputErrors(
  { reference, varying }: Pick<Trials, 'reference' | 'varying'>,
  at: readonly number[],
  answers: readonly TrialAnswer[],
): number[] {
  const outputs = [...(reference[at[0] ?? 0]?.signal.keys() ?? [])].filter((output) => varying?.has(output) !== true);
  const signals = outputs.map((output) => at.reduce((sum, image) => sum + (reference[image]?.signal[output] ?? 0), 0));
  return at.map((_, slot) =>
    outputs.reduce(
      (sum, output, i) => sum + (answers[slot]?.noise[output] ?? 0) / Math.max(1e-300, signals[i] ?? 0),
      0,
    ),
  );
}
