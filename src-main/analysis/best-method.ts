import { comparableDb, type OutputCost, type SingleCost } from '../../src-shared/domain/analysis/best-method';
import type { HistogramMethod } from '../../src-shared/domain/project/methods';
import type { PrecisionPlan } from '../../src-shared/domain/project/precision';
import { groupNames, type TrialAnswer, type Trials } from './trials';

/** Methods whose outputs differ by less than this are as good as each other: the first of PREFERENCE is taken. */
const TIE_DB = 0.05;
/** Of methods that are as good as each other: those that clip less come first. */
const PREFERENCE: readonly HistogramMethod[] = ['minmax', 'percentile', 'mse', 'entropy'];

/**
 * Images a group that the choice is made on, where there are as many and time and memory allow them. The error of
 * single images varies by 10 dB and more, and the worst of them decide the sum: 16 night plates miss the best method by
 * 1 dB.
 */
const IMAGES_A_GROUP = 64;
/** With one group or two, so many in all. */
const IMAGES_AT_LEAST = 128;
/** With many groups not more than so many in all, but never fewer than MIN_A_GROUP in each. */
const IMAGES_AT_MOST = 512;
/** Fewer images of a group would decide by chance. */
const MIN_A_GROUP = 4;
/** Preprocessed images and FP32's outputs to them are held in memory together. */
const MAX_BYTES = 2 ** 29;

/** Share of the collection's time that the choice may take, and what it may always take, seconds. */
const TIME_SHARE = 0.2;
const MIN_SECONDS = 3;

/** Thresholds of a model to be measured: tensor -> real units. */
export interface Candidate {
  readonly plan: PrecisionPlan;
  readonly thresholds: Readonly<Record<string, number>>;
}

/** What each candidate costs at the outputs, on these images. */
export async function outputCosts(
  trials: Trials,
  candidates: readonly Candidate[],
  at: readonly number[],
  outputNames: readonly string[],
): Promise<OutputCost[]> {
  const answers = await trials.run(candidates, at);
  return candidates.map((_, i) => outputCost(trials, at, answers[i] ?? [], outputNames));
}

/**
 * The error of the worst output of the worst group. An output to which FP32 answers zeros has no say, unless no output
 * has a signal. Images without a group count as one group where others have some.
 * @param answers one per entry of `at`.
 */
export function outputCost(
  trials: Pick<Trials, 'images' | 'reference'>,
  at: readonly number[],
  answers: readonly TrialAnswer[],
  outputNames: readonly string[],
): OutputCost {
  const groups = groupNames(trials.images);
  const slots = [...at.keys()];
  const parts =
    groups.length === 0
      ? [{ group: null, own: slots }]
      : [...groups, null].map((group) => ({
          group,
          own: slots.filter((slot) => trials.images[at[slot] ?? 0]?.group === group),
        }));
  let worst: OutputCost & { readonly error: number } = {
    error: -1,
    nmse: 0,
    sqnrDb: null,
    worstGroup: null,
    worstOutput: null,
  };
  for (const { group, own } of parts) {
    for (const [output, error] of errorsOf(
      trials,
      own.map((slot) => ({ image: at[slot] ?? 0, answer: answers[slot] })),
      outputNames.length,
    )) {
      if (!(error > worst.error)) continue;
      worst = {
        error,
        nmse: Number.isFinite(error) ? error : null,
        sqnrDb: error > 0 && Number.isFinite(error) ? -10 * Math.log10(error) : null,
        worstGroup: group,
        worstOutput: outputNames[output] ?? null,
      };
    }
  }
  const { nmse, sqnrDb, worstGroup, worstOutput } = worst;
  return { nmse, sqnrDb, worstGroup, worstOutput };
}

/** [output, noise to signal] of images that are judged together, for every output that has a say. */
function errorsOf(
  trials: Pick<Trials, 'reference'>,
  list: readonly { readonly image: number; readonly answer: TrialAnswer | undefined }[],
  outputs: number,
): [number, number][] {
  const sums = Array.from({ length: outputs }, (_, output) => {
    let noise = 0;
    let signal = 0;
    for (const { image, answer } of list) {
      noise += answer?.noise[output] ?? Number.POSITIVE_INFINITY;
      signal += trials.reference[image]?.signal[output] ?? 0;
    }
    return { output, noise: Number.isNaN(noise) ? Number.POSITIVE_INFINITY : noise, signal };
  });
  const known = sums.filter(({ signal }) => signal > 0);
  if (known.length > 0) return known.map(({ output, noise, signal }) => [output, noise / signal]);
  return sums.map(({ output, noise }) => [output, noise > 0 ? Number.POSITIVE_INFINITY : 0]);
}

/**
 * Single methods by their error, best first, with what each loses; methods that are as good as each other in
 * PREFERENCE.
 */
export function rankSingles(costs: readonly (OutputCost & { readonly method: HistogramMethod })[]): SingleCost[] {
  const dbOf = (cost: OutputCost): number => comparableDb(cost.nmse) ?? Number.NEGATIVE_INFINITY;
  const preferred = [...costs].sort((a, b) => PREFERENCE.indexOf(a.method) - PREFERENCE.indexOf(b.method));
  const best = Math.max(...preferred.map(dbOf));
  const chosen = preferred.find((cost) => dbOf(cost) >= best - TIE_DB);
  const others = preferred.filter((cost) => cost !== chosen).sort((a, b) => dbOf(b) - dbOf(a) || 0);
  const ranked = chosen === undefined ? [] : [chosen, ...others];
  const against = chosen === undefined ? 0 : dbOf(chosen);
  return ranked.map((cost) => ({ ...cost, costDb: cost.nmse === null ? null : Math.max(0, against - dbOf(cost)) }));
}

/**
 * How many images of each group the choice is to take: 64 (128 in all with fewer than two groups), as far as half a
 * gigabyte holds them, 4 at least.
 */
export function wantedPerGroup(groups: number, bytesPerImage: number): number {
  const count = Math.max(1, groups);
  const most = Math.min(IMAGES_AT_MOST, MAX_BYTES / Math.max(1, bytesPerImage));
  return Math.max(
    MIN_A_GROUP,
    Math.min(Math.max(IMAGES_A_GROUP, Math.ceil(IMAGES_AT_LEAST / count)), Math.floor(most / count)),
  );
}

/** What the choice may take beside a collection that took so long, seconds. */
export function budgetSeconds(collectionSeconds: number): number {
  return Math.max(MIN_SECONDS, TIME_SHARE * collectionSeconds);
}

/** Images a group, and what is taken where those take too long: half of it, a quarter and so on, 4 at least. */
export function imageLevels(perGroup: number): number[] {
  const levels = [perGroup];
  for (let level = perGroup; level > MIN_A_GROUP; levels.push(level))
    level = Math.max(MIN_A_GROUP, Math.floor(level / 2));
  return levels;
}
