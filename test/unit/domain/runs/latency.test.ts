import { describe, expect, it } from 'vitest';
import { isUnstable, pairedLatencyRatio, summarizeLatency } from '../../../../src-shared/domain/runs/latency';

describe('summarizeLatency', () => {
  it('gives the statistics of unsorted samples and leaves them as they are', () => {
    const samples = [4, 1, 3, 2];
    expect(summarizeLatency(samples)).toEqual({
      mean: 2.5,
      median: 2.5,
      min: 1,
      max: 4,
      coefficientOfVariation: Math.sqrt(5 / 3) / 2.5,
      samples: 4,
    });
    expect(samples).toEqual([4, 1, 3, 2]);
  });

  it('gives a percentile only where samples lie beyond it', () => {
    const given = (count: number): readonly string[] =>
      Object.keys(summarizeLatency(Array.from({ length: count }, (_, i) => i + 1))).filter((key) =>
        key.startsWith('p'),
      );
    expect([9, 10, 19, 20, 99, 100].map(given)).toEqual([
      [],
      ['p90'],
      ['p90'],
      ['p90', 'p95'],
      ['p90', 'p95'],
      ['p90', 'p95', 'p99'],
    ]);
    expect(summarizeLatency(Array.from({ length: 100 }, (_, i) => i + 1)).p99).toBe(99);
  });

  it('sorts by value, not as text', () => {
    expect(summarizeLatency([10, 9, 100]).median).toBe(10);
  });

  it('takes one sample and refuses none', () => {
    expect(summarizeLatency([2]).coefficientOfVariation).toBe(0);
    expect(() => summarizeLatency([])).toThrow(RangeError);
  });

  it('warns above 2.5 %', () => {
    expect(isUnstable({ coefficientOfVariation: 0.025 })).toBe(false);
    expect(isUnstable({ coefficientOfVariation: 0.0251 })).toBe(true);
  });
});

describe('pairedLatencyRatio', () => {
  it('compares round by round, so that a drift of the machine cancels', () => {
    const reference = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
    const variant = reference.map((value) => value / 2);
    expect(pairedLatencyRatio(variant, reference)).toEqual({ median: 0.5, p10: 0.5, p90: 0.5 });
  });

  it('gives the spread and ignores a round that only one has', () => {
    const ratio = pairedLatencyRatio([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 99], new Array<number>(10).fill(10));
    expect(ratio).toEqual({ median: 0.55, p10: 0.1, p90: 0.9 });
    expect(pairedLatencyRatio([], [1])).toBeNull();
    expect(pairedLatencyRatio([1, 2, 3, 4, 5, 6, 7, 8, 9], new Array<number>(9).fill(10))).toEqual({ median: 0.5 });
  });
});
