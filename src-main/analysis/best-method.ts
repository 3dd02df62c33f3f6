import { type TrialQuality, worstNmse } from '../../src-shared/domain/analysis/analysis';
import { comparableDb, type OutputCost, type SingleCost } from '../../src-shared/domain/analysis/best-method';
import type { HistogramMethod } from '../../src-shared/domain/project/methods';
import type { PrecisionPlan } from '../../src-shared/domain/project/precision';
import { groupNames, hasOutputs, qualityOf, type TrialAnswer, type Trials } from './trials';

/** Methods with a smaller difference are considered equally good; the first one in PREFERENCE is chosen. */
const TIE_DB = 0.05;
/** The order of preference among equally good methods: those that clip less come first. */
const PREFERENCE: readonly HistogramMethod[] = ['minmax', 'percentile', 'mse', 'entropy'];

/**
 * The number of images per group for the choice, if the set, time and memory allow it. The error of single images
 * varies by 10 dB or more, and the worst images dominate the sum: with 16 night plates the choice is 1 dB worse.
 */
const IMAGES_A_GROUP = 64;
/** The total number of images with one or two groups. */
const IMAGES_AT_LEAST = 128;
/** The largest total number of images with many groups, unless MIN_A_GROUP requires more. */
const IMAGES_AT_MOST = 512;
/** The smallest number of images per group; with fewer, chance would decide. */
const MIN_A_GROUP = 4;
/** Limit for the preprocessed images and their FP32 outputs, which are held in memory. */
const MAX_BYTES = 2 ** 29;

/** The fraction of the collection's work that the choice may take. */
const WORK_SHARE = 0.2;
/** Multiply-accumulates that the choice may always take: about 3 s on two cores. */
const MIN_MACS = 6e10;
/** Work for an image in runs of the FP32 model: collecting its histograms, and a run of a quantized model. */
const COLLECTION_TO_FP32 = 1.5;
const TRIAL_TO_FP32 = 1.5;

/** Thresholds of a model to be measured: tensor -> real units. */
export interface Candidate {
  readonly plan: PrecisionPlan;
  readonly thresholds: Readonly<Record<string, number>>;
}

/**
 * The output error of each candidate on these images. If the sizes of all outputs depend on the data, the answers of
 * the task are compared instead.
 * @returns null if neither can be compared
 */
export async function outputCosts(
  trials: Trials,
  candidates: readonly Candidate[],
  at: readonly number[],
  outputNames: readonly string[],
): Promise<OutputCost[] | null> {
  const answers = await trials.run(candidates, at);
  if (!hasOutputs(trials)) {
    if (!trials.task || trials.task.kind === 'custom') return null;
    const costs: OutputCost[] = [];
    for (const own of answers) costs.push(answerCost(await qualityOf(trials, at, own)));
    return costs;
  }
  return candidates.map((_, i) => outputCost(trials, at, answers[i] ?? [], outputNames));
}

/** The disagreement of the answers with FP32's, in the worst group. */
function answerCost(quality: TrialQuality): OutputCost {
  const nmse = worstNmse(quality);
  return {
    nmse,
    sqnrDb: null,
    worstGroup: quality.worstGroupNmse?.name ?? null,
    worstOutput: null,
    agreement: 100 * (1 - nmse),
  };
}

/**
 * The error of the worst output in the worst group. Outputs that are all zero in FP32 are ignored, unless all outputs
 * are. Images without a group form one group if other images have groups.
 * @param answers one per entry of `at`.
 */
export function outputCost(
  trials: Pick<Trials, 'images' | 'reference' | 'varying'>,
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

/** [output, noise-to-signal ratio] over the given images, for every output that is not ignored. */
function errorsOf(
  trials: Pick<Trials, 'reference' | 'varying'>,
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
  const compared = sums.filter(({ output }) => trials.varying?.has(output) !== true);
  const known = compared.filter(({ signal }) => signal > 0);
  if (known.length > 0) return known.map(({ output, noise, signal }) => [output, noise / signal]);
  return compared.map(({ output, noise }) => [output, noise > 0 ? Number.POSITIVE_INFINITY : 0]);
}

/**
 * The single methods sorted by error, with the loss of each against the best; equally good ones in the order of
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
 * The number of images per group for the choice: 64 (128 in total with fewer than two groups), limited to half a
 * gigabyte of memory but at least 4.
 */
export function wantedPerGroup(groups: number, bytesPerImage: number): number {
  const count = Math.max(1, groups);
  const most = Math.min(IMAGES_AT_MOST, MAX_BYTES / Math.max(1, bytesPerImage));
  return Math.max(
    MIN_A_GROUP,
    Math.min(Math.max(IMAGES_A_GROUP, Math.ceil(IMAGES_AT_LEAST / count)), Math.floor(most / count)),
  );
}

/**
 * Whether a choice among `candidates` models on this number of images takes at most a fifth of the work of the
 * collection, or little. Work is counted and not time, so that a busy machine chooses on the same images as an idle
 * one.
 * @param macs multiply-accumulates of the model for an image
 * @param collected number of images that were collected
 */
export function isChoiceAffordable(
  images: number,
  { candidates, macs, collected }: { readonly candidates: number; readonly macs: number; readonly collected: number },
): boolean {
  const work = images * (1 + TRIAL_TO_FP32 * candidates) * macs;
  return work <= Math.max(MIN_MACS, WORK_SHARE * COLLECTION_TO_FP32 * collected * macs);
}

/**
 * The number of images per group, followed by the alternatives if that is too much work: half, a quarter and so on, at
 * least 4.
 */
export function imageLevels(perGroup: number): number[] {
  const levels = [perGroup];
  for (let level = perGroup; level > MIN_A_GROUP; levels.push(level))
    level = Math.max(MIN_A_GROUP, Math.floor(level / 2));
  return levels;
}
