/**
 * The streaming histogram of one tensor: fixed memory, independent of the order of values, of threads and of sharding.
 *
 * Range R = 2^exponent, bin width w = R / BIN_COUNT, bin i contains |x| in [i*w, (i+1)*w). Values are split by sign;
 * exact zeros, NaN and infinities are counted separately and never enter a bin. The exponent only grows, and each
 * increment merges adjacent bins in pairs, so that the counts depend on the multiset of values alone.
 */
export const BIN_COUNT = 4096;
/** Smallest exponent: R >= 2^-24. */
export const MIN_EXPONENT = -24;
/** Largest exponent; values at or above 2^127 fall into the last bin. */
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
  /** Number of all values, including zeros, NaN and infinities. */
  readonly elementCount: number;
  /** Smallest and largest finite value (float32 exact); 0 if no finite value was seen. */
  readonly min: number;
  readonly max: number;
}

/** max(|min|, |max|) in real units; 0 if no finite value was seen. */
export function amaxOf(histogram: Pick<TensorHistogram, 'min' | 'max'>): number {
  return Math.max(Math.abs(histogram.min), Math.abs(histogram.max));
}

/** Width of one bin in real units. */
export function binWidthOf(histogram: Pick<TensorHistogram, 'exponent'>): number {
  return 2 ** histogram.exponent / BIN_COUNT;
}

/** A histogram without its name, for counting, merging and encoding. */
export type HistogramContent = Omit<TensorHistogram, 'name'>;

/**
 * The exponent of a histogram whose largest |x| is `amax` (finite): the smallest exponent within the limits for which
 * amax < 2^exponent.
 */
export function exponentFor(amax: number): number {
  if (amax === 0) return MIN_EXPONENT;
  let log2 = Math.floor(Math.log2(amax));
  // Rounding of the logarithm may cross a power of two.
  if (2 ** log2 > amax) log2 -= 1;
  if (2 ** (log2 + 1) <= amax) log2 += 1;
  return Math.min(MAX_EXPONENT, Math.max(MIN_EXPONENT, log2 + 1));
}

/** The bin of |x| = `magnitude` in a histogram whose `exponent` is large enough for it. */
export function binOf(magnitude: number, exponent: number): number {
  return Math.min(BIN_COUNT - 1, Math.floor(magnitude / binWidthOf({ exponent })));
}

/**
 * A summary of a tensor's values without the histogram: smallest and largest over the calibration set, real units, and
 * for tensors of small values the share that FP16 would round coarsely, see subnormalShareOf.
 */
export type TensorRange = readonly [min: number, max: number, subnormalShare?: number];
/** By tensor. */
export type TensorRanges = Readonly<Record<string, TensorRange>>;

/** log2 of the smallest normal half-precision number: values below 2^-14 are spaced by 2^-24. */
const HALF_NORMAL_EXPONENT = -14;

/**
 * Share (0 to 1) of the nonzero values that are certainly below 2^-14. Bins are equal steps of the range, so that the
 * share is 0 for a tensor in which some |x| is 2^-2 or more: its first bin contains values below and above 2^-14, and
 * 2^-14 is negligible compared with 2^-2.
 */
export function subnormalShareOf(histogram: Pick<TensorHistogram, 'exponent' | 'positive' | 'negative'>): number {
  const bins = 2 ** HALF_NORMAL_EXPONENT / binWidthOf(histogram);
  if (bins < 1) return 0;
  const count = (counts: Float64Array): number => counts.reduce((sum, each) => sum + each, 0);
  const below = count(histogram.positive.slice(0, bins)) + count(histogram.negative.slice(0, bins));
  const all = count(histogram.positive) + count(histogram.negative);
  return all === 0 ? 0 : below / all;
}
