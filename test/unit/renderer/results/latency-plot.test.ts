import { describe, expect, it } from 'vitest';
import {
  fractionFromMs,
  fractionFromRatio,
  latencyAxis,
  ratioAxis,
  stripSegments,
  type LatencyAxis,
  type RatioAxis,
} from '../../../../src-renderer/features/results/latency-plot';
import { bench } from './records';

const FP32 = bench('fp32', [0.14, 0.15, 0.2, 0.25, 4.2, 9.9]);
const MIXED = bench('mixed', [0.1, 0.12, 0.2, 0.24, 4, 8], [0.5, 0.8, 0.9]);

function axisOf(entries: readonly (typeof FP32)[]): LatencyAxis {
  const axis = latencyAxis(entries);
  if (axis === null) throw new Error('no axis');
  return axis;
}

describe('latencyAxis', () => {
  it('holds every value and has at least three ticks on it', () => {
    const axis = axisOf([FP32, MIXED]);
    expect(axis.lowMs).toBeLessThan(0.1);
    expect(axis.highMs).toBeGreaterThan(9.9);
    expect(axis.ticksMs.length).toBeGreaterThanOrEqual(3);
    for (const tick of axis.ticksMs) expect(fractionFromMs(axis, tick)).toBeGreaterThan(0);
  });

  it('finds ticks within a narrow range too', () => {
    expect(axisOf([bench('fp32', [2.05, 2.1, 2.2, 2.3, 2.4, 2.9])]).ticksMs.length).toBeGreaterThanOrEqual(2);
  });

  it('is absent without a positive latency', () => {
    expect(latencyAxis([])).toBeNull();
    expect(latencyAxis([bench('fp32', [0, 0, 0, 0, 0, 0])])).toBeNull();
  });
});

describe('stripSegments', () => {
  it('go from the fastest to the slowest without a gap', () => {
    const axis = axisOf([FP32, MIXED]);
    const segments = stripSegments(axis, MIXED);
    expect(segments.map(({ from, to }) => `${from}-${to}`)).toEqual([
      'min-median',
      'median-p90',
      'p90-p95',
      'p95-p99',
      'p99-max',
    ]);
    segments.forEach((segment, i) => {
      expect(segment.end).toBeGreaterThanOrEqual(segment.start);
      if (i > 0) expect(segment.start).toBe(segments[i - 1]?.end);
    });
  });
});

describe('a benchmark of few samples', () => {
  const latencyMs = { mean: 0.2, median: 0.12, p90: 0.2, min: 0.1, max: 8, coefficientOfVariation: 0.1, samples: 12 };
  const short = { ...MIXED, latencyMs, ratioToFp32: { median: 0.8 } };

  it('has no shade for a percentile that it does not give', () => {
    const segments = stripSegments(axisOf([short]), short);
    expect(segments.map(({ from, to }) => `${from}-${to}`)).toEqual(['min-median', 'median-p90', 'p90-max']);
  });

  it('has an axis of ratios without their spread', () => {
    expect(ratioAxis([short])).toMatchObject({ high: 1.02 });
  });
});

describe('ratioAxis', () => {
  it('always holds 1 and is logarithmic', () => {
    const axis: RatioAxis = { low: 0.5, high: 2, ticks: [] };
    expect(fractionFromRatio(axis, 1)).toBeCloseTo(0.5, 12);
    const found = ratioAxis([FP32, MIXED]);
    expect(found?.low).toBeLessThan(0.5);
    expect(found?.high).toBeGreaterThan(1);
    expect(ratioAxis([FP32])).toBeNull();
    expect(found?.ticks).toContain(1);
    expect(found?.ticks.length).toBeGreaterThanOrEqual(3);
  });
});
