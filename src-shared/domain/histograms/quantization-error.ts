import { foldHistogram, upperEdgeInBins, type FoldedHistogram } from './folded-histogram';
import type { HistogramContent } from './histogram';

/** Largest quantized magnitude of symmetric INT8 with zero point 0. */
const LEVELS = 127;
/** Quantization steps longer than this many bins resolve single levels. */
const FINE_STEP = 2;

/** Mean squared errors in real units squared, over all finite values, zeros included. */
export interface QuantizationError {
  readonly roundingMse: number;
  readonly clippingMse: number;
  /** Share (0..1) of the finite values whose |x| lies above the threshold. */
  readonly clippedFraction: number;
}

export interface ThresholdQuality extends QuantizationError {
  /** 10 log10(mean x^2 / mean squared error), higher is better; +infinity without an error (a tensor of zeros, for example). */
  readonly sqnrDb: number;
  /** Distinct quantized values that occur, at most 255. */
  readonly levelsUsed: number;
}

/**
 * Error of any threshold T from sums over bins, about 130 steps each. Values spread evenly inside a bin. With s = T/127:
 * bins at least half of s wide take the rounding error s^2/12 a value, narrower ones lie as a whole on the level nearest
 * to their centre; above T the error is (|x| - T)^2; the bin that T cuts is split. Same operations in the same order as
 * the native addon, hence the same bits.
 */
export interface ErrorModel {
  readonly folded: FoldedHistogram;
  /** Mean of x^2, real units squared. */
  readonly signalPower: number;
  /** Sums over the bins before i, and over the bins from i on (added from the top, so that a thin tail keeps its digits). */
  readonly below: Moments;
  readonly above: Moments;
}

/** Sums of count, count * E[x] and count * E[x^2], in units of the bin width; one entry more than there are bins. */
interface Moments {
  readonly count: Float64Array;
  readonly first: Float64Array;
  readonly second: Float64Array;
}

function createMoments(length: number): Moments {
  return { count: new Float64Array(length), first: new Float64Array(length), second: new Float64Array(length) };
}

/** entry `to` = entry `from` + `count` values spread evenly over [low, high]. */
function accumulate(
  moments: Moments,
  to: number,
  from: number,
  part: { count: number; low: number; high: number },
): void {
  const centre = (part.low + part.high) / 2;
  const width = part.high - part.low;
  moments.count[to] = (moments.count[from] ?? 0) + part.count;
  moments.first[to] = (moments.first[from] ?? 0) + part.count * centre;
  moments.second[to] = (moments.second[from] ?? 0) + part.count * (centre * centre + (width * width) / 12);
}

export function createErrorModel(folded: FoldedHistogram): ErrorModel {
  const bins = folded.counts.length;
  const below = createMoments(bins + 1);
  const above = createMoments(bins + 1);
  const partOf = (i: number): { count: number; low: number; high: number } => ({
    count: folded.counts[i] ?? 0,
    low: i,
    high: upperEdgeInBins(folded, i),
  });
  for (let i = 0; i < bins; i += 1) accumulate(below, i + 1, i, partOf(i));
  for (let i = bins - 1; i >= 0; i -= 1) accumulate(above, i, i + 1, partOf(i));
  const power = (above.second[0] ?? 0) * (folded.binWidthReal * folded.binWidthReal);
  return { folded, below, above, signalPower: folded.finiteCount > 0 ? power / folded.finiteCount : 0 };
}

function squaredDistance(count: number, first: number, second: number, point: number): number {
  return Math.max(0, second - 2 * point * first + point * point * count);
}

function roundingOfWholeBins(below: Moments, end: number, step: number): number {
  const { count, first, second } = below;
  let sum = 0;
  let begin = 0;
  for (let k = 0; k <= LEVELS && begin < end; k += 1) {
    // Bins below `next` have their centre below (k + 1/2) steps.
    const next = k === LEVELS ? end : Math.min(end, Math.ceil((k + 0.5) * step - 0.5));
    const values = (count[next] ?? 0) - (count[begin] ?? 0);
    if (values > 0) {
      sum += squaredDistance(
        values,
        (first[next] ?? 0) - (first[begin] ?? 0),
        (second[next] ?? 0) - (second[begin] ?? 0),
        k * step,
      );
    }
    begin = next;
  }
  return sum;
}

/** The part of the cut bin below the threshold, as its own uniform piece [low, high]. */
function roundingOfPiece(count: number, low: number, high: number, step: number): number {
  const centre = (low + high) / 2;
  const width = high - low;
  const level = Math.min(LEVELS, Math.floor(centre / step + 0.5));
  return squaredDistance(count, count * centre, count * (centre * centre + (width * width) / 12), level * step);
}

