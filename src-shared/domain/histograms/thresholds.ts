import { ENTROPY_BINS, ENTROPY_LEVELS, entropyBins, entropyIndex, searchEntropy } from './entropy-search';
import { foldHistogram, type FoldedHistogram } from './folded-histogram';
import type { HistogramContent } from './histogram';
import { mseThreshold } from './quantization-error';

/** The largest quantized magnitude: scale = threshold / 127. */
const LEVELS = 127;
/** 2^-126, the smallest normal float32: the scale of a tensor (or channel) that holds only zeros. */
export const SMALLEST_SCALE = 2 ** -126;

/** The float32 quantization scale of a threshold in real units: T/127, never below the smallest normal number. */
export function scaleOfThreshold(thresholdReal: number): number {
  return Math.max(SMALLEST_SCALE, Math.fround(thresholdReal / LEVELS));
}

/** Thresholds in real units, all at most the largest |x|. All are 0 for a tensor without a finite value except 0. */
export interface Thresholds {
  readonly minmax: number;
  readonly entropy: number;
  /** Number of the 2048 bins that the entropy search kept (i*), 128 to 2048; null if there was nothing to search. */
  readonly entropyIndex: number | null;
  /** In the order of the requested percentiles. */
  readonly percentiles: readonly number[];
  readonly mse: number;
}

/**
 * The value that `percent` (0 < percent <= 100) of all |x|, including zeros, do not exceed: interpolated linearly
 * inside the bin where the cumulative count reaches it, with zeros added to the first bin; at most amax.
 */
export function percentileThreshold(folded: FoldedHistogram, percent: number): number {
  const target = (folded.finiteCount * percent) / 100;
  let before = 0;
  for (let i = 0; i < folded.counts.length; i += 1) {
    const count = (folded.counts[i] ?? 0) + (i === 0 ? folded.zeroCount : 0);
    if (count > 0 && before + count >= target) {
      return Math.min(folded.amaxReal, (i + (target - before) / count) * folded.binWidthReal);
    }
    before += count;
  }
  return folded.amaxReal;
}

/** The curve of the entropy search, for a plot. */
export interface EntropyCurve {
  readonly thresholdReal: number;
  readonly index: number;
  /** (i + 1/2) bins for i = 128 .. 2048, at most amax. */
  readonly thresholdsReal: Float64Array;
  /** Kullback-Leibler divergence in nats; +infinity if a candidate is impossible. */
  readonly divergences: Float64Array;
}

/**
 * The curve of the entropy search, with the threshold T = (i* + 1/2) bins of width amax/2048, at most amax. Null for a
 * tensor without a finite value except 0.
 */
export function entropyCurve(folded: FoldedHistogram): EntropyCurve | null {
  const search = searchEntropy(entropyBins(folded));
  if (search === null) return null;
  return {
    thresholdReal: entropyThresholdOf(folded, search.index),
    index: search.index,
    thresholdsReal: search.divergences.map((_, c) => entropyThresholdOf(folded, c + ENTROPY_LEVELS)),
    divergences: search.divergences,
  };
}

function entropyThresholdOf({ amaxReal }: FoldedHistogram, index: number): number {
  return Math.min(amaxReal, (index + 0.5) * (amaxReal / ENTROPY_BINS));
}

/** The threshold of entropyCurve without its curve, in a fraction of the time; null as there. */
export function entropyThreshold(folded: FoldedHistogram): Pick<EntropyCurve, 'thresholdReal' | 'index'> | null {
  const index = entropyIndex(entropyBins(folded));
  return index === null ? null : { thresholdReal: entropyThresholdOf(folded, index), index };
}

/** The thresholds of every method that needs only the histogram. */
export function thresholdsOf(histogram: HistogramContent, percentiles: readonly number[]): Thresholds {
  const folded = foldHistogram(histogram);
  const entropy = entropyThreshold(folded);
  return {
    minmax: folded.amaxReal,
    entropy: entropy?.thresholdReal ?? 0,
    entropyIndex: entropy?.index ?? null,
    percentiles: percentiles.map((percent) => percentileThreshold(folded, percent)),
    mse: mseThreshold(folded),
  };
}
