import { groupProperty, methodProperty } from '../../../src-shared/domain/palette';
import type { PlotFigure, PlotMargins, PlotPanel, PlotSeries } from '../../widgets/plot/figure';
import type { TensorAnalysis, TensorCurves } from './analysis';
import { fullestWithin, type PlotArea, stepsOf, type ValueRange } from './chart-geometry';
import type { CountScale } from './count-scale';

export interface ChartOptions {
  readonly range: ValueRange;
  readonly isLog: boolean;
  readonly isSigned: boolean;
  /** The visible series: `total` and names of groups. */
  readonly visible: ReadonlySet<string>;
  /** The largest number of steps to draw: about one per pixel. */
  readonly columns: number;
}

export interface ChartTitles {
  readonly x: string;
  readonly counts: string;
  readonly entropy: string;
  readonly mse: string;
}

/** The key of the whole set among the series. */
export const TOTAL = 'total';
/** A logarithmic axis has no zero, so that empty bins are drawn with this value, below the lower end of the axis. */
const BELOW_ONE = 0.3;
const LOWEST_COUNT = 0.7;

/** Space for two rows of labels above the plot and for the x axis below it. */
export const CHART_MARGINS: PlotMargins = { leftPx: 64, rightPx: 20, topPx: 50, bottomPx: 38 };
/**
 * Vertical ranges of the panels as shares of the height, from the bottom: mean squared error, divergence, histogram.
 */
export const PANELS = { mse: [0, 0.15], entropy: [0.2, 0.35], histogram: [0.41, 1] } as const;

export function plotAreaOf(widthPx: number): PlotArea {
  return { leftPx: CHART_MARGINS.leftPx, widthPx: Math.max(1, widthPx - CHART_MARGINS.leftPx - CHART_MARGINS.rightPx) };
}

export function chartFigure(
  analysis: TensorAnalysis,
  curves: TensorCurves,
  options: ChartOptions,
  titles: ChartTitles,
): PlotFigure {
  const { entropy, mse } = curves;
  const divergences = entropy === null ? EMPTY : { x: entropy.thresholdsReal, y: aboveZero(entropy.divergences, 1) };
  const power = analysis.model.signalPower;
  const errors = power > 0 ? { x: mse.thresholdsReal, y: aboveZero(mse.errors, power) } : EMPTY;
  const divergenceRange = logRange(divergences.y);
  const errorRange = logRange(errors.y);
  const { isLog, range } = options;
  const top = fullestShown(analysis, options);
  return {
    series: [
      ...histogramSeries(analysis, options),
      { ...divergences, shape: 'line', color: methodProperty('entropy'), fillOpacity: 0, widthPx: 1.2, panel: 1 },
      { ...errors, shape: 'line', color: methodProperty('mse'), fillOpacity: 0, widthPx: 1.2, panel: 2 },
      {
        ...chosenPoint(divergences, entropy?.thresholdReal ?? Number.NaN, divergenceRange[0]),
        shape: 'points',
        color: methodProperty('entropy'),
        fillOpacity: 0,
        widthPx: 0,
        panel: 1,
      },
      {
        ...chosenPoint(errors, mse.thresholdReal, errorRange[0]),
        shape: 'points',
        color: methodProperty('mse'),
        fillOpacity: 0,
        widthPx: 0,
        panel: 2,
      },
    ],
    panels: [
      panelOf(titles.counts, PANELS.histogram, isLog ? [LOWEST_COUNT, top * 1.6] : [0, top * 1.05], isLog),
      panelOf(titles.entropy, PANELS.entropy, divergenceRange, true),
      panelOf(titles.mse, PANELS.mse, errorRange, true),
    ],
    xRange: [range.min, range.max],
    xTitle: titles.x,
    margins: CHART_MARGINS,
  };
}

interface Curve {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/**
 * The point that the method of the curve chooses. It is marked because it may be a minimum that another line hides. A
 * point below the range of a logarithmic axis is drawn at the lower end of the axis.
 */
function chosenPoint(
  { x, y }: Curve,
  thresholdReal: number,
  low: number,
): { readonly x: readonly number[]; readonly y: readonly number[] } {
  const at = x.indexOf(thresholdReal);
  return at < 0 ? { x: [], y: [] } : { x: [thresholdReal], y: [Math.max(low, y[at] ?? Number.NaN) || low] };
}

const EMPTY: Curve = { x: new Float64Array(0), y: new Float64Array(0) };

/**
 * The largest count in the visible range. It scales the count axis, so that a tail is not flattened by larger counts
 * outside the view.
 */
function fullestShown(analysis: TensorAnalysis, { range, isSigned, visible }: ChartOptions): number {
  const scale = scaleOf(analysis, isSigned);
  const groups = analysis.groups.filter((group) => visible.has(group.name)).map((group) => group.histogram);
  const shown = visible.has(TOTAL) || groups.length === 0 ? [analysis.histogram] : groups;
  return Math.max(...shown.map((histogram) => fullestWithin(histogram, scale, range, isSigned)));
}

export function scaleOf({ scales }: Pick<TensorAnalysis, 'scales'>, isSigned: boolean): CountScale {
  return isSigned ? scales.signed : scales.magnitude;
}

function histogramSeries(
  analysis: TensorAnalysis,
  { range, isLog, isSigned, visible, columns }: ChartOptions,
): PlotSeries[] {
  const visibleGroups = analysis.groups
    .map((group, index) => ({ group, index }))
    .filter(({ group }) => visible.has(group.name));
  const series = (
    histogram: TensorAnalysis['histogram'],
    style: Pick<PlotSeries, 'color' | 'fillOpacity' | 'widthPx'>,
  ): PlotSeries => {
    const { edgesReal, counts } = stepsOf(histogram, { scale: scaleOf(analysis, isSigned), range, columns, isSigned });
    return {
      ...style,
      x: edgesReal,
      y: isLog ? counts.map((count) => Math.max(count, BELOW_ONE)) : counts,
      shape: 'step',
      panel: 0,
    };
  };
  return [
    ...(visible.has(TOTAL)
      ? [
          series(analysis.histogram, {
            color: '--chart-line',
            fillOpacity: 0.2,
            widthPx: visibleGroups.length > 0 ? 0.5 : 1,
          }),
        ]
      : []),
    ...visibleGroups.map(({ group, index }) =>
      series(group.histogram, { color: groupProperty(index), fillOpacity: 0, widthPx: 1.4 }),
    ),
  ];
}

function panelOf(
  title: string,
  [heightFrom, heightTo]: readonly [number, number],
  range: readonly [number, number],
  isLog: boolean,
): PlotPanel {
  return { title, heightFrom, heightTo, range, isLog };
}

/** The values divided by `unit`; values that a logarithmic axis cannot show become gaps. */
function aboveZero(values: Float64Array, unit: number): Float64Array {
  return values.map((value) => (value > 0 && Number.isFinite(value) ? value / unit : Number.NaN));
}

/** A range that includes all values with a little padding; one decade around 1 if there are no values. */
export function logRange(values: Float64Array): readonly [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return high > 0 ? [low / 1.4, high * 1.4] : [0.1, 10];
}