/** Error of `thresholdReal` > 0; zeros for a histogram without bins. */
export function errorAt(model: ErrorModel, thresholdReal: number): QuantizationError {
  const { folded, below, above } = model;
  const last = folded.counts.length - 1;
  if (last < 0) return { roundingMse: 0, clippingMse: 0, clippedFraction: 0 };
  const top = thresholdReal / folded.binWidthReal;
  const step = top / LEVELS;
  // The bin that the threshold cuts (or the last bin, which it may leave whole).
  const cut = top < last ? Math.floor(top) : last;
  const high = upperEdgeInBins(folded, cut);
  const cutCount = folded.counts[cut] ?? 0;
  const kept = top >= high ? cutCount : cutCount * ((top - cut) / (high - cut));
  const lost = cutCount - kept;

  const rounding =
    step > FINE_STEP
      ? roundingOfWholeBins(below, cut, step) + roundingOfPiece(kept, cut, Math.min(high, top), step)
      : (((below.count[cut] ?? 0) + kept) * (step * step)) / 12;
  const lostDistance = high - top;
  const aboveCount = above.count[cut + 1] ?? 0;
  const clipping =
    (lost > 0 ? (lost * (lostDistance * lostDistance)) / 3 : 0) +
    squaredDistance(aboveCount, above.first[cut + 1] ?? 0, above.second[cut + 1] ?? 0, top);
  const scale = (folded.binWidthReal * folded.binWidthReal) / folded.finiteCount;
  return {
    roundingMse: rounding * scale,
    clippingMse: clipping * scale,
    clippedFraction: (lost + aboveCount) / folded.finiteCount,
  };
}

/** Marks the levels that the occupied bins of one side reach, and returns how many there are above level 0. */
function markLevels(bins: Float64Array, step: number): { readonly above: number; readonly hasZero: boolean } {
  const used = new Uint8Array(LEVELS + 1);
  const isFine = step > FINE_STEP;
  for (const [i, count] of bins.entries()) {
    if (count === 0) continue;
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
 * What clipping at `thresholdReal` (finite, >= 0; 0 clips everything) and rounding to INT8 does to the tensor. Takes well
 * under a millisecond, for use while a person drags.
 */
export function evaluateThreshold(histogram: HistogramContent, thresholdReal: number): ThresholdQuality {
  const folded = foldHistogram(histogram);
  if (folded.counts.length === 0) {
    const levelsUsed = folded.finiteCount > 0 ? 1 : 0;
    return { roundingMse: 0, clippingMse: 0, clippedFraction: 0, sqnrDb: Number.POSITIVE_INFINITY, levelsUsed };
  }
  const model = createErrorModel(folded);
  const step = thresholdReal / folded.binWidthReal / LEVELS;
  const error = step > 0 ? errorAt(model, thresholdReal) : everythingClipped(model);
  const levelsUsed = step > 0 ? countLevels(histogram, step) : 1;
  const total = error.roundingMse + error.clippingMse;
  return {
    ...error,
    sqnrDb: total > 0 ? 10 * Math.log10(model.signalPower / total) : Number.POSITIVE_INFINITY,
    levelsUsed,
  };
}

function everythingClipped(model: ErrorModel): QuantizationError {
  const { finiteCount, zeroCount } = model.folded;
  return { roundingMse: 0, clippingMse: model.signalPower, clippedFraction: (finiteCount - zeroCount) / finiteCount };
}

export interface MseSearch {
  /** The candidate of the smallest error; of equals the largest. 0 for a histogram without bins. */
  readonly thresholdReal: number;
  /** Candidates, ascending, and their mean squared errors (rounding + clipping), real units squared. */
  readonly thresholdsReal: Float64Array;
  readonly errors: Float64Array;
}

/** Mean squared error at the upper edges of bins n/16 .. n (the last one is amax). */
export function searchMse(folded: FoldedHistogram): MseSearch {
  const model = createErrorModel(folded);
  const bins = folded.counts.length;
  const first = Math.max(1, Math.floor((bins + 15) / 16));
  const candidates = bins === 0 ? 0 : bins - first + 1;
  const thresholdsReal = new Float64Array(candidates);
  const errors = new Float64Array(candidates);
  let best = { thresholdReal: 0, error: Number.POSITIVE_INFINITY };
  for (let c = 0; c < candidates; c += 1) {
    const i = first + c;
    const thresholdReal = i === bins ? folded.amaxReal : i * folded.binWidthReal;
    const { roundingMse, clippingMse } = errorAt(model, thresholdReal);
    const error = roundingMse + clippingMse;
    thresholdsReal[c] = thresholdReal;
    errors[c] = error;
    if (error <= best.error) best = { thresholdReal, error };
  }
  return { thresholdReal: best.thresholdReal, thresholdsReal, errors };
}
