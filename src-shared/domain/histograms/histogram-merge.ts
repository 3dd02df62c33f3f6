import { BIN_COUNT, MIN_EXPONENT, type HistogramContent } from './histogram';

/** Adds `from` (of exponent `exponent`) to `to` (of a larger or equal exponent): 2^steps adjacent bins become one. */
function addRaised(to: Float64Array, from: Float64Array, steps: number): void {
  const shift = 2 ** steps;
  for (let i = 0; i < BIN_COUNT; i += 1) {
    const count = from[i] ?? 0;
    if (count === 0) continue;
    const target = Math.floor(i / shift);
    to[target] = (to[target] ?? 0) + count;
  }
}

/** The exact histogram of all values of several histograms: for shards, and to pool tensors that share one scale. */
export function mergeHistograms(histograms: readonly HistogramContent[]): HistogramContent {
  const exponent = histograms.reduce((largest, one) => Math.max(largest, one.exponent), MIN_EXPONENT);
  const positive = new Float64Array(BIN_COUNT);
  const negative = new Float64Array(BIN_COUNT);
  for (const one of histograms) {
    addRaised(positive, one.positive, exponent - one.exponent);
    addRaised(negative, one.negative, exponent - one.exponent);
  }
  const total = (field: 'zeroCount' | 'nanCount' | 'infinityCount' | 'elementCount'): number =>
    histograms.reduce((sum, one) => sum + one[field], 0);
  const withValues = histograms.filter((one) => one.elementCount > one.nanCount + one.infinityCount);
  return {
    exponent,
    positive,
    negative,
    zeroCount: total('zeroCount'),
    nanCount: total('nanCount'),
    infinityCount: total('infinityCount'),
    elementCount: total('elementCount'),
    min: withValues.length === 0 ? 0 : Math.min(...withValues.map((one) => one.min)),
    max: withValues.length === 0 ? 0 : Math.max(...withValues.map((one) => one.max)),
  };
}
