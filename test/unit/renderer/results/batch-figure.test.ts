import { describe, expect, it } from 'vitest';
import { batchFigure, curveStyles } from '../../../../src-renderer/features/results/batch-figure';
import type { BatchCurve } from '../../../../src-shared/domain/runs/batch-curves';

const curve = (variant: string, scale: number): BatchCurve => ({
  variant,
  points: [1, 8, 32].map((batch) => ({ batch, latencyMs: scale * batch, throughputPerSecond: 1000 / scale })),
});
const CURVES = [
  curve('fp32', 2),
  curve('int8-minmax', 1),
  curve('int8-entropy', 1.1),
  curve('int8-mse', 1.2),
  curve('mixed', 1.5),
];
const TITLES = { batch: 'Batch', latency: 'ms', throughput: '1/s' };

describe('curveStyles', () => {
  it('colours by precision and tells variants of one precision apart', () => {
    expect(curveStyles(CURVES)).toEqual([
      { color: '--fp32', isDashed: false, isHollow: false },
      { color: '--int8', isDashed: false, isHollow: false },
      { color: '--int8', isDashed: true, isHollow: false },
      { color: '--int8', isDashed: true, isHollow: true },
      { color: '--mixed', isDashed: false, isHollow: false },
    ]);
  });
});

describe('batchFigure', () => {
  const figure = batchFigure(CURVES, TITLES);

  it('is linear from 0 where values lie close together', () => {
    expect(figure.panels[1]?.range[0]).toBe(0);
    expect(figure.panels[0]?.range[0]).toBeGreaterThan(0);
  });

  it('has latency above throughput, a line with points for each variant in both', () => {
    expect(figure.panels.map(({ title, isLog }) => [title, isLog])).toEqual([
      ['ms', true],
      ['1/s', false],
    ]);
    expect(figure.panels[0]?.heightFrom).toBeGreaterThan(figure.panels[1]?.heightTo ?? 1);
    for (const panel of [0, 1])
      expect(figure.series.filter((series) => series.panel === panel).map(({ shape }) => shape)).toEqual(
        Array(5).fill(['line', 'points']).flat(),
      );
  });

  it('places batches by their logarithm and names them as they are', () => {
    expect(figure.xTicks).toEqual({ values: [0, 3, 5], texts: ['1', '8', '32'] });
    expect(figure.series[0]).toMatchObject({ x: [0, 3, 5], y: [2, 16, 64], color: '--fp32' });
    expect(figure.xRange[0]).toBeLessThan(0);
    expect(figure.xRange[1]).toBeGreaterThan(5);
  });

  it('has every point within its ranges', () => {
    for (const { y, panel } of figure.series) {
      const [low, high] = figure.panels[panel]?.range ?? [0, 0];
      for (const value of y) expect(value > low && value < high).toBe(true);
    }
  });
});
