import { BIN_COUNT, binWidthOf, type TensorHistogram } from '../../../src-shared/domain/histograms/histogram';
import type { ValueRange } from './axis';
import { countIn, edgeOf, intervalOf, type CountScale } from './count-scale';

/** A step line for the plot: `counts[i]` from `edgesReal[i]` to `edgesReal[i + 1]`; the last point closes the line. */
export interface StepSeries {
  readonly edgesReal: number[];
  readonly counts: number[];
}

export interface StepOptions {
  readonly scale: CountScale;
  readonly range: ValueRange;
  readonly columns: number;
  readonly isSigned: boolean;
}

/**
 * The visible part of a histogram in at most about `columns` steps. Where several intervals share a column it shows the
 * fullest of them: a lonely outlier stays visible and the axis keeps its meaning (values per interval) at every zoom.
 */
export function stepsOf(histogram: TensorHistogram, { scale, range, columns, isSigned }: StepOptions): StepSeries {
  const [first, last] = intervalsWithin(histogram, scale, range, isSigned);
  const perStep = Math.max(1, Math.ceil((last - first) / Math.max(1, columns)));
  // Steps begin at multiples of their width, so that a shifted view shows the same steps.
  const begin = Math.floor(first / perStep) * perStep;
  const edgesReal: number[] = [];
  const counts: number[] = [];
  for (let index = begin; index < last; index += perStep) {
    edgesReal.push(edgeOf(scale, index));
    counts.push(fullest(histogram, scale, [index, Math.min(last, index + perStep)], isSigned));
  }
  edgesReal.push(edgeOf(scale, last));
  counts.push(counts.at(-1) ?? 0);
  return { edgesReal, counts };
}

/** From the first interval that the range meets to the one after the last, within what the histogram has bins for. */
function intervalsWithin(
  histogram: TensorHistogram,
  scale: CountScale,
  range: ValueRange,
  isSigned: boolean,
): readonly [number, number] {
  const mostReal = binWidthOf(histogram) * BIN_COUNT;
  const leastReal = isSigned ? -mostReal : 0;
  const clamp = (value: number): number => Math.min(mostReal, Math.max(leastReal, value));
  return [intervalOf(scale, clamp(range.min)), Math.ceil((clamp(range.max) - scale.edgeReal) / scale.widthReal)];
}

function fullest(
  histogram: TensorHistogram,
  scale: CountScale,
  [from, to]: readonly [number, number],
  isSigned: boolean,
): number {
  let most = 0;
  for (let index = from; index < to; index += 1) most = Math.max(most, countIn(histogram, scale, index, isSigned));
  return most;
}

/** Largest count of a single interval in the range; 1 where there is none, so that an axis has a height. */
export function fullestWithin(
  histogram: TensorHistogram,
  scale: CountScale,
  range: ValueRange,
  isSigned: boolean,
): number {
  return Math.max(1, fullest(histogram, scale, intervalsWithin(histogram, scale, range, isSigned), isSigned));
}
