import { BIN_COUNT, type HistogramContent } from './histogram';

/**
 * Drift: the distance between the values of some images and those of the calibration set, in standard deviations
 * between single images of that set.
 *
 * Per tensor, F_i is the cumulative distribution of the values of image i, F their mean, G the mean of the other
 * images, and |F - G|^2 the integral of the squared difference (Cramer's distance, half of Szekely's energy distance).
 * The spread s^2 = E|F_i - F|^2 is estimated from folds of the calibration set: |F_fold - F|^2 is s^2 / m for m images.
 * For n other images with the same distribution, |G - F|^2 / s^2 has the mean 1/n + 1/N, so that d^2 = |G - F|^2 / s^2
 * - (1/n + 1/N) has the mean 0, does not grow with n or N, and is an effect size like Cohen's d. For a set of tensors,
 * the ratios are averaged, so that the result is the root mean square of d.
 */
export interface DriftReference {
  /** Group of the calibration set; null: the whole set. */
  readonly group: string | null;
  readonly images: number;
  /** Mean cumulative shares. */
  readonly shares: Float64Array;
  /** s^2 in units of the bin width; 0 if the images do not differ. */
  readonly spread: number;
}

/** Some images of one group of the calibration set, with their common histogram. */
export interface Fold {
  readonly group: string | null;
  readonly images: number;
  readonly shares: Float64Array;
}

/**
 * The 95th percentile of chi-squared with one degree of freedom. Under equal distributions the ratio is a weighted sum
 * of such variables with weights that sum to 1/n + 1/N; a single weight is the case with the longest tail.
 */
const NOISE_QUANTILE = 3.84;
/** Groups of fewer images are not used as a reference of their own, because their spread is unknown. */
const MIN_REFERENCE_IMAGES = 4;
/** Squared differences of shares below this are rounding errors. */
const TINY = 1e-12;

/**
 * Shares (0..1) of finite values below the upper edges of 2 * BIN_COUNT signed bins on the grid of `exponent` (at least
 * the histogram's): negative bins from the largest magnitude on, then positive ones. Exact zeros count to the first
 * positive bin.
 */
export function cumulativeShares(histogram: HistogramContent, exponent: number): Float64Array {
  const shares = new Float64Array(2 * BIN_COUNT);
  const finite = histogram.elementCount - histogram.nanCount - histogram.infinityCount;
  if (finite === 0) return shares;
  const step = 2 ** (exponent - histogram.exponent);
  for (let i = 0; i < BIN_COUNT; i += 1) {
    const bin = Math.floor(i / step);
    shares[BIN_COUNT + bin] = (shares[BIN_COUNT + bin] ?? 0) + (histogram.positive[i] ?? 0);
    shares[BIN_COUNT - 1 - bin] = (shares[BIN_COUNT - 1 - bin] ?? 0) + (histogram.negative[i] ?? 0);
  }
  shares[BIN_COUNT] = (shares[BIN_COUNT] ?? 0) + histogram.zeroCount;
  let sum = 0;
  for (let i = 0; i < shares.length; i += 1) {
    sum += shares[i] ?? 0;
    shares[i] = sum / finite;
  }
  return shares;
}

/** Sum of squared differences: Cramer's distance in units of the bin width. */
export function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return sum;
}

/**
 * The whole set, and each of its groups if there are several: images that are like one known group are covered,
 * although they differ from the mixture. Folds must share one grid. The spread of the whole set is the sum of those
 * within and between the groups.
 */
export function driftReferences(folds: readonly Fold[]): readonly DriftReference[] {
  const names = [...new Set(folds.map(({ group }) => group))];
  const groups = names.map((group) =>
    referenceOf(
      group,
      folds.filter((fold) => fold.group === group),
    ),
  );
  const images = groups.reduce((sum, group) => sum + group.images, 0);
  const shares = meanShares(groups);
  const spread = groups.reduce(
    (sum, group) => sum + (group.images / images) * (group.spread + squaredDistance(group.shares, shares)),
    0,
  );
  const whole: DriftReference = { group: null, images, shares, spread };
  return names.length < 2 ? [whole] : [whole, ...groups.filter((group) => group.images >= MIN_REFERENCE_IMAGES)];
}

function referenceOf(group: string | null, folds: readonly Fold[]): DriftReference {
  const shares = meanShares(folds);
  const images = folds.reduce((sum, fold) => sum + fold.images, 0);
  const scatter = folds.reduce((sum, fold) => sum + fold.images * squaredDistance(fold.shares, shares), 0);
  return { group, images, shares, spread: folds.length < 2 ? 0 : scatter / (folds.length - 1) };
}

function meanShares(parts: readonly { readonly images: number; readonly shares: Float64Array }[]): Float64Array {
  const images = parts.reduce((sum, part) => sum + part.images, 0);
  const mean = new Float64Array(parts[0]?.shares.length ?? 0);
  for (const part of parts) {
    const weight = part.images / images;
    for (let i = 0; i < mean.length; i += 1) mean[i] = (mean[i] ?? 0) + weight * (part.shares[i] ?? 0);
  }
  return mean;
}

/** |G - F|^2 / s^2 of one tensor; null if the calibration images do not differ, because then there is no unit. */
export function driftRatio(reference: DriftReference, shares: Float64Array): number | null {
  return reference.spread > TINY ? squaredDistance(reference.shares, shares) / reference.spread : null;
}

/** Mean over the tensors with a ratio; null if no tensor has one. */
export function meanRatio(ratios: readonly (number | null)[]): number | null {
  const known = ratios.filter((ratio) => ratio !== null);
  return known.length === 0 ? null : known.reduce((sum, ratio) => sum + ratio, 0) / known.length;
}

/**
 * Drift from the mean of the ratios of some tensors (or the ratio of one).
 * @param images N of the reference and n of the images that are compared with it.
 */
export function driftFromRatio(
  ratio: number,
  images: { readonly reference: number; readonly field: number },
): { readonly drift: number; readonly driftAtLeast: number } {
  const noise = 1 / images.reference + 1 / images.field;
  return {
    drift: Math.sqrt(Math.max(0, ratio - noise)),
    driftAtLeast: Math.sqrt(Math.max(0, ratio - NOISE_QUANTILE * noise)),
  };
}
