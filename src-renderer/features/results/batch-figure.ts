import { formatCount } from '../../../src-shared/base/units';
import type { BatchCurve, BatchPoint } from '../../../src-shared/domain/runs/batch-curves';
import type { PlotFigure, PlotPanel, PlotSeries } from '../../widgets/plot/figure';
import { variantColor } from '../../widgets/badge';

/** The style that distinguishes a variant's line from other variants of the same precision. */
export interface CurveStyle {
  /** Name of a CSS custom property. */
  readonly color: string;
  readonly isDashed: boolean;
  readonly isHollow: boolean;
}

/**
 * One style per curve: the first curve of a precision has its colour, the second is dashed, the third hollow as well.
 */
export function curveStyles(curves: readonly BatchCurve[]): CurveStyle[] {
  const seen = new Map<string, number>();
  return curves.map(({ variant }) => {
    const color = variantColor(variant).replace(/^var\((.*)\)$/, '$1');
    const earlier = seen.get(color) ?? 0;
    seen.set(color, earlier + 1);
    return { color, isDashed: earlier > 0, isHollow: earlier > 1 };
  });
}

export interface BatchTitles {
  readonly batch: string;
  readonly latency: string;
  readonly throughput: string;
}

const GAP = 0.06;
/** Padding around the outermost points: as a factor on a logarithmic axis, and in octaves of the batch size. */
const PADDING = 1.25;
const PADDING_OCTAVES = 0.2;
/**
 * If the ratio of the largest to the smallest value is lower, the axis is linear and begins at 0, because a logarithmic
 * axis would have hardly any ticks.
 */
const LOG_FROM_RATIO = 4;

/**
 * A figure with latency above throughput, against the base-2 logarithm of the batch size. Axes that span a wide range
 * are logarithmic.
 */
export function batchFigure(curves: readonly BatchCurve[], titles: BatchTitles): PlotFigure {
  const styles = curveStyles(curves);
  const batches = [...new Set(curves.flatMap(({ points }) => points.map(({ batch }) => batch)))].sort((a, b) => a - b);
  const octaves = batches.map((batch) => Math.log2(batch));
  return {
    series: [
      panelSeries(curves, styles, 0, ({ latencyMs }) => latencyMs),
      panelSeries(curves, styles, 1, ({ throughputPerSecond }) => throughputPerSecond),
    ].flat(),
    panels: [
      panel(titles.latency, curves, ({ latencyMs }) => latencyMs, [0.5 + GAP, 1]),
      panel(titles.throughput, curves, ({ throughputPerSecond }) => throughputPerSecond, [0, 0.5 - GAP]),
    ],
    xRange: [(octaves[0] ?? 0) - PADDING_OCTAVES, (octaves.at(-1) ?? 0) + PADDING_OCTAVES],
    xTitle: titles.batch,
    xTicks: { values: octaves, texts: batches.map(formatCount) },
    margins: { leftPx: 64, rightPx: 12, topPx: 8, bottomPx: 38 },
  };
}

function panelSeries(
  curves: readonly BatchCurve[],
  styles: readonly CurveStyle[],
  index: number,
  valueOf: (point: BatchPoint) => number,
): PlotSeries[] {
  return curves.flatMap(({ points }, i): PlotSeries[] => {
    const { color = '--text', isDashed = false, isHollow = false } = styles[i] ?? {};
    const common = {
      x: points.map(({ batch }) => Math.log2(batch)),
      y: points.map(valueOf),
      color,
      fillOpacity: 0,
      widthPx: 1.5,
      panel: index,
    };
    return [
      { ...common, shape: 'line', isDashed },
      { ...common, shape: 'points', marker: isHollow ? 'hollow' : 'solid' },
    ];
  });
}

function panel(
  title: string,
  curves: readonly BatchCurve[],
  valueOf: (point: BatchPoint) => number,
  [heightFrom, heightTo]: readonly [number, number],
): PlotPanel {
  const values = curves.flatMap(({ points }) => points.map(valueOf)).filter((value) => value > 0);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const isLog = high >= LOG_FROM_RATIO * low;
  return { title, isLog, range: isLog ? [low / PADDING, high * PADDING] : [0, high * PADDING], heightFrom, heightTo };
}
