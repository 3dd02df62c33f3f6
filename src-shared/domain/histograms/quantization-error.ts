import { foldHistogram, upperEdgeInBins, type FoldedHistogram } from './folded-histogram';
import type { HistogramContent } from './histogram';

/** Largest quantized magnitude of symmetric INT8 with zero point 0. */
const LEVELS = 127;
/** In quantization steps longer than this many bins, single levels are resolved. */
const FINE_STEP = 2;
/**
 * Relative margin; far above the rounding error of double precision, far below any relevant difference between
 * thresholds.
 */
const ENOUGH_MARGIN = 1e-9;
/** Relative; far above the rounding error of a clipping error of up to 4096 bins (5e-5). */
const CLIPPING_MARGIN = 1e-3;
/** Every candidate at this stride is evaluated first: the best of them bounds the error of all others. */
const COARSE_STRIDE = 32;

/** Mean squared errors in real units squared, over all finite values including zeros. */
export interface QuantizationError {
  readonly roundingMse: number;
  readonly clippingMse: number;
  /** Share (0..1) of the finite values whose |x| lies above the threshold. */
  readonly clippedFraction: number;
}

export interface ThresholdQuality extends QuantizationError {
  /**
   * 10 log10(mean x^2 / mean squared error), higher is better; +infinity if there is no error (for example in a tensor
   * of zeros).
   */
  readonly sqnrDb: number;
  /** Number of distinct quantized values that occur, at most 255. */
  readonly levelsUsed: number;
}

/**
 * Computes the error of any threshold T from sums over bins, in about 130 steps. Values are assumed to be uniform
 * inside a bin. With s = T/127: bins at least half of s wide have the rounding error s^2/12 per value; narrower bins
 * lie as a whole on the level nearest to their centre; above T the error is (|x| - T)^2; the bin that contains T is
 * split.
 */
export interface ErrorModel {
  readonly folded: FoldedHistogram;
  /** Mean of x^2, real units squared. */
  readonly signalPower: number;
  /**
   * Sums over the bins before i, and over the bins from i on (added from the top, so that the sums of a thin tail keep
   * their precision).
   */
  readonly below: Moments;
  readonly above: Moments;
}

/**
 * Sums over whole bins, in units of the bin width: entries 3i, 3i + 1 and 3i + 2 are the sums of count, count * E[x]
 * and count * E[x^2]. There is one triple more than there are bins. A single array keeps values that are read together
 * in one cache line.
 */
type Moments = Float64Array;

/** Sets triple `to` to triple `from` plus `count` values spread evenly over [low, high]. */
function accumulate(
  moments: Moments,
  to: number,
  from: number,
  part: { count: number; low: number; high: number },
): void {
  const centre = (part.low + part.high) / 2;
  const width = part.high - part.low;
  moments[3 * to] = at(moments, 3 * from) + part.count;
  moments[3 * to + 1] = at(moments, 3 * from + 1) + part.count * centre;
  moments[3 * to + 2] = at(moments, 3 * from + 2) + part.count * (centre * centre + (width * width) / 12);
}

/**
 * The entry of an array at an index that the caller guarantees to be within bounds. There is no check, because loops
 * over bins are time-critical.
 */
function at(values: Float64Array, index: number): number {
  return values[index] as number;
}

export function createErrorModel(folded: FoldedHistogram): ErrorModel {
  const bins = folded.counts.length;
  const below = new Float64Array(3 * (bins + 1));
  const above = new Float64Array(3 * (bins + 1));
  const partOf = (i: number): { count: number; low: number; high: number } => ({
    count: folded.counts[i] ?? 0,
    low: i,
    high: upperEdgeInBins(folded, i),
  });
  for (let i = 0; i < bins; i += 1) accumulate(below, i + 1, i, partOf(i));
  for (let i = bins - 1; i >= 0; i -= 1) accumulate(above, i, i + 1, partOf(i));
  const power = at(above, 2) * (folded.binWidthReal * folded.binWidthReal);
  return { folded, below, above, signalPower: folded.finiteCount > 0 ? power / folded.finiteCount : 0 };
}

function squaredDistance(count: number, first: number, second: number, point: number): number {
  return Math.max(0, second - 2 * point * first + point * point * count);
}

/**
 * Rounding error of the first `end` bins, in bin widths squared. Every level adds to it, so that the loop stops when
 * the sum exceeds `bound` and returns the partial sum, which is then above `bound`.
 */
