import { describe, expect, it } from 'vitest';
import {
  ACCURACY_PANEL,
  paretoFigure,
  pixelFromPoint,
  planPoints,
} from '../../../../src-renderer/features/search/pareto-figure';
import type { PlotFigure, PlotSeries } from '../../../../src-renderer/widgets/plot/figure';
import { quality, searchPlan, searchResult } from '../analysis-results';

const TITLES = { latency: 'latency', value: 'top-1', groupChange: 'group' };
const figureOf = (result = searchResult()): ReturnType<typeof paretoFigure> => paretoFigure(result, TITLES);
const inTop = (series: PlotSeries): boolean => series.panel === ACCURACY_PANEL;

describe('paretoFigure', () => {
  const at = (figure: PlotFigure, marker: PlotSeries['marker']): readonly (readonly number[])[] =>
    figure.series
      .filter((series) => series.shape === 'points' && inTop(series) && series.marker === marker)
      .map((series) => [...series.x]);

  it('draws modelled points hollow, those of the front apart, and a ring around the chosen one', () => {
    expect(at(figureOf(), 'hollow')).toEqual([[1.4], [1, 1.2]]);
    expect(at(figureOf(), 'ring')).toEqual([[1.2]]);
    expect(at(figureOf(), 'solid')).toEqual([]);
  });

  it('draws measured points solid and alone: modelled latencies do not compare with them', () => {
    const plans = searchResult().plans.map((plan, index) =>
      index === 2 ? plan : { ...plan, latencyKind: 'measured' as const },
    );
    const figure = figureOf(searchResult({ plans }));
    expect(at(figure, 'solid')).toEqual([[1, 1.2]]);
    expect(at(figure, 'hollow')).toEqual([]);
    expect(planPoints(searchResult({ plans })).map((point) => point.index)).toEqual([0, 1]);
  });

  it('joins the plans that no other beats, from fast to accurate', () => {
    const front = figureOf().series.find((series) => series.color === '--mixed' && series.shape === 'line');
    expect([front?.x, front?.y]).toEqual([
      [1, 1.2],
      [96, 96.8],
    ]);
  });

  it('draws the limits as dashed lines that are in sight: 0.5 pp below FP32, and 1 pp for each group', () => {
    const figure = figureOf();
    const limits = figure.series.filter((series) => series.isDashed === true);
    expect(limits.map((series) => [series.panel, series.y])).toEqual([
      [0, [96.5, 96.5]],
      [1, [-1, -1]],
    ]);
    const [low, high] = figure.panels[0]?.range ?? [0, 0];
    expect(low).toBeLessThan(96);
    expect(high).toBeGreaterThan(97);
  });

  it('draws the latency of FP32 as an upright line, unless it is far beyond the plans', () => {
    const upright = (
      latencyMs: number,
      latencyKind: 'measured' | 'modelled' = 'modelled',
    ): readonly (readonly number[])[] =>
      figureOf(searchResult({ references: [{ variant: 'fp32', latencyMs, latencyKind }] }))
        .series.filter(({ x, color }) => color === '--fp32' && x[0] === x[1])
        .map(({ x }) => [...x]);
    expect(upright(2.4)).toEqual([
      [2.4, 2.4],
      [2.4, 2.4],
    ]);
    expect(upright(40)).toEqual([]);
    expect(upright(2.4, 'measured')).toEqual([]);
    expect(figureOf().xRange[1]).toBeGreaterThan(2.4);
  });

  it('has one panel without groups, and one point in the middle of it', () => {
    const alone = searchPlan([], { quality: quality({ groupTop1: {} }) });
    const figure = figureOf(
      searchResult({ references: [], fp32: quality({ top1: 97, groupTop1: {} }), plans: [alone], chosen: null }),
    );
    expect(figure.panels).toHaveLength(1);
    const [low, high] = figure.xRange;
    expect((low + high) / 2).toBeCloseTo(1, 12);
    expect(high).toBeGreaterThan(low);
  });

  it('leaves out plans without a value', () => {
    const result = searchResult({
      plans: [searchPlan([]), searchPlan(['conv_1'], { quality: quality({ top1: null }) })],
    });
    expect(planPoints(result).map((point) => point.index)).toEqual([0]);
  });
});

describe('pixelFromPoint', () => {
  it('puts the corners of a panel at its margins', () => {
    const figure = figureOf();
    const size = { widthPx: 600, heightPx: 400 };
    const { leftPx, rightPx, topPx } = figure.margins;
    const [y0, y1] = figure.panels[0]?.range ?? [0, 1];
    expect(pixelFromPoint(figure, size, 0, { x: figure.xRange[0], y: y1 })).toEqual({ leftPx, topPx });
    const lowest = pixelFromPoint(figure, size, 0, { x: figure.xRange[1], y: y0 });
    expect(lowest.leftPx).toBeCloseTo(600 - rightPx, 9);
    expect(lowest.topPx).toBeCloseTo(topPx + (1 - 0.42) * (400 - topPx - figure.margins.bottomPx), 9);
  });
});
