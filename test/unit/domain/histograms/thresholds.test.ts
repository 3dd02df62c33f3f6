import { describe, expect, it } from 'vitest';
import { foldHistogram } from '../../../../src-shared/domain/histograms/folded-histogram';
import {
  percentileThreshold,
  scaleOfThreshold,
  thresholdsOf,
} from '../../../../src-shared/domain/histograms/thresholds';
import { sampleValues, slowHistogram } from './histogram-samples';

describe('foldHistogram', () => {
  it('adds both signs, keeps zeros apart and ends with the bin of amax', () => {
    const folded = foldHistogram(slowHistogram([0, 0.25, -0.25, -1.5, Number.NaN]));
    expect([folded.amaxReal, folded.zeroCount, folded.finiteCount, folded.binWidthReal]).toEqual([1.5, 1, 4, 1 / 2048]);
    expect([folded.counts.length, folded.counts[512], folded.counts[3072]]).toEqual([3073, 2, 1]);
  });
});

describe('percentileThreshold', () => {
  it('interpolates inside the bin that reaches the share', () => {
    // Four values in bin 2048 of width 1/2048, which begins at 1: half of all is two of them deep.
    const folded = foldHistogram(slowHistogram([1, 1, 1, 1, 1.5]));
    expect(percentileThreshold(folded, 40)).toBe(1 + 0.5 / 2048);
    expect(percentileThreshold(folded, 80)).toBe(1 + 1 / 2048);
    expect(percentileThreshold(folded, 100)).toBe(1.5);
  });

  it('counts zeros to the first bin', () => {
    const folded = foldHistogram(slowHistogram([0, 0, 0, 1]));
    expect(percentileThreshold(folded, 50)).toBeCloseTo((2 / 3) * folded.binWidthReal, 15);
  });

  it('is within one bin of the sorted values', () => {
    const values = sampleValues('laplace', 50_000, 31);
    const sorted = [...values].map(Math.abs).sort((a, b) => a - b);
    const folded = foldHistogram(slowHistogram(values));
    for (const percent of [50, 99, 99.9, 99.99]) {
      const exact = sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? 0;
      expect(Math.abs(percentileThreshold(folded, percent) - exact)).toBeLessThanOrEqual(folded.binWidthReal);
    }
  });
});

describe('thresholdsOf', () => {
  it('answers 0 for a tensor that holds nothing but zeros', () => {
    for (const values of [[], [0, -0], [Number.NaN, Infinity]]) {
      expect(thresholdsOf(slowHistogram(values), [99, 100])).toEqual({
        minmax: 0,
        entropy: 0,
        entropyIndex: null,
        percentiles: [0, 0],
        mse: 0,
      });
    }
  });

  it('answers the value itself for a constant tensor', () => {
    expect(thresholdsOf(slowHistogram([-2.5, -2.5]), [100])).toEqual({
      minmax: 2.5,
      entropy: 2.5,
      entropyIndex: 2048,
      percentiles: [2.5],
      mse: 2.5,
    });
  });
});

describe('scaleOfThreshold', () => {
  it('is T/127 in float32, never below the smallest normal number', () => {
    expect(scaleOfThreshold(127)).toBe(1);
    expect(scaleOfThreshold(1)).toBe(Math.fround(1 / 127));
    expect(scaleOfThreshold(0)).toBe(2 ** -126);
    expect(scaleOfThreshold(2 ** -130)).toBe(2 ** -126);
  });
});
