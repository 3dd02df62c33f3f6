import {
  choiceError,
  type SearchLimits,
  type SearchResult,
  type TrialQuality,
  worstNmse,
} from '../../src-shared/domain/analysis/analysis';
import { ownValue } from '../../src-shared/base/records';
import type { LearnedValues } from '../../src-shared/domain/analysis/repair';
import type { Method } from '../../src-shared/domain/project/methods';
import type { PrecisionPlan } from '../../src-shared/domain/project/precision';
import {
  inFp16,
  layerRuns,
  sumOfWork,
  WHOLE_RUNS,
  wholeRuns,
  type ChangedPart,
  type ExpectedWork,
} from './expected-work';
import {
  firstRanking,
  releasedTrial,
  releaseOrder,
  releaseTrials,
  releaseWork,
  withoutLeastUseful,
} from './release-order';
import { differenceBetween, qualitiesOf, referenceAnswers, referenceQuality, type Trial, type Trials } from './trials';

/** The number of released layers that are tried in INT8 again, one after the other. */
const MOST_RETURNED = 6;

export interface SearchProblem {
  /** The plan with all layers in INT8. */
  readonly plan: PrecisionPlan;
  /** The thresholds in use come first; others replace them if they are clearly better. */
  readonly alternatives: readonly ThresholdChoice[];
  /** Layers that can be released, with the latency cost of each in microseconds (above 0). */
  readonly layers: readonly { readonly layer: string; readonly costUs: number }[];
  /** Indices of the images for the ranking of layers, and of those for the judgement of plans. */
  readonly rank: readonly number[];
  readonly judge: readonly number[];
  readonly limits: SearchLimits;
  /** True if plans are judged by labels; otherwise agreement with FP32 and output error are used. */
  readonly labelled: boolean;
}

/** Thresholds with what was learned with them. */
export interface ThresholdChoice extends LearnedValues, Pick<Trial, 'thresholds'> {
  /** null for those in use. */
  readonly method: Method | null;
}

export interface SearchedPlan {
  readonly fp16Layers: readonly string[];
  readonly quality: TrialQuality;
  readonly meetsLimit: boolean;
}

export interface SearchOutcome {
  /** The method whose thresholds the plans use. */
  readonly method: Method | null;
  readonly fp32: TrialQuality;
  readonly ranking: readonly { readonly layer: string; readonly gain: number }[];
  readonly plans: readonly SearchedPlan[];
  /** Index of the plan that meets the limits with the fewest released layers; null if none does. */
  readonly chosen: number | null;
  readonly chance?: NonNullable<SearchResult['chance']>;
}

export interface SearchSteps {
  readonly part?: ChangedPart;
  /** Called before each step with what is expected to be computed from then on, and again when that has changed. */
  readonly onStep: (name: 'ranking layers' | 'searching plans', left: ExpectedWork) => void;
  /** Called when a plan was judged. */
  readonly onPlan?: (plan: SearchedPlan) => void;
}

/** What a search is expected to compute. */
export function searchWork(
  { layers, limits, alternatives }: Pick<SearchProblem, 'layers' | 'limits'> & { readonly alternatives: number },
  { rank, judge, part }: { readonly rank: number; readonly judge: number; readonly part: ChangedPart },
): ExpectedWork {
  const most = Math.min(layers.length, limits.maxLayers ?? layers.length);
  return sumOfWork(
    wholeRuns(alternatives, rank),
    releaseWork({ layers, maxLayers: limits.maxLayers }, rank, part),
    planWork(expectedPlans(-1, most), judge),
  );
}

/** The judgement of plans, and of one more with a layer less. */
function planWork(plans: number, images: number): ExpectedWork {
  return inFp16(wholeRuns(plans + 1, images));
}

/** The number of plans that are usually judged until the smallest one is found, in a range that a step halves. */
function expectedPlans(failing: number, most: number): number {
  return Math.max(1, Math.ceil(Math.log2(Math.max(1, most - failing))) + 1);
}

/** The usual largest number of models that a search tries, for ranking layers and for judging plans. */
export function searchTrials(
  layers: number,
  maxLayers: number | null,
  alternatives: number,
): { readonly ranking: number; readonly judging: number } {
  const most = Math.min(layers, maxLayers ?? layers);
  return {
    ranking: alternatives + releaseTrials(layers, maxLayers),
    judging: 3 + 2 * Math.ceil(Math.log2(most + 1)) + MOST_RETURNED,
  };
}