function roundingOfWholeBins(below: Moments, end: number, step: number, bound: number): number {
  let sum = 0;
  let begin = 0;
  let count = 0;
  let first = 0;
  let second = 0;
  for (let k = 0; k <= LEVELS && begin < end && sum <= bound; k += 1) {
    // Bins below `next` have their centre below (k + 1/2) steps.
    const next = k === LEVELS ? end : Math.min(end, Math.ceil((k + 0.5) * step - 0.5));
    const nextCount = at(below, 3 * next);
    const nextFirst = at(below, 3 * next + 1);
    const nextSecond = at(below, 3 * next + 2);
    if (nextCount > count) sum += squaredDistance(nextCount - count, nextFirst - first, nextSecond - second, k * step);
    begin = next;
    count = nextCount;
    first = nextFirst;
    second = nextSecond;
  }
  return sum;
}

/** Rounding error of the part of the split bin below the threshold, as a uniform piece [low, high]. */
function roundingOfPiece(count: number, low: number, high: number, step: number): number {
  const centre = (low + high) / 2;
  const width = high - low;
  const level = Math.min(LEVELS, Math.floor(centre / step + 0.5));
  return squaredDistance(count, count * centre, count * (centre * centre + (width * width) / 12), level * step);
}

/**
 * Error of `thresholdReal` > 0; zeros for a histogram without bins.
 * @param enough mean squared error in real units squared. Once the error is certain to exceed it, the computation
 * stops:
 *   the sum of the two errors returned is then above `enough`, and at most the true one.
 */
export function errorAt(
  model: ErrorModel,
  thresholdReal: number,
  enough: number = Number.POSITIVE_INFINITY,
): QuantizationError {
  const { folded, below, above } = model;
  const last = folded.counts.length - 1;
  if (last < 0) return { roundingMse: 0, clippingMse: 0, clippedFraction: 0 };
  const top = thresholdReal / folded.binWidthReal;
  const step = top / LEVELS;
  // The bin that contains the threshold (or the last bin, if the threshold is at or above its upper edge).
  const cut = top < last ? Math.floor(top) : last;
  const high = upperEdgeInBins(folded, cut);
  const cutCount = at(folded.counts, cut);
  const kept = top >= high ? cutCount : cutCount * ((top - cut) / (high - cut));
  const lost = cutCount - kept;
  const lostDistance = high - top;
  const aboveCount = at(above, 3 * cut + 3);
  const clipping =
    (lost > 0 ? (lost * (lostDistance * lostDistance)) / 3 : 0) +
    squaredDistance(aboveCount, at(above, 3 * cut + 4), at(above, 3 * cut + 5), top);
  const scale = (folded.binWidthReal * folded.binWidthReal) / folded.finiteCount;
  // The margin prevents the last bits of these few operations from deciding.
  const bound = (enough / scale) * (1 + ENOUGH_MARGIN) - clipping;
  const rounding =
    step > FINE_STEP
      ? roundingOfWholeBins(below, cut, step, bound) + roundingOfPiece(kept, cut, Math.min(high, top), step)
      : ((at(below, 3 * cut) + kept) * (step * step)) / 12;
  return {
    roundingMse: rounding * scale,
    clippingMse: clipping * scale,
    clippedFraction: (lost + aboveCount) / folded.finiteCount,
  };
}

/** Marks the levels that the non-empty bins of one side reach, and returns how many of them are above level 0. */
function markLevels(bins: Float64Array, step: number): { readonly above: number; readonly hasZero: boolean } {
  const used = new Uint8Array(LEVELS + 1);
  const isFine = step > FINE_STEP;
  // An iterator would make an object of each bin, which takes longer than the rest.
  for (let i = 0; i < bins.length; i += 1) {
    if (at(bins, i) === 0) continue;
    const first = Math.min(LEVELS, Math.floor((isFine ? i + 0.5 : i) / step + 0.5));
    const last = isFine ? first : Math.min(LEVELS, Math.floor((i + 1) / step + 0.5));
    used.fill(1, first, last + 1);
  }
  let above = 0;
  for (let level = 1; level <= LEVELS; level += 1) above += used[level] ?? 0;
  return { above, hasZero: used[0] === 1 };
}

function countLevels(histogram: HistogramContent, step: number): number {
  const positive = markLevels(histogram.positive, step);
  const negative = markLevels(histogram.negative, step);
  return positive.above + negative.above + (histogram.zeroCount > 0 || positive.hasZero || negative.hasZero ? 1 : 0);
}

/**
 * The effect of clipping at `thresholdReal` (finite, >= 0; 0 clips everything) and of rounding to INT8 on the tensor.
 * Takes well under a millisecond, so that it can be called while the user drags.
 */
