import { describe, expect, it } from 'vitest';
import { analyse, curvesOf } from '../../../../src-renderer/features/histogram/analysis';
import { groupProperty } from '../../../../src-shared/domain/palette';
import {
  CHART_MARGINS,
  chartFigure,
  logRange,
  plotAreaOf,
  TOTAL,
  type ChartOptions,
} from '../../../../src-renderer/features/histogram/chart-figure';
import { logHeight } from '../../../../src-renderer/features/histogram/miniature';
import { withOpacity } from '../../../../src-renderer/widgets/plot/theme';
import { layoutOf, traceOf } from '../../../../src-renderer/widgets/plot/to-plotly';
import { viewOf } from './support';

const analysis = analyse(viewOf({ day: [0.2, 0.2, 0.3, 1], night: [0.2, 3] }));
const curves = curvesOf(analysis);
const titles = { x: 'x', counts: 'counts', entropy: 'kl', mse: 'mse' };
const options: ChartOptions = {
  range: { min: 0, max: 3.5 },
  isLog: true,
  isSigned: false,
  visible: new Set([TOTAL, 'night']),
  columns: 800,
};
const token = (name: string): string => (name === groupProperty(1) ? '#ff8000' : '#123456');

describe('chartFigure', () => {
  it('draws the whole set and the groups that are switched on, in colours that stay theirs', () => {
    const figure = chartFigure(analysis, curves, options, titles);
    expect(figure.series.filter(({ panel }) => panel === 0).map(({ color }) => color)).toEqual([
      '--chart-line',
      groupProperty(1),
    ]);
  });

  it('shows empty bins of a log axis below its lower end, never as a gap', () => {
    const figure = chartFigure(analysis, curves, options, titles);
    const [low] = figure.panels[0]?.range ?? [0];
    expect(Math.min(...(figure.series[0]?.y ?? []))).toBeGreaterThan(0);
    expect(Math.min(...(figure.series[0]?.y ?? []))).toBeLessThan(low);
  });

  it('fits the count axis to what is in sight', () => {
    const highest = (range: ChartOptions['range'], visible = options.visible): number =>
      chartFigure(analysis, curves, { ...options, range, visible }, titles).panels[0]?.range[1] ?? Number.NaN;
    // Three values of 0.2 share a bin; beyond it no bin holds more than one, and the night has one there.
    expect(highest({ min: 0, max: 3.5 })).toBeCloseTo(3 * 1.6, 12);
    expect(highest({ min: 0.25, max: 3.5 })).toBeCloseTo(1.6, 12);
    expect(highest({ min: 0, max: 3.5 }, new Set(['night']))).toBeCloseTo(1.6, 12);
  });

  it('marks the lowest point of a curve at its method’s threshold', () => {
    const points = chartFigure(analysis, curves, options, titles).series.filter(({ shape }) => shape === 'points');
    expect(points[0]?.x[0]).toBeCloseTo(curves.entropy?.thresholdReal ?? Number.NaN, 12);
    expect(points[1]?.x[0]).toBe(curves.mse.thresholdReal);
  });

  it('lays plot and overlay over the same pixels', () => {
    const layout = layoutOf(chartFigure(analysis, curves, options, titles), { widthPx: 700, heightPx: 500 }, token);
    expect(plotAreaOf(700)).toEqual({ leftPx: layout.margin.l, widthPx: 700 - layout.margin.l - layout.margin.r });
    expect(layout.margin.l).toBe(CHART_MARGINS.leftPx);
    expect(layout['xaxis']?.range).toEqual([0, 3.5]);
    expect(layout['xaxis']?.anchor).toBe('y3');
  });
});

describe('the plot', () => {
  it('draws steps as a stepped line with the colours of the theme', () => {
    const [, night] = chartFigure(analysis, curves, options, titles).series;
    expect(night).toBeDefined();
    if (night !== undefined)
      expect(traceOf(night, token)).toMatchObject({
        type: 'scatter',
        line: { shape: 'hv', color: '#ff8000' },
        yaxis: 'y',
      });
  });

  it.each([
    ['#fff', 'rgba(255, 255, 255, 0.5)'],
    ['#0072b2', 'rgba(0, 114, 178, 0.5)'],
    ['rgb(1, 2, 3)', 'rgba(1, 2, 3, 0.5)'],
    ['rgb(1 2 3 / 40%)', 'rgba(1, 2, 3, 0.5)'],
    ['tomato', 'tomato'],
  ])('adds an opacity to %s', (color, expected) => {
    expect(withOpacity(color, 0.5)).toBe(expected);
  });
});

it('logRange spans all values that exist, and something when there are none', () => {
  expect(logRange(new Float64Array([Number.NaN, 2, 20]))).toEqual([2 / 1.4, 28]);
  expect(logRange(new Float64Array([Number.NaN]))).toEqual([0.1, 10]);
});

it('a miniature shows a single value and hides an empty bin', () => {
  const y = logHeight(1000, 50);
  expect(y(0)).toBeGreaterThan(50);
  expect(y(1)).toBeLessThan(49);
  expect(y(1000)).toBeGreaterThanOrEqual(0);
});
