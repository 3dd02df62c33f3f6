import { amaxOf, binOf, binWidthOf, type HistogramContent } from './histogram';

/**
 * Counts of |x|: bin i < counts.length = floor(amax / w) + 1 spans [i*w, (i+1)*w), the last one [i*w, amax]. Exact
 * zeros are counted separately. There are no bins if no finite value except 0 was seen.
 */
export interface FoldedHistogram {
  readonly binWidthReal: number;
  /** Largest |x|, real units. */
  readonly amaxReal: number;
  readonly counts: Float64Array;
  readonly zeroCount: number;
  /** Number of all finite values, including zeros. */
  readonly finiteCount: number;
}

export function foldHistogram(histogram: HistogramContent): FoldedHistogram {
  const amaxReal = amaxOf(histogram);
  const used = amaxReal === 0 ? 0 : binOf(amaxReal, histogram.exponent) + 1;
  const counts = new Float64Array(used);
  for (let i = 0; i < used; i += 1) counts[i] = (histogram.positive[i] ?? 0) + (histogram.negative[i] ?? 0);
  return {
    binWidthReal: binWidthOf(histogram),
    amaxReal,
    counts,
    zeroCount: histogram.zeroCount,
    finiteCount: histogram.elementCount - histogram.nanCount - histogram.infinityCount,
  };
}

/** Upper edge of bin i in units of the bin width. */
export function upperEdgeInBins(folded: FoldedHistogram, i: number): number {
  return i + 1 === folded.counts.length ? folded.amaxReal / folded.binWidthReal : i + 1;
}
