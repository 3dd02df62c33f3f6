import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/compute/pool/addon';
import { entropyBins } from '../../../src-shared/domain/histograms/entropy-search';
import { foldHistogram } from '../../../src-shared/domain/histograms/folded-histogram';
import type { HistogramContent } from '../../../src-shared/domain/histograms/histogram';
import { encodeHistogram } from '../../../src-shared/domain/histograms/histogram-codec';
import { evaluateThreshold } from '../../../src-shared/domain/histograms/quantization-error';
import { thresholdsOf } from '../../../src-shared/domain/histograms/thresholds';
import { lastMinimum, slowDivergences } from '../domain/histograms/entropy-reference';
import { sampleValues, SHAPE_NAMES, slowHistogram } from '../domain/histograms/histogram-samples';

const addon = loadAddon();
const PERCENTILES = [50, 99, 99.9, 99.99, 99.999, 100];

const SPECIAL: Readonly<Record<string, readonly number[]>> = {
  nothing: [],
  zeros: [0, 0],
  notFinite: [Number.NaN, Infinity],
  one: [1],
  constant: [-0.3, -0.3],
  two: [1, -3],
  denormal: [2 ** -149, 2 ** -140],
  largest: [3.4028234663852886e38, 1e38, 1],
  powers: Array.from({ length: 100 }, (_, i) => 2 ** (i - 80)),
};

function expectTwins(histogram: HistogramContent): void {
  const record = encodeHistogram(histogram);
  expect(addon.thresholdsOf(record, PERCENTILES)).toEqual(thresholdsOf(histogram, PERCENTILES));
  const { amaxReal } = foldHistogram(histogram);
  for (const threshold of [0, 1e-30, 1, ...[0.003, 0.06, 0.5, 0.999, 1, 1.4].map((ratio) => ratio * amaxReal)]) {
    const { sqnrDb, ...exact } = evaluateThreshold(histogram, threshold);
    const { sqnrDb: nativeSqnrDb, ...nativeExact } = addon.evaluate(record, threshold);
    expect(nativeExact).toEqual(exact);
    if (Number.isFinite(sqnrDb)) expect(nativeSqnrDb).toBeCloseTo(sqnrDb, 10);
    else expect(nativeSqnrDb).toBe(sqnrDb);
  }
}

describe('the addon and its twin in TypeScript', () => {
  it.each(SHAPE_NAMES)('give the same numbers: %s', (shape) => {
    for (const seed of [1, 2, 3]) expectTwins(slowHistogram(sampleValues(shape, 10 ** (seed + 1), seed)));
  });

  it.each(Object.keys(SPECIAL))('give the same numbers: %s', (name) => {
    expectTwins(slowHistogram((SPECIAL[name] ?? []).map(Math.fround)));
  });

  it('find the minimum that direct summation finds', () => {
    for (const [i, shape] of SHAPE_NAMES.entries()) {
      const histogram = slowHistogram(sampleValues(shape, 8_000, 50 + i));
      const bins = entropyBins(foldHistogram(histogram));
      const reference = lastMinimum(slowDivergences(bins), 1e-12);
      expect(addon.thresholdsOf(encodeHistogram(histogram), []).entropyIndex).toBe(reference);
      expect(addon.searchEntropy(bins)).toBe(reference);
    }
    expect(addon.searchEntropy(new Float64Array(2048).fill(9, 0, 1))).toBeNull();
  });
});

describe('wrong arguments', () => {
  const record = encodeHistogram(slowHistogram([1]));

  it('are named', () => {
    for (const percent of [0, -1, 100.1, Number.NaN])
      expect(() => addon.thresholdsOf(record, [percent])).toThrow(/percentile above 0/);
    expect((): unknown => Reflect.apply(addon.thresholdsOf, null, [record, ['x']])).toThrow(
      /percentiles\[0\] to be a number/,
    );
    expect((): unknown => Reflect.apply(addon.thresholdsOf, null, [[1], []])).toThrow(/record to be a Uint8Array/);
    expect(() => addon.searchEntropy(new Float64Array(7))).toThrow(/2048 counts/);
    expect(() => addon.searchEntropy(new Float64Array(2048).fill(-1))).toThrow(/not negative/);
    for (const threshold of [-1, Number.NaN, Infinity])
      expect(() => addon.evaluate(record, threshold)).toThrow(/thresholdReal/);
    expect((): unknown => Reflect.apply(addon.evaluate, null, [record])).toThrow(/thresholdReal to be a number/);
  });

  it('give an error with a code', () => {
    expect(() => addon.evaluate(new Uint8Array(), 1)).toThrow(
      expect.objectContaining({ name: 'WorkbenchError', code: 'calibration-mismatch' }),
    );
    expect(() => addon.evaluate(record, -1)).toThrow(expect.objectContaining({ code: 'internal' }));
  });
});
