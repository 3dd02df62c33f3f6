import { formatCount } from '../../../src-shared/base/units';
import type { BatchCurve, BatchPoint } from '../../../src-shared/domain/runs/batch-curves';
import type { PlotFigure, PlotPanel, PlotSeries } from '../../widgets/plot/figure';
import { variantColor } from '../../widgets/badge';

/** How the line of a variant is told from those of the same precision. */
export interface CurveStyle {
  /** Name of a CSS custom property. */
  readonly color: string;
  readonly isDashed: boolean;
  readonly isHollow: boolean;
}

/** One style per curve: the colour of its precision; further curves of a precision are dashed, then hollow as well. */
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
/** Room around the outermost points, as a factor of a log axis and in octaves. */
const PADDING = 1.25;
const PADDING_OCTAVES = 0.2;
/** Within less than this a logarithmic axis has hardly a mark: it is linear and begins at 0. */
const LOG_FROM_RATIO = 4;

/**
 * Latency above, throughput below, over the base-2 logarithm of the batch. Axes that span a wide range are logarithmic.
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
