import { BIN_COUNT, binWidthOf, type TensorHistogram } from '../../../src-shared/domain/histograms/histogram';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';

/**
 * The intervals for which counts are shown: interval i is [edge + i * width, edge + (i + 1) * width), in real units.
 */
export interface CountScale {
  readonly widthReal: number;
  readonly edgeReal: number;
  /** True if the intervals are the levels of 8-bit images; false if they are bins of the histogram. */
  readonly isLevels: boolean;
}

export function binScale(histogram: Pick<TensorHistogram, 'exponent'>): CountScale {
  return { widthReal: binWidthOf(histogram), edgeReal: 0, isLevels: false };
}

/** The least width of a level in bins; bins cannot resolve narrower levels. */
const LEAST_LEVEL_BINS = 2;
/** The number of candidate positions for the edges between levels. */
const PHASES = 24;

/** The scales of |x| and of x with its sign. */
export interface CountScales {
  readonly magnitude: CountScale;
  readonly signed: CountScale;
}

/** @param preprocessing the preprocessing that produced the tensor from images; null for any other tensor. */
export function countScales(
  histogram: TensorHistogram,
  preprocessing: Pick<Preprocessing, 'scale' | 'std'> | null,
): CountScales {
  const bins = binScale(histogram);
  const of = (isSigned: boolean): CountScale =>
    preprocessing === null ? bins : (levelScale(histogram, preprocessing, isSigned) ?? bins);
  return { magnitude: of(false), signed: of(true) };
}

/**
 * The scale of an input that was made from 8-bit images: (pixel * scale - mean) / std takes 256 values per channel, and
 * the bins between them are empty. Null if the histogram does not have such a comb shape: the data is different, or the
 * bins are wider than the levels.
 */
function levelScale(
  histogram: TensorHistogram,
  { scale, std }: Pick<Preprocessing, 'scale' | 'std'>,
  isSigned: boolean,
): CountScale | null {
  const widthReal = Math.max(...std.map((value) => Math.abs(scale / value)));
  const binWidth = binWidthOf(histogram);
  if (!Number.isFinite(widthReal) || widthReal < LEAST_LEVEL_BINS * binWidth || !isComb(histogram)) return null;
  return { widthReal, edgeReal: clearestEdge(histogram, widthReal, isSigned), isLevels: true };
}

/** True if most of the values lie in bins whose two neighbours are nearly empty. */
function isComb({ positive, negative }: TensorHistogram): boolean {
  let all = 0;
  let alone = 0;
  for (const side of [positive, negative]) {
    for (let bin = 0; bin < BIN_COUNT; bin += 1) {
      const count = side[bin] ?? 0;
      if (count === 0) continue;
      all += count;
      if (Math.max(side[bin - 1] ?? 0, side[bin + 1] ?? 0) < count / 10) alone += count;
    }
  }
  return alone > all / 2;
}

/**
 * The position of the edges, one level apart, that has the fewest values near it, so that no level is split between two
 * intervals.
 */
function clearestEdge(histogram: TensorHistogram, widthReal: number, isSigned: boolean): number {
  const binWidth = binWidthOf(histogram);
  const counts = new Float64Array(PHASES);
  const add = (side: Float64Array, sign: 1 | -1): void => {
    for (const [bin, count] of side.entries()) {
      if (count === 0) continue;
      const share = (sign * (bin + 0.5) * binWidth) / widthReal;
      const phase = Math.floor((share - Math.floor(share)) * PHASES) % PHASES;
      counts[phase] = (counts[phase] ?? 0) + count;
    }
  };
  add(histogram.positive, 1);
  add(histogram.negative, isSigned ? -1 : 1);
  const near = (phase: number): number =>
    [-2, -1, 0, 1].reduce((sum, by) => sum + (counts[(phase + by + PHASES) % PHASES] ?? 0), 0);
  // Positions that are half a level from zero are tried first and win ties, because most images have a level at zero.
  const order = Array.from({ length: PHASES }, (_, i) => (i + PHASES / 2) % PHASES);
  const best = order.reduce((found, phase) => (near(phase) < near(found) ? phase : found));
  return (best / PHASES) * widthReal - (best === 0 ? 0 : widthReal);
}

/** The number of values in interval `index`: of |x|, or of x if signed. */
export function countIn(histogram: TensorHistogram, scale: CountScale, index: number, isSigned: boolean): number {
  const binWidth = binWidthOf(histogram);
  const binAt = (edge: number): number => Math.ceil((scale.edgeReal + edge * scale.widthReal) / binWidth - 0.5);
  const least = isSigned ? -BIN_COUNT : 0;
  let sum = 0;
  for (let bin = Math.max(least, binAt(index)); bin < Math.min(BIN_COUNT, binAt(index + 1)); bin += 1)
    sum += countAt(histogram, bin, isSigned);
  return sum;
}

/** The number of values in a bin. Bin -1 of a signed histogram is the first bin below zero. */
function countAt(histogram: TensorHistogram, bin: number, isSigned: boolean): number {
  if (!isSigned) return (histogram.positive[bin] ?? 0) + (histogram.negative[bin] ?? 0);
  return (bin >= 0 ? histogram.positive[bin] : histogram.negative[-1 - bin]) ?? 0;
}

/** The index of the interval that contains a value. */
export function intervalOf(scale: CountScale, valueReal: number): number {
  return Math.floor((valueReal - scale.edgeReal) / scale.widthReal);
}

/** The lower edge of interval `index`, real units. */
export function edgeOf(scale: CountScale, index: number): number {
  return scale.edgeReal + index * scale.widthReal;
}