export function evaluateThreshold(histogram: HistogramContent, thresholdReal: number): ThresholdQuality {
  const model = createErrorModel(foldHistogram(histogram));
  return { ...qualityAt(model, thresholdReal), levelsUsed: levelsAt(histogram, model.folded, thresholdReal) };
}

/** The same without the levels, for several thresholds of one histogram. */
export function qualityAt(model: ErrorModel, thresholdReal: number): Omit<ThresholdQuality, 'levelsUsed'> {
  const step = thresholdReal / model.folded.binWidthReal / LEVELS;
  const isClipped = model.folded.counts.length > 0 && !(step > 0);
  const error = isClipped ? everythingClipped(model) : errorAt(model, thresholdReal);
  const total = error.roundingMse + error.clippingMse;
  return { ...error, sqnrDb: total > 0 ? 10 * Math.log10(model.signalPower / total) : Number.POSITIVE_INFINITY };
}

/** The SQNR of evaluateThreshold alone, without its levels. */
export function sqnrDbAt(histogram: HistogramContent, thresholdReal: number): number {
  return qualityAt(createErrorModel(foldHistogram(histogram)), thresholdReal).sqnrDb;
}

function levelsAt(histogram: HistogramContent, folded: FoldedHistogram, thresholdReal: number): number {
  if (folded.counts.length === 0) return folded.finiteCount > 0 ? 1 : 0;
  const step = thresholdReal / folded.binWidthReal / LEVELS;
  return step > 0 ? countLevels(histogram, step) : 1;
}

function everythingClipped(model: ErrorModel): QuantizationError {
  const { finiteCount, zeroCount } = model.folded;
  return { roundingMse: 0, clippingMse: model.signalPower, clippedFraction: (finiteCount - zeroCount) / finiteCount };
}

export interface MseSearch {
  /** The candidate with the smallest error; of equal candidates the largest. 0 for a histogram without bins. */
  readonly thresholdReal: number;
  /** Candidates, ascending, and their mean squared errors (rounding + clipping), real units squared. */
  readonly thresholdsReal: Float64Array;
  readonly errors: Float64Array;
}

/** The candidates of the search: upper edges of the bins n/16 .. n, ascending; the last one is amax. */
function mseCandidates({ counts, amaxReal, binWidthReal }: FoldedHistogram): Float64Array {
  const bins = counts.length;
  const first = Math.max(1, Math.floor((bins + 15) / 16));
  const candidates = new Float64Array(bins === 0 ? 0 : bins - first + 1);
  for (let c = 0; c < candidates.length; c += 1)
    candidates[c] = first + c === bins ? amaxReal : (first + c) * binWidthReal;
  return candidates;
}

/** The mean squared error of every candidate, for a plot; see mseThreshold for the threshold alone. */
export function searchMse(folded: FoldedHistogram): MseSearch {
  const model = createErrorModel(folded);
  const thresholdsReal = mseCandidates(folded);
  const errors = new Float64Array(thresholdsReal.length);
  let best = { thresholdReal: 0, error: Number.POSITIVE_INFINITY };
  for (const [c, thresholdReal] of thresholdsReal.entries()) {
    const { roundingMse, clippingMse } = errorAt(model, thresholdReal);
    const error = roundingMse + clippingMse;
    errors[c] = error;
    if (error <= best.error) best = { thresholdReal, error };
  }
  return { thresholdReal: best.thresholdReal, thresholdsReal, errors };
}

/**
 * The threshold that searchMse finds, without the curve: the evaluation of a candidate stops as soon as its error is
 * above the best one so far, and the search ends where clipping alone is above it, which takes a fraction of the time.
 */
export function mseThreshold(folded: FoldedHistogram): number {
  const model = createErrorModel(folded);
  const candidates = mseCandidates(folded);
  let best = Number.POSITIVE_INFINITY;
  let bestCandidate = -1;
  // Smaller candidates clip more.
  for (const stride of [COARSE_STRIDE, 1]) {
    for (let c = candidates.length - 1; c >= 0; c -= stride) {
      const { roundingMse, clippingMse } = errorAt(model, at(candidates, c), best);
      if (clippingMse > best * (1 + CLIPPING_MARGIN)) break;
      const error = roundingMse + clippingMse;
      if (error < best || (error === best && c > bestCandidate)) {
        best = error;
        bestCandidate = c;
      }
    }
  }
  return bestCandidate < 0 ? 0 : at(candidates, bestCandidate);
}
