import type { AutoObjective } from '../../src-shared/domain/analysis/analysis';
import { ownValue, setOwnValue } from '../../src-shared/base/records';
import type { Method } from '../../src-shared/domain/project/methods';
import type { PrecisionPlan } from '../../src-shared/domain/project/precision';
import { sumOfWork, thresholdRuns, WHOLE_RUNS, wholeRuns, type ChangedPart, type ExpectedWork } from './expected-work';
import { expectedShare, race, type Raced } from './race';
import { choiceErrorOf, type TrialAnswer, type Trials } from './trials';

/** Thresholds with a smaller relative difference are considered equal. */
const SAME = 1e-4;
/** The smallest relative gain in the objective for which a threshold is changed; smaller gains are noise. */
const MIN_GAIN = 0.01;
/** The result must have at most this fraction of the error of the best single method on unseen images. */
const CLEARLY_BETTER = 0.98;

export interface AutoProblem {
  readonly plan: PrecisionPlan;
  /** Tensors that the plan quantizes, in graph order. */
  readonly tensors: readonly string[];
  /** Method -> tensor -> threshold, real units; a method may lack some tensors. */
  readonly thresholds: Readonly<Partial<Record<Method, Readonly<Record<string, number>>>>>;
  /** Indices of the images for the choice, and of other images that confirm it. */
  readonly chosen: readonly number[];
  readonly confirmed: readonly number[];
}

export interface AutoOutcome {
  readonly singles: readonly (AutoObjective & { readonly method: Method })[];
  readonly descent: AutoObjective;
  readonly verdict: 'descent' | 'single';
  readonly bestSingle: Method;
  /** The result: tensor -> method. */
  readonly methods: Readonly<Record<string, Method>>;
  readonly thresholds: Readonly<Record<string, number>>;
}

/** Called when the choice for a tensor was made. */
export type OnTensor = (decision: TensorDecision, left: ExpectedWork) => void;

export interface TensorDecision {
  readonly tensor: string;
  /** null: it keeps the method that the choice started with. */
  readonly method: Method | null;
  /** The error with the thresholds so far. */
  readonly objective: number;
}

/** Weight of the share of images that races are expected to run, in candidates. */
const EXPECTED_WEIGHT = 8;

/** What the choice is expected to compute. */
export function autoWork(
  { tensors, thresholds, chosen, confirmed }: Pick<AutoProblem, 'tensors' | 'thresholds' | 'chosen' | 'confirmed'>,
  part: ChangedPart,
): ExpectedWork {
  const methods = Object.values(thresholds);
  return sumOfWork(
    wholeRuns(methods.length, chosen.length + confirmed.length),
    descentWork(tensors, { thresholds, chosen, part, share: expectedShare(chosen.length) }),
    wholeRuns(1, confirmed.length),
  );
}

function descentWork(
  tensors: readonly string[],
  {
    thresholds,
    chosen,
    part,
    share,
  }: Pick<AutoProblem, 'thresholds' | 'chosen'> & { readonly part: ChangedPart; readonly share: number },
): ExpectedWork {
  const methods = Object.values(thresholds);
  const tried = tensors.flatMap((tensor) => {
    const known = distinct(methods.map((own) => ownValue(own, tensor))).length;
    return Array.from({ length: Math.max(0, known - 1) }, () => tensor);
  });
  return thresholdRuns(tried, chosen.length * share, part);
}

/** The largest number of model runs that the choice can take. */
export function autoPasses({
  tensors,
  thresholds,
  chosen,
  confirmed,
}: Pick<AutoProblem, 'tensors' | 'thresholds' | 'chosen' | 'confirmed'>): number {
  const methods = Object.values(thresholds);
  const alternatives = tensors.reduce(
    (sum, tensor) => sum + distinct(methods.map((own) => ownValue(own, tensor))).length - 1,
    0,
  );
  return (methods.length + alternatives) * chosen.length + (methods.length + 1) * confirmed.length;
}

/**
 * Chooses one threshold per tensor among all methods, by the error of the worst group at the outputs of the model, for
 * detectors by that of their candidates. It starts from the best method for all tensors and then improves one tensor
 * after the other, in graph order. The improvement overfits its images, so that the result is only accepted if it is
 * better than every single method on unseen images.
 */