/**
 * Finds the plan with the fewest released layers that meets the limits. The sets to release are chosen on a few images,
 * see releaseOrder. Those of 0, 1, 2, 4, 8 ... layers are judged until the limits are met, and the smallest number is
 * found by bisection. Then layers whose release matters least on the images that choose are tried in INT8 again.
 */
export async function searchPlans(
  trials: Trials,
  request: SearchProblem,
  { part = WHOLE_RUNS, onStep, onPlan }: SearchSteps,
): Promise<SearchOutcome> {
  const { layers, judge, limits } = request;
  const most = Math.min(layers.length, limits.maxLayers ?? layers.length);
  const alternatives = request.alternatives.length;
  const judging = planWork(expectedPlans(-1, most), judge.length);
  const ranking = (...left: readonly ExpectedWork[]): void => onStep('ranking layers', sumOfWork(...left, judging));
  const ranked = releaseWork({ layers, maxLayers: limits.maxLayers }, request.rank.length, part);
  ranking(wholeRuns(alternatives, request.rank.length), ranked);
  const choice = await betterThresholds(trials, request);
  const base = baseOf(request, choice);
  const problem: Problem = { ...request, base };
  ranking(ranked);
  const order = await releaseOrder(
    trials,
    { base, layers, images: request.rank, maxLayers: limits.maxLayers },
    { part, onStep: ranking },
  );
  onStep('searching plans', judging);
  const fp32 = await referenceQuality(trials, judge);
  const tried = new Map<string, SearchedPlan>();
  const evaluate = async (released: readonly string[]): Promise<SearchedPlan> => {
    const key = [...released].sort().join('\n');
    const known = tried.get(key);
    if (known) return known;
    const [quality] = await qualitiesOf(trials, [trialOf(problem, released)], judge);
    if (!quality) throw new Error('Assertion failed: a trial has no quality');
    const plan = { fp16Layers: released, quality, meetsLimit: meets(quality, fp32, problem) };
    tried.set(key, plan);
    onPlan?.(plan);
    return plan;
  };
  const count = await fewest(most, async (n, { failing, holding }) => {
    onStep('searching plans', planWork(expectedPlans(failing, holding ?? most), judge.length));
    return (await evaluate(order.sets[n] ?? [])).meetsLimit;
  });
  let chosen = count === null ? null : await evaluate(order.sets[count] ?? []);
  for (let returned = 0; chosen !== null && returned < MOST_RETURNED; returned += 1) {
    onStep(
      'searching plans',
      inFp16(sumOfWork(wholeRuns(1, judge.length), layerRuns(chosen.fp16Layers, request.rank.length, part))),
    );
    const set = await withoutLeastUseful(trials, { base, images: request.rank }, chosen.fp16Layers);
    const smaller: SearchedPlan | null = set === null ? null : await evaluate(set);
    if (smaller?.meetsLimit !== true) break;
    chosen = smaller;
  }
  const plans = [...tried.values()].sort((a, b) => a.fp16Layers.length - b.fp16Layers.length);
  const chance = await chanceOf(trials, problem, chosen ?? nearest(plans));
  return {
    method: choice.method,
    fp32,
    ranking: order.ranking,
    plans,
    chosen: chosen && plans.indexOf(chosen),
    ...(chance === null ? {} : { chance }),
  };
}

/** The plan with the smallest output error, which is named if no plan meets the limits. */
export function nearest<P extends Pick<SearchedPlan, 'quality'>>(plans: readonly P[]): P | null {
  return plans.reduce<P | null>(
    (found, own) => (found !== null && worstNmse(found.quality) <= worstNmse(own.quality) ? found : own),
    null,
  );
}

