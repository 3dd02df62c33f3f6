/**
 * The streaming histogram of one tensor: fixed memory, independent of the order of values, of threads and of sharding.
 *
 * Range R = 2^exponent, bin width w = R / BIN_COUNT, bin i holds |x| in [i*w, (i+1)*w). Values are split by sign;
 * exact zeros, NaN and infinities are counted apart and never enter a bin. The exponent only grows, and growing by one
 * merges neighbouring bins in pairs, so the counts depend on the multiset of values alone.
 */
export const BIN_COUNT = 4096;
/** The exponent never falls below this: R >= 2^-24. */
export const MIN_EXPONENT = -24;
/** The exponent never exceeds this; values at or above 2^127 fall into the last bin. */
export const MAX_EXPONENT = 127;

export interface TensorHistogram {
  /** Tensor name. */
  readonly name: string;
  readonly exponent: number;
  /** Counts of x > 0, BIN_COUNT entries; integers, exact below 2^53. */
  readonly positive: Float64Array;
  /** Counts of x < 0 by |x|, BIN_COUNT entries. */
  readonly negative: Float64Array;
  readonly zeroCount: number;
  readonly nanCount: number;
  readonly infinityCount: number;
  /** All values seen, zeros, NaN and infinities included. */
  readonly elementCount: number;
  /** Smallest and largest finite value (float32 exact); 0 when no finite value was seen. */
  readonly min: number;
  readonly max: number;
}

/** max(|min|, |max|) in real units; 0 when nothing finite was seen. */
export function amaxOf(histogram: Pick<TensorHistogram, 'min' | 'max'>): number {
  return Math.max(Math.abs(histogram.min), Math.abs(histogram.max));
}

/** Width of one bin in real units. */
export function binWidthOf(histogram: Pick<TensorHistogram, 'exponent'>): number {
  return 2 ** histogram.exponent / BIN_COUNT;
}

/** A histogram without its name: what counting, merging and encoding work on. */
export type HistogramContent = Omit<TensorHistogram, 'name'>;

/**
 * The exponent of a histogram whose largest |x| is `amax` (finite): the smallest exponent within the limits for which
 * amax < 2^exponent.
 */
export function exponentFor(amax: number): number {
  if (amax === 0) return MIN_EXPONENT;
  let log2 = Math.floor(Math.log2(amax));
  // The logarithm may be rounded across a power of two.
  if (2 ** log2 > amax) log2 -= 1;
  if (2 ** (log2 + 1) <= amax) log2 += 1;
  return Math.min(MAX_EXPONENT, Math.max(MIN_EXPONENT, log2 + 1));
}

/** The bin of |x| = `magnitude` in a histogram of `exponent`, which must fit it. */
export function binOf(magnitude: number, exponent: number): number {
  return Math.min(BIN_COUNT - 1, Math.floor(magnitude / binWidthOf({ exponent })));
}

/**
 * What is said of a tensor's values without its histogram: smallest and largest over the calibration set, real units,
 * and for tensors of small values the part of them that FP16 would round coarsely, see subnormalShareOf.
 */
export type TensorRange = readonly [min: number, max: number, subnormalShare?: number];
/** By tensor. */
export type TensorRanges = Readonly<Record<string, TensorRange>>;

/** log2 of the smallest normal half-precision number: below 2^-14 values are 2^-24 apart. */
const HALF_NORMAL_EXPONENT = -14;

/**
 * Part (0 to 1) of the values other than 0 that are certainly below 2^-14. Bins are equal steps of the range, so that
 * it is 0 for a tensor of which some |x| is 2^-2 or more: its first bin holds smaller and larger values alike, and
 * 2^-14 is nothing beside 2^-2.
 */
export function subnormalShareOf(histogram: Pick<TensorHistogram, 'exponent' | 'positive' | 'negative'>): number {
  const bins = 2 ** HALF_NORMAL_EXPONENT / binWidthOf(histogram);
  if (bins < 1) return 0;
  const count = (counts: Float64Array): number => counts.reduce((sum, each) => sum + each, 0);
  const below = count(histogram.positive.slice(0, bins)) + count(histogram.negative.slice(0, bins));
  const all = count(histogram.positive) + count(histogram.negative);
  return all === 0 ? 0 : below / all;
}
