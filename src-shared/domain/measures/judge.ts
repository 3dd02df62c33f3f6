import {
  boolean,
  count,
  type InferOutput,
  list,
  nullable,
  number,
  object,
  optional,
  pair,
  record,
  string,
  yes,
} from '../../base/schema';
import { setOwnValue } from '../../base/records';
import { createRandom } from '../random';
import { BOOTSTRAP_SEED, comparePaired, FEW_IMAGES, mcnemarExactP } from '../statistics';
import { type Measure, measureSchema } from '../tasks/measure';

/** The value of the measure for one class, in the unit of the measure. */
export interface ClassValue {
  readonly label: number;
  readonly value: number;
  /** What was counted: objects, pixels, images. */
  readonly truths: number;
}

/**
 * The records of one variant on a set of images, ready to be summed over any selection of them. All tasks offer this,
 * so that groups, intervals and comparisons are computed by the same code.
 */
export interface MeasuredSet {
  readonly name: string;
  readonly higherIsBetter: boolean;
  /** One entry per image of the set: whether it counts. */
  readonly counts: readonly boolean[];
  /**
   * The measure over a selection of images; NaN if it is undefined there, for example without any object.
   * @param weights how often each image of the set counts; images that do not count have no effect.
   */
  readonly valueOf: (weights: ArrayLike<number>) => number;
  /** Classes that occur in the truth, ascending; empty if the measure has none. */
  readonly classes: () => readonly ClassValue[];
  /** Per image, higher is better, for sorting and for the paired test; NaN where the image alone has no score. */
  readonly imageScores: () => ArrayLike<number>;
  /** True if the measure is the percentage of images whose score is 100 and not 0. */
  readonly isShareOfImages?: boolean;
}

export const measureDifferenceSchema = object({
  /** Variant minus FP32, in the unit of the measure (points for the built-in ones). */
  value: number,
  /** 95 % interval over the choice of images: paired bootstrap. */
  interval95: pair(number, number),
  /** Images that are worse, and better, than with FP32 by their own score; omitted if single images have none. */
  worseImages: optional(count),
  betterImages: optional(count),
  /** Two-sided p of the sign test on these images (McNemar's exact test, if the score is right or wrong). */
  p: optional(number),
  /** Present (true) if fewer than 500 images were compared. */
  fewImages: optional(yes),
});
export type MeasureDifference = InferOutput<typeof measureDifferenceSchema>;

export const groupMeasureSchema = object({ images: count, value: number });
export const classMeasureSchema = object({
  label: count,
  name: optional(string),
  truths: count,
  value: number,
  fp32: optional(number),
  /** Variant minus FP32. */
  difference: optional(number),
});
export type ClassMeasure = InferOutput<typeof classMeasureSchema>;

export const judgementSchema = object({
  measure: measureSchema,
  /** Number of images that count. */
  images: count,
  /** Groups for which the measure is defined. */
  groups: record(groupMeasureSchema),
  /** The group with the worst value (ties: the first by name). */
  worstGroup: nullable(object({ name: string, value: number })),
  /** Classes that occur in the truth, ascending. */
  perClass: list(classMeasureSchema),
  /** null for FP32 itself, or if it is unknown. */
  difference: nullable(measureDifferenceSchema),
  /** Present (true) if the answers of FP32 stand for the truth, because there are no labels. */
  againstFp32: optional(boolean),
});
/** A variant judged by the measure of its task. */
export type Judgement = InferOutput<typeof judgementSchema>;

/**
 * Judges one variant.
 * @param fp32 the records of FP32 on the same images; null for FP32 itself.
 * @param groups the group of each image.
 * @returns null if the measure is undefined over the images, for example without any label.
 */
export function judge(
  variant: MeasuredSet,
  fp32: MeasuredSet | null,
  groups: readonly (string | null)[],
): Judgement | null {
  const all = selection(variant, () => true);
  const value = variant.valueOf(all);
  if (Number.isNaN(value)) return null;
  const names = [...new Set(groups.filter((name) => name !== null))].sort();
  const perGroup: Record<string, { readonly images: number; readonly value: number }> = {};
  let worst: Judgement['worstGroup'] = null;
  for (const name of names) {
    const weights = selection(variant, (image) => groups[image] === name);
    const own = variant.valueOf(weights);
    if (Number.isNaN(own)) continue;
    setOwnValue(perGroup, name, { images: sumOf(weights), value: own });
    if (worst === null || isWorse(own, worst.value, variant)) worst = { name, value: own };
  }
  return {
    measure: measureOf(variant, value),
    images: sumOf(all),
    groups: perGroup,
    worstGroup: worst,
    perClass: classMeasures(variant, fp32),
    difference: fp32 === null ? null : differenceOf(variant, fp32),
  };
}

