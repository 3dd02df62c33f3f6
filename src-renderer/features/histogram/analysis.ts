import { ownValue } from '../../../src-shared/base/records';
import type { HistogramView } from '../../../src-shared/contract/views';
import { foldHistogram } from '../../../src-shared/domain/histograms/folded-histogram';
import {
  amaxOf,
  BIN_COUNT,
  binWidthOf,
  type HistogramContent,
  type TensorHistogram,
} from '../../../src-shared/domain/histograms/histogram';
import { mergeHistograms } from '../../../src-shared/domain/histograms/histogram-merge';
import {
  createErrorModel,
  errorAt,
  type ErrorModel,
  evaluateThreshold,
  type MseSearch,
  type QuantizationError,
  searchMse,
} from '../../../src-shared/domain/histograms/quantization-error';
import { entropyCurve, type EntropyCurve, scaleOfThreshold } from '../../../src-shared/domain/histograms/thresholds';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { countScales, type CountScales } from './count-scale';

/**
 * Values that are computed once when a tensor is chosen, so that each step of dragging a threshold takes microseconds.
 */
export interface TensorAnalysis {
  readonly histogram: TensorHistogram;
  readonly amaxReal: number;
  readonly binWidthReal: number;
  readonly hasNegative: boolean;
  /** The intervals for which the chart shows counts. */
  readonly scales: CountScales;
  readonly model: ErrorModel;
  readonly groups: readonly GroupAnalysis[];
}

export interface GroupAnalysis {
  readonly name: string;
  /** The group's histogram, rebinned to the bin width of the whole set. */
  readonly histogram: TensorHistogram;
  readonly amaxReal: number;
  readonly model: ErrorModel;
}

export interface TensorCurves {
  /** Null for a tensor that contains only zeros. */
  readonly entropy: EntropyCurve | null;
  readonly mse: MseSearch;
}

/** A threshold and the values that are derived from it. */
export interface Reading {
  readonly thresholdReal: number;
  readonly scaleReal: number;
  readonly sqnrDb: number;
  /** Mean squared errors, in real units squared. */
  readonly roundingMse: number;
  readonly clippingMse: number;
  readonly clippedFraction: number;
  /** The number of quantization levels in use, of 255. */
  readonly levelsUsed: number;
  readonly groups: readonly GroupReading[];
}

export interface GroupReading {
  readonly name: string;
  readonly sqnrDb: number;
  readonly clippedFraction: number;
}

/** @param preprocessing the preprocessing that produced the tensor from images; null for any other tensor. */
export function analyse(view: HistogramView, preprocessing: Preprocessing | null = null): TensorAnalysis {
  return {
    histogram: view.total,
    amaxReal: amaxOf(view.total),
    binWidthReal: binWidthOf(view.total),
    hasNegative: view.total.min < 0,
    scales: countScales(view.total, preprocessing),
    model: createErrorModel(foldHistogram(view.total)),
    groups: comparableGroups(view).map(({ name, histogram }) => {
      // The errors are computed from the group's own bins, which may be finer than the bins that are drawn.
      const own = ownValue(view.groups, name) ?? histogram;
      return { name, histogram, amaxReal: amaxOf(own), model: createErrorModel(foldHistogram(own)) };
    }),
  };
}

/** Takes tens of milliseconds: call it when a tensor is chosen, not while a threshold moves. */
export function curvesOf(analysis: TensorAnalysis): TensorCurves {
  return { entropy: entropyCurve(analysis.model.folded), mse: searchMse(analysis.model.folded) };
}

/** `thresholdReal` must be > 0. The numbers of the whole set are bit-for-bit equal to those of the threshold table. */
export function readingAt(analysis: TensorAnalysis, thresholdReal: number): Reading {
  const { roundingMse, clippingMse, clippedFraction, sqnrDb, levelsUsed } = evaluateThreshold(
    analysis.histogram,
    thresholdReal,
  );
  return {
    thresholdReal,
    scaleReal: scaleOfThreshold(thresholdReal),
    roundingMse,
    clippingMse,
    clippedFraction,
    sqnrDb,
    levelsUsed,
    groups: analysis.groups.map(({ name, model }) => {
      const error = errorAt(model, thresholdReal);
      return { name, sqnrDb: sqnrOf(model, error), clippedFraction: error.clippedFraction };
    }),
  };
}

function sqnrOf(model: ErrorModel, error: QuantizationError): number {
  const total = error.roundingMse + error.clippingMse;
  return total > 0 ? 10 * Math.log10(model.signalPower / total) : Number.POSITIVE_INFINITY;
}

const SMALLEST_BINS = 2;

/**
 * A threshold larger than this multiple of the largest |x| does not extend the chart, because the values would become
 * too small to see.
 */
const MOST_BEYOND = 4;

/** The largest value that fits into the chart: the largest |x|, or a threshold somewhat beyond it. */
export function largestShown(amaxReal: number, thresholdsReal: readonly number[]): number {
  return Math.max(
    amaxReal,
    ...thresholdsReal.filter((value) => Number.isFinite(value) && (amaxReal === 0 || value <= MOST_BEYOND * amaxReal)),
  );
}

/** The range in which a threshold can be dragged: from two bins up to the end of the chart. */
export function draggableRange(
  analysis: TensorAnalysis,
  thresholdsReal: readonly number[],
): { readonly min: number; readonly max: number } {
  const max = largestShown(analysis.amaxReal, thresholdsReal);
  return { min: Math.min(max, analysis.binWidthReal * SMALLEST_BINS), max };
}

export interface GroupHistogram {
  readonly name: string;
  /** The group's histogram, rebinned to the bin width of the whole set. */
  readonly histogram: TensorHistogram;
}

/**
 * The groups as they are drawn over the whole set. A group with a smaller maximum has narrower bins, and counts of bins
 * of different widths must not be compared.
 */
export function comparableGroups(view: Pick<HistogramView, 'total' | 'groups'>): readonly GroupHistogram[] {
  const wide = emptyHistogram(view.total.exponent);
  return Object.entries(view.groups).map(([name, own]) => ({
    name,
    histogram: own.exponent === view.total.exponent ? own : { ...mergeHistograms([own, wide]), name: own.name },
  }));
}

function emptyHistogram(exponent: number): HistogramContent {
  const none = new Float64Array(BIN_COUNT);
  return {
    exponent,
    positive: none,
    negative: none,
    zeroCount: 0,
    nanCount: 0,
    infinityCount: 0,
    elementCount: 0,
    min: 0,
    max: 0,
  };
}
