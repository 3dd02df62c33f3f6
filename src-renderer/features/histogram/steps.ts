import { BIN_COUNT, binWidthOf, type TensorHistogram } from '../../../src-shared/domain/histogram';
import type { ValueRange } from './axis';

/** A step line for the plot: `countsPerBin[i]` from `edgesReal[i]` to `edgesReal[i + 1]`; the last point closes the line. */
export interface StepSeries {
  readonly edgesReal: number[];
  readonly countsPerBin: number[];
}

/**
 * The visible part of a histogram in at most about `columns` steps. Where several bins share a column it shows the
 * fullest of them: a lonely outlier stays visible and the axis keeps its meaning (values per bin) at every zoom.
 */
export function stepsOf(histogram: TensorHistogram, range: ValueRange, columns: number, isSigned: boolean): StepSeries {
  const width = binWidthOf(histogram);
  const first = clampBin(Math.floor(range.min / width), isSigned);
  const last = clampBin(Math.ceil(range.max / width), isSigned);
  const perStep = Math.max(1, Math.ceil((last - first) / Math.max(1, columns)));
  // Steps begin at multiples of their width, so that a shifted view shows the same steps.
  const begin = Math.floor(first / perStep) * perStep;
  const edgesReal: number[] = [];
  const countsPerBin: number[] = [];
  for (let bin = begin; bin < last; bin += perStep) {
    edgesReal.push(bin * width);
    countsPerBin.push(fullest(histogram, bin, Math.min(last, bin + perStep), isSigned));
  }
  edgesReal.push(last * width);
  countsPerBin.push(countsPerBin.at(-1) ?? 0);
  return { edgesReal, countsPerBin };
}

function clampBin(bin: number, isSigned: boolean): number {
  return Math.min(BIN_COUNT, Math.max(isSigned ? -BIN_COUNT : 0, bin));
}

function fullest(histogram: TensorHistogram, from: number, to: number, isSigned: boolean): number {
  let most = 0;
  for (let bin = from; bin < to; bin += 1) most = Math.max(most, countAt(histogram, bin, isSigned));
  return most;
}

/** Values in a bin. Bin -1 of a signed histogram is the first one below zero. */
export function countAt(histogram: TensorHistogram, bin: number, isSigned: boolean): number {
  if (!isSigned) return (histogram.positive[bin] ?? 0) + (histogram.negative[bin] ?? 0);
  return (bin >= 0 ? histogram.positive[bin] : histogram.negative[-1 - bin]) ?? 0;
}

/** Largest count of a single bin anywhere; 1 for an empty histogram. */
export function fullestBin(histogram: TensorHistogram, isSigned: boolean): number {
  return Math.max(1, fullest(histogram, isSigned ? -BIN_COUNT : 0, BIN_COUNT, isSigned));
}