function measureOf({ name, higherIsBetter }: MeasuredSet, value: number): Measure {
  return { name, value, higherIsBetter };
}

function isWorse(a: number, b: number, { higherIsBetter }: MeasuredSet): boolean {
  return higherIsBetter ? a < b : a > b;
}

function classMeasures(variant: MeasuredSet, fp32: MeasuredSet | null): ClassMeasure[] {
  const reference = new Map(fp32?.classes().map(({ label, value }) => [label, value]));
  return variant.classes().map(({ label, truths, value }) => {
    const own = reference.get(label);
    return { label, truths, value, ...(own === undefined ? {} : { fp32: own, difference: value - own }) };
  });
}

/** 1 for images that count and are selected, else 0. */
function selection({ counts }: MeasuredSet, isSelected: (image: number) => boolean): Float64Array {
  return Float64Array.from(counts, (own, image) => (own && isSelected(image) ? 1 : 0));
}

/**
 * Resamples of the paired bootstrap: 1,000 of up to 1,000 images, fewer of more images, down to 200, so that an
 * interval of 5,000 images takes seconds. The bounds are the values below and above which 2.5 % of the resamples lie.
 */
function resampleCount(images: number): number {
  return Math.round(Math.max(200, Math.min(1000, 1e6 / Math.max(1, images))));
}

/**
 * The difference to FP32 with its interval: the images are drawn with replacement, the same for both, and the measure
 * is computed again from the records. A fixed seed makes it repeatable. null if no image counts in both.
 * @param isSelected restricts the comparison to a part of the images, for example one group.
 */
export function differenceOf(
  variant: MeasuredSet,
  fp32: MeasuredSet,
  isSelected: (image: number) => boolean = () => true,
): MeasureDifference | null {
  const images = [...variant.counts.keys()].filter(
    (image) => variant.counts[image] === true && fp32.counts[image] === true && isSelected(image),
  );
  const weights = new Float64Array(variant.counts.length);
  for (const image of images) weights[image] = 1;
  const value = variant.valueOf(weights) - fp32.valueOf(weights);
  if (!Number.isFinite(value)) return null;
  const test = signTest(variant, fp32, images);
  const few = images.length < FEW_IMAGES ? { fewImages: true as const } : {};
  if (variant.isShareOfImages === true && test !== null) {
    const paired = comparePaired({ images: images.length, losses: test.worseImages, gains: test.betterImages });
    return { value, interval95: paired?.interval95 ?? [value, value], ...test, ...few };
  }
  const resamples = resampleCount(images.length);
  const differences: number[] = [];
  const random = createRandom(BOOTSTRAP_SEED);
  for (let resample = 0; resample < resamples; resample += 1) {
    weights.fill(0);
    for (let i = 0; i < images.length; i += 1) {
      const image = images[Math.floor(random.nextUnit() * images.length)] ?? 0;
      weights[image] = (weights[image] ?? 0) + 1;
    }
    const own = variant.valueOf(weights) - fp32.valueOf(weights);
    // A draw without any object has no value.
    if (Number.isFinite(own)) differences.push(own);
  }
  differences.sort((a, b) => a - b);
  const excluded = Math.floor(differences.length / 40);
  return {
    value,
    interval95: [
      differences[Math.max(0, excluded - 1)] ?? value,
      differences[differences.length - Math.max(1, excluded)] ?? value,
    ],
    ...test,
    ...few,
  };
}

/** Images with a score in both; null if there are none. */
function signTest(
  variant: MeasuredSet,
  fp32: MeasuredSet,
  images: readonly number[],
): { readonly worseImages: number; readonly betterImages: number; readonly p: number } | null {
  const own = variant.imageScores();
  const reference = fp32.imageScores();
  let scored = 0;
  let worse = 0;
  let better = 0;
  for (const image of images) {
    const change = (own[image] ?? Number.NaN) - (reference[image] ?? Number.NaN);
    if (Number.isNaN(change)) continue;
    scored += 1;
    if (change < 0) worse += 1;
    if (change > 0) better += 1;
  }
  return scored === 0 ? null : { worseImages: worse, betterImages: better, p: mcnemarExactP(worse, better) };
}

function sumOf(weights: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i += 1) sum += weights[i] ?? 0;
  return sum;
}