/** Compares a plan with FP32 and with all layers in INT8, whose answers the trials have kept. */
async function chanceOf(
  trials: Trials,
  problem: Problem,
  plan: SearchedPlan | null,
): Promise<NonNullable<SearchResult['chance']> | null> {
  if (plan === null) return null;
  const { judge, labelled } = problem;
  const [own = [], int8 = []] = await trials.run([trialOf(problem, plan.fp16Layers), trialOf(problem, [])], judge);
  const toFp32 = differenceBetween(trials, judge, [own, referenceAnswers(trials, judge)], labelled);
  const gain = plan.fp16Layers.length === 0 ? null : differenceBetween(trials, judge, [own, int8], labelled);
  if (toFp32 === null) return null;
  return { measure: toFp32.name, toFp32: toFp32.difference, gainOverInt8: gain && gain.difference };
}

interface Problem extends SearchProblem {
  readonly base: Trial;
}

/** The model with all layers in INT8. */
function baseOf({ plan }: Pick<SearchProblem, 'plan'>, { thresholds, biases, roundings }: ThresholdChoice): Trial {
  return { plan, thresholds, ...(biases ? { biases } : {}), ...(roundings ? { roundings } : {}) };
}

/** Other thresholds replace those in use if they have at most this fraction of their error. */
const CLEARLY_BETTER = 0.9;

async function betterThresholds(
  trials: Trials,
  problem: Pick<SearchProblem, 'plan' | 'alternatives' | 'rank'>,
): Promise<ThresholdChoice> {
  const { alternatives, rank } = problem;
  const bases = alternatives.map((choice) => baseOf(problem, choice));
  const errors = (await qualitiesOf(trials, bases, rank)).map(choiceError);
  const [inUse = Number.POSITIVE_INFINITY] = errors;
  const best = errors.indexOf(Math.min(...errors));
  const found = (errors[best] ?? inUse) < inUse * CLEARLY_BETTER ? alternatives[best] : alternatives[0];
  if (!found) throw new RangeError('Assertion failed: a search without thresholds');
  return found;
}

/**
 * Tries a part of the models that rank all layers first, after the thresholds of the search were chosen.
 * @param partOf selects the models of this part.
 */
export async function rankPart(
  trials: Trials,
  request: Pick<SearchProblem, 'plan' | 'alternatives' | 'layers' | 'rank'>,
  partOf: (list: readonly Trial[]) => readonly Trial[],
): Promise<void> {
  const base = baseOf(request, await betterThresholds(trials, request));
  const { layers, rank } = request;
  const { list, at } = firstRanking(trials, { base, layers, images: rank });
  await trials.run(partOf(list), at);
}

/**
 * The smallest n up to `most` for which the condition holds, by doubling and bisection, assuming that it also holds for
 * all larger n. Null if there is none.
 */
export async function fewest(
  most: number,
  holds: (n: number, known: { readonly failing: number; readonly holding: number | null }) => Promise<boolean>,
): Promise<number | null> {
  let failing = -1;
  let holding: number | null = null;
  for (let n = 0; holding === null; n = n === 0 ? 1 : Math.min(most, 2 * n)) {
    if (await holds(n, { failing, holding })) holding = n;
    else if (n >= most) return null;
    else failing = n;
  }
  while (holding - failing > 1) {
    const middle = Math.floor((holding + failing) / 2);
    if (await holds(middle, { failing, holding })) holding = middle;
    else failing = middle;
  }
  return holding;
}

function trialOf({ base }: Problem, released: readonly string[]): Trial {
  return releasedTrial(base, released);
}

/** Tolerance for rounding errors of percentages. */
const EPSILON = 1e-9;

function meets(quality: TrialQuality, fp32: TrialQuality, { limits, labelled }: SearchProblem): boolean {
  const { measure } = quality;
  if (!labelled || measure === undefined || fp32.measure === undefined) {
    const isClose = quality.comparesAnswers === true || worstNmse(quality) <= limits.maxNmse;
    return (quality.agreement ?? 100) >= 100 - limits.maxDrop - EPSILON && isClose;
  }
  const dropOf = (reference: number, own: number): number =>
    measure.higherIsBetter ? reference - own : own - reference;
  const worst = measure.higherIsBetter ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return (
    dropOf(fp32.measure.value, measure.value) <= limits.maxDrop + EPSILON &&
    Object.entries(fp32.groupMeasures ?? {}).every(
      ([name, value]) =>
        dropOf(value, ownValue(quality.groupMeasures ?? {}, name) ?? worst) <= limits.maxWorstGroupDrop + EPSILON,
    )
  );
}
