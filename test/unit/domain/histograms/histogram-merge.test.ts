import { describe, expect, it } from 'vitest';
import { binOf, exponentFor } from '../../../../src-shared/domain/histograms/histogram';
import { mergeHistograms } from '../../../../src-shared/domain/histograms/histogram-merge';
import { sampleValues, SHAPE_NAMES, slowHistogram } from './histogram-samples';

describe('exponentFor', () => {
  it('is the smallest exponent above the value, within its limits', () => {
    for (const [amax, exponent] of [
      [0, -24],
      [2 ** -149, -24],
      [2 ** -25, -24],
      [2 ** -24, -23],
      [0.5, 0],
      [0.99999994, 0],
      [1, 1],
      [1.5, 1],
      [2, 2],
      [2 ** 126, 127],
      [2 ** 127, 127],
      [3.4028234663852886e38, 127],
    ] as const)
      expect(exponentFor(amax)).toBe(exponent);
  });

  it('is exact next to every power of two', () => {
    for (let e = -23; e <= 126; e += 1) {
      expect(exponentFor(2 ** e)).toBe(e + 1);
      expect(exponentFor(2 ** e * (1 - 2 ** -24))).toBe(e);
    }
  });
});

describe('binOf', () => {
  it('includes the lower edge and caps at the last bin', () => {
    expect([binOf(1, 1), binOf(1 - 2 ** -24, 1), binOf(2 ** 127, 127), binOf(2 ** -149, -24)]).toEqual([
      2048, 2047, 4095, 0,
    ]);
  });
});

describe('mergeHistograms', () => {
  it('equals counting all values at once, in any order', () => {
    const parts = SHAPE_NAMES.map((shape, i) => sampleValues(shape, 500, i));
    const whole = slowHistogram(parts.flatMap((part) => [...part]));
    const histograms = [...parts.map(slowHistogram), slowHistogram([Number.NaN, Infinity]), slowHistogram([])];
    expect(mergeHistograms(histograms)).toEqual({
      ...whole,
      nanCount: 1,
      infinityCount: 1,
      elementCount: whole.elementCount + 2,
    });
    expect(mergeHistograms([...histograms].reverse())).toEqual(mergeHistograms(histograms));
  });

  it('does not let an empty histogram touch the range', () => {
    expect(mergeHistograms([slowHistogram([]), slowHistogram([2, 3])])).toEqual(slowHistogram([2, 3]));
    expect(mergeHistograms([])).toEqual(slowHistogram([]));
  });
});