export async function chooseThresholds(
  trials: Trials,
  problem: AutoProblem,
  { part = WHOLE_RUNS, onTensor }: { readonly part?: ChangedPart; readonly onTensor?: OnTensor } = {},
): Promise<AutoOutcome> {
  const { plan, tensors, chosen, confirmed } = problem;
  const methods = (Object.keys(problem.thresholds) as Method[]).filter((method) =>
    tensors.every((tensor) => ownValue(problem.thresholds[method], tensor) !== undefined),
  );
  // Tensors that this plan does not quantize also get a threshold, because another plan may quantize them.
  const thresholdsOf = (method: Method): Record<string, number> => ({
    ...problem.thresholds.minmax,
    ...problem.thresholds[method],
  });
  const objectives = async (
    list: readonly Readonly<Record<string, number>>[],
    at: readonly number[],
  ): Promise<number[]> =>
    (
      await trials.run(
        list.map((thresholds) => ({ plan, thresholds })),
        at,
      )
    ).map((own) => choiceErrorOf(trials, at, own));

  const starts = methods.map((method) => ({ plan, thresholds: thresholdsOf(method) }));
  const startAnswers = await trials.run(starts, chosen);
  const onChosen = startAnswers.map((own) => choiceErrorOf(trials, chosen, own));
  const onConfirmed = await objectives(methods.map(thresholdsOf), confirmed);
  const singles = methods.map((method, i) => ({
    method,
    chosen: onChosen[i] ?? Number.POSITIVE_INFINITY,
    confirmed: onConfirmed[i] ?? Number.POSITIVE_INFINITY,
  }));
  const start = smallest(singles, (single) => single.chosen);
  const answers = startAnswers[methods.indexOf(start.method)] ?? [];
  const descent = await descend(trials, problem, {
    start: { ...start, answers },
    onTensor: (decision, next, share) =>
      onTensor?.(
        decision,
        sumOfWork(descentWork(tensors.slice(next), { ...problem, part, share }), wholeRuns(1, confirmed.length)),
      ),
  });
  const [confirmedDescent = Number.POSITIVE_INFINITY] = await objectives([descent.thresholds], confirmed);
  const bestConfirmed = Math.min(...singles.map((single) => single.confirmed));
  const bestSingle = smallest(singles, (single) => single.confirmed).method;
  const common = { singles, descent: { chosen: descent.objective, confirmed: confirmedDescent }, bestSingle };
  if (confirmedDescent < bestConfirmed * CLEARLY_BETTER && Object.keys(descent.methods).length > 0) {
    return {
      ...common,
      verdict: 'descent',
      thresholds: descent.thresholds,
      methods: Object.fromEntries(tensors.map((tensor) => [tensor, ownValue(descent.methods, tensor) ?? start.method])),
    };
  }
  return {
    ...common,
    verdict: 'single',
    thresholds: thresholdsOf(bestSingle),
    methods: Object.fromEntries(tensors.map((tensor) => [tensor, bestSingle])),
  };
}

interface Descent {
  readonly thresholds: Readonly<Record<string, number>>;
  /** Tensors whose method differs from the one that the choice started with. */
  readonly methods: Readonly<Record<string, Method>>;
  readonly objective: number;
}

async function descend(
  trials: Trials,
  { plan, tensors, thresholds: byMethod, chosen }: AutoProblem,
  {
    start,
    onTensor,
  }: {
    readonly start: AutoObjective & { readonly method: Method; readonly answers: readonly TrialAnswer[] };
    /** @param share the part of the images that candidates ran on before they were given up. */
    readonly onTensor: (decision: TensorDecision, next: number, share: number) => void;
  },
): Promise<Descent> {
  let thresholds: Record<string, number> = { ...byMethod[start.method] };
  let best: Raced = { objective: start.chosen, answers: start.answers };
  const methods: Record<string, Method> = {};
  let runs = EXPECTED_WEIGHT * chosen.length * expectedShare(chosen.length);
  let possible = EXPECTED_WEIGHT * chosen.length;
  for (const [index, tensor] of tensors.entries()) {
    const now = ownValue(thresholds, tensor) ?? 0;
    const others = (Object.keys(byMethod) as Method[]).flatMap((method) => {
      const threshold = ownValue(byMethod[method], tensor);
      return threshold === undefined || isSame(threshold, now) ? [] : [{ method, threshold }];
    });
    const tried = others.filter(
      ({ threshold }, i) => others.findIndex((other) => isSame(other.threshold, threshold)) === i,
    );
    const decide = (method: Method | null): void =>
      onTensor({ tensor, method, objective: best.objective }, index + 1, runs / Math.max(1, possible));
    if (tried.length === 0) {
      decide(null);
      continue;
    }
    const candidates = tried.map((candidate) => ({
      ...candidate,
      trial: { plan, thresholds: { ...thresholds, [tensor]: candidate.threshold } },
    }));
    const found = await race(
      trials,
      candidates.map(({ trial }) => trial),
      { at: chosen, incumbent: best.answers, limit: best.objective * (1 - MIN_GAIN) },
    );
    runs += found.runs;
    possible += tried.length * chosen.length;
    const { winner } = found;
    const chosenOne = winner && candidates[winner.index];
    if (winner && chosenOne) {
      thresholds = { ...thresholds, [tensor]: chosenOne.threshold };
      setOwnValue(methods, tensor, chosenOne.method);
      best = winner;
    }
    decide(chosenOne?.method ?? null);
  }
  return { thresholds, methods, objective: best.objective };
}

function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= SAME * Math.max(a, b);
}

function distinct(thresholds: readonly (number | undefined)[]): number[] {
  const known = thresholds.filter((threshold) => threshold !== undefined);
  return known.filter((threshold, i) => known.findIndex((other) => isSame(other, threshold)) === i);
}

/** The index of the smallest value; the first one if there are several. */
function smallest<T>(list: readonly T[], valueOf: (item: T) => number): T {
  return list.reduce((best, item) => (valueOf(item) < valueOf(best) ? item : best));
}
