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
/** So many trials go on after each part of their race, until races have shown it: it was 0.5 to 0.9 on five models. */
const GO_ON = 0.6;

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
 * The trial with the smallest error below a limit. Errors are sums over images, which only grow: a trial is given up as
 * soon as its error on a part of the images is above the limit. The images on which the incumbent fails most come
 * first, because they decide soonest, and those of its worst group before all others, because the limit is that
 * group's. The result is that of running every trial on all images.
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
  let runs = 0;
  /** null: the trial was given up. No trial waits for the others, so that workers always have something to run. */
  const runnerOf = async (trial: Trial, index: number): Promise<(Raced & { readonly index: number }) | null> => {
    // Images that were not run yet count as without an error.
    const answers = [...reference];
    let objective = 0;
    for (const part of parts) {
      runs += part.length;
      const images = part.map((slot) => at[slot] ?? 0);
      const [found] = await trials.run([trial], images);
      for (const [k, slot] of part.entries()) {
        const answer = found?.[k];
        if (answer) answers[slot] = answer;
      }
      objective = choiceErrorOf(trials, at, answers);
      if (!(objective < limit)) return null;
    }
    return { index, answers, objective };
  };
  const compared = trials.varying?.size;
  const finished = (await Promise.all(list.map(runnerOf))).flatMap((runner) => (runner === null ? [] : [runner]));
  // A trial has shown that an output cannot be compared by its values; the answers so far are known.
  if (trials.varying?.size !== compared) return race(trials, list, { at, incumbent, limit });
  const [first, ...others] = finished;
  const winner = first ? others.reduce((best, own) => (own.objective < best.objective ? own : best), first) : null;
  return { winner, runs };
}

/** The part of the images that a trial of a race is expected to run on. @param images number of images of the race */
export function expectedShare(images: number): number {
  const size = Math.max(MIN_PART, images / PARTS);
  let share = 0;
  let racing = 1;
  for (let from = 0; from < images; from += size) {
    share += (racing * Math.min(size, images - from)) / images;
    racing *= GO_ON;
  }
  return share;
}

/**
 * Positions in `at`, those of the incumbent's worst group first, and among them those with its largest errors. Each
 * part has as many images of every lane, as far as there are.
 */
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
  const sorted = [...at.keys()].sort((a, b) => rankOf(a) - rankOf(b) || (errors[b] ?? 0) - (errors[a] ?? 0) || a - b);
  const lengths = new Map<number, number>();
  const places = sorted.map((slot) => {
    const lane = trials.laneOf?.(at[slot] ?? 0) ?? 0;
    const row = lengths.get(lane) ?? 0;
    lengths.set(lane, row + 1);
    return { slot, row };
  });
  // Sorting keeps the order inside a row.
  const order = places.sort((a, b) => a.row - b.row).map(({ slot }) => slot);
  const lanes = lengths.size;
  const size = lanes * Math.ceil(Math.max(MIN_PART, order.length / PARTS) / lanes);
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
