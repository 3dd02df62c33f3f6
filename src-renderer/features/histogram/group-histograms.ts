import type { HistogramView } from '../../../src-shared/contract/views';
import {
  BIN_COUNT,
  type HistogramContent,
  type TensorHistogram,
} from '../../../src-shared/domain/histograms/histogram';
import { mergeHistograms } from '../../../src-shared/domain/histograms/histogram-merge';

export interface GroupHistogram {
  readonly name: string;
  /** With bins as wide as those of the whole set. */
  readonly histogram: TensorHistogram;
}

/**
 * The groups as they are drawn over the whole set. A group that reaches less far has narrower bins of its own, and counts
 * of unequal bins must not be compared.
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
