import type { HistogramView, ThresholdRow } from '../../../../src-shared/contract/views';
import { BIN_COUNT, exponentFor, type TensorHistogram } from '../../../../src-shared/domain/histograms/histogram';

/** The histogram of some values, counted one by one. */
export function histogramOf(values: readonly number[], name = 'x'): TensorHistogram {
  const exponent = exponentFor(Math.max(0, ...values.map(Math.abs)));
  const positive = new Float64Array(BIN_COUNT);
  const negative = new Float64Array(BIN_COUNT);
  for (const value of values) {
    if (value === 0) continue;
    const side = value > 0 ? positive : negative;
    const bin = Math.floor((Math.abs(value) * BIN_COUNT) / 2 ** exponent);
    side[bin] = (side[bin] ?? 0) + 1;
  }
  return {
    name,
    exponent,
    positive,
    negative,
    zeroCount: values.filter((value) => value === 0).length,
    nanCount: 0,
    infinityCount: 0,
    elementCount: values.length,
    min: Math.min(0, ...values),
    max: Math.max(0, ...values),
  };
}

export function viewOf(groups: Readonly<Record<string, readonly number[]>>): HistogramView {
  return {
    total: histogramOf(Object.values(groups).flat()),
    groups: Object.fromEntries(Object.entries(groups).map(([name, values]) => [name, histogramOf(values)])),
    imageAmax: new Float32Array(0),
    imageFiles: [],
  };
}

export function rowOf(name: string, changes: Partial<ThresholdRow> = {}): ThresholdRow {
  return {
    name,
    amax: 4,
    methods: { minmax: 4 },
    method: 'minmax',
    threshold: 4,
    scale: 4 / 127,
    sqnrDb: 30,
    clippedFraction: 0,
    ...changes,
  };
}
