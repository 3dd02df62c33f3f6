import { describe, expect, it } from 'vitest';
import {
  CHART,
  chartScale,
  columnsOf,
  placeLabels,
  steppedPath,
  usedBinsOf,
} from '../../../../src-main/runs/report/histogram-geometry';
import { niceStep } from '../../../../src-main/runs/report/latency-section';
import { sampleHistogram } from '../sample-run';

describe('columnsOf', () => {
  it('keeps the sum and never makes more than 160 columns', () => {
    const folded = Float64Array.from({ length: 4096 }, (_, bin) => bin % 7);
    for (const used of [1, 159, 160, 161, 3999, 4096]) {
      const { counts, binsPerColumn } = columnsOf(folded, used);
      expect(counts.length).toBeLessThanOrEqual(160);
      expect(counts.length * binsPerColumn).toBeGreaterThanOrEqual(used);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(
        folded.subarray(0, used).reduce((sum, count) => sum + count, 0),
      );
    }
  });
});

describe('usedBinsOf', () => {
  it('ends with the bin of amax', () => {
    const folded = new Float64Array(4096);
    expect(usedBinsOf({ folded, amaxReal: 1, binWidthReal: 0.25 })).toBe(5);
    expect(usedBinsOf({ folded, amaxReal: 0.99, binWidthReal: 0.25 })).toBe(4);
    expect(usedBinsOf({ folded, amaxReal: 0, binWidthReal: 0.25 })).toBe(1);
    expect(usedBinsOf({ folded, amaxReal: 1e9, binWidthReal: 0.25 })).toBe(4096);
  });
});

describe('steppedPath', () => {
  it('goes up and along once per column and returns to the base line', () => {
    const scale = {
      domainReal: 2,
      topLog: 1,
      xFromReal: (real: number) => real * 10,
      yFromCount: (count: number) => 100 - count,
    };
    expect(steppedPath(Float64Array.of(3, 3, 0), 1, scale, true)).toBe('M0 100V97H10H20V100H30V100Z');
  });
});

describe('chartScale', () => {
  it('keeps a threshold far beyond amax at the right edge', () => {
    const histogram = sampleHistogram(1);
    const chosen = { ...histogram.chosen, thresholdReal: histogram.amaxReal * 50 };
    const scale = chartScale({ ...histogram, chosen }, Float64Array.of(5));
    expect(scale.domainReal).toBeCloseTo(histogram.amaxReal * 1.01);
    expect(scale.xFromReal(chosen.thresholdReal)).toBe(CHART.width - CHART.right);
  });

  it('has a height for an empty histogram', () => {
    const empty = {
      ...sampleHistogram(1),
      methods: {},
      chosen: { thresholdReal: 0, sqnrDb: Number.NaN, clippedFraction: 0 },
      amaxReal: 0,
    };
    const scale = chartScale(empty, new Float64Array(1));
    expect(Number.isFinite(scale.yFromCount(0))).toBe(true);
    expect(Number.isFinite(scale.xFromReal(0))).toBe(true);
  });
});

describe('placeLabels', () => {
  it('keeps letters apart, in order and inside the chart', () => {
    const lines = [
      { method: 'minmax', x: 354 },
      { method: 'mse', x: 353 },
      { method: 'percentile', x: 353.5 },
      { method: 'entropy', x: 120 },
    ] as const;
    const labels = placeLabels(lines);
    expect(labels.map((label) => label.method)).toEqual(['entropy', 'mse', 'percentile', 'minmax']);
    expect(labels[0]?.labelX).toBe(120);
    for (const [index, label] of labels.entries()) {
      expect(label.labelX).toBeLessThanOrEqual(CHART.width - CHART.right);
      expect(label.labelX - (labels[index - 1]?.labelX ?? -100)).toBeGreaterThanOrEqual(11);
    }
  });
});

describe('niceStep', () => {
  it.each([
    [0.3, 0.5],
    [1, 1],
    [2.1, 5],
    [0.07, 0.1],
  ])('of %d is %d', (minimum, step) => {
    expect(niceStep(minimum)).toBeCloseTo(step, 12);
  });
});
