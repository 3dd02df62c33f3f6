import type { PlotlyAxis, PlotlyLayout, PlotlyTrace } from './plotly-types';
import { axisName, type PlotFigure, type PlotPanel, type PlotSeries } from './figure';
import { linearTicks, logTicks, type AxisTicks } from './ticks';
import { withOpacity, type TokenReader } from './theme';

const FONT_PX = 11;
const TICK_ROOM_PX = 24;
/** Width reserved for the label of a mark of the x axis. */
const X_TICK_ROOM_PX = 60;
const MOST_X_TICKS = 12;
/** Plotly draws open symbols with their line. */
const MARKERS = {
  solid: { symbol: 'circle', size: 7, line: { width: 0 } },
  hollow: { symbol: 'circle-open', size: 8, line: { width: 2 } },
  ring: { symbol: 'circle-open', size: 17, line: { width: 2 } },
} as const;

export interface PlotSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/**
 * Converts a series to a Plotly trace. Histograms are stepped lines, never bars, because thousands of bars are slow.
 */
export function traceOf(series: PlotSeries, token: TokenReader): PlotlyTrace {
  const color = token(series.color);
  return {
    type: 'scatter',
    mode: series.shape === 'points' ? 'markers' : 'lines',
    x: series.x,
    y: series.y,
    xaxis: 'x',
    yaxis: axisName('y', series.panel),
    line: {
      shape: series.shape === 'step' ? 'hv' : 'linear',
      color,
      width: series.widthPx,
      dash: series.isDashed === true ? 'dash' : 'solid',
      simplify: false,
    },
    marker: { ...MARKERS[series.marker ?? 'solid'], color },
    fill: series.fillOpacity > 0 ? 'tozeroy' : 'none',
    fillcolor: withOpacity(color, series.fillOpacity),
    connectgaps: false,
    hoverinfo: 'skip',
  };
}

export function layoutOf(figure: PlotFigure, size: PlotSize, token: TokenReader): PlotlyLayout {
  const { leftPx, rightPx, topPx, bottomPx } = figure.margins;
  const plotHeightPx = size.heightPx - topPx - bottomPx;
  const yAxes = figure.panels.map(
    (panel, i) => [`yaxis${i === 0 ? '' : i + 1}`, yAxisOf(panel, plotHeightPx, token)] as const,
  );
  // The x axis is drawn below the lowest panel.
  const lowest = figure.panels.reduce(
    (best, panel, i) => (panel.heightFrom < (figure.panels[best]?.heightFrom ?? 0) ? i : best),
    0,
  );
  return {
    width: size.widthPx,
    height: size.heightPx,
    margin: { l: leftPx, r: rightPx, t: topPx, b: bottomPx, pad: 0, autoexpand: false },
    paper_bgcolor: 'rgba(0, 0, 0, 0)',
    plot_bgcolor: 'rgba(0, 0, 0, 0)',
    showlegend: false,
    font: { family: token('--font') || 'sans-serif', size: FONT_PX, color: token('--text-dim') },
    xaxis: {
      ...commonAxis(token),
      range: figure.xRange,
      anchor: axisName('y', lowest),
      title: titleOf(figure.xTitle, 6, token),
      ...ticksOf(xTicksOf(figure, size.widthPx - leftPx - figure.margins.rightPx)),
    },
    ...Object.fromEntries(yAxes),
  };
}

function ticksOf({ values, texts }: AxisTicks): Pick<PlotlyAxis, 'tickmode' | 'tickvals' | 'ticktext'> {
  return { tickmode: 'array', tickvals: values, ticktext: texts };
}

function xTicksOf({ xTicks, xRange: [low, high] }: PlotFigure, widthPx: number): AxisTicks {
  return xTicks ?? linearTicks(low, high, Math.min(MOST_X_TICKS, Math.floor(widthPx / X_TICK_ROOM_PX)));
}

function yAxisOf(panel: PlotPanel, heightPx: number, token: TokenReader): PlotlyAxis {
  const [low, high] = panel.range;
  const most = Math.max(2, Math.floor((heightPx * (panel.heightTo - panel.heightFrom)) / TICK_ROOM_PX));
  return {
    ...commonAxis(token),
    type: panel.isLog ? 'log' : 'linear',
    range: panel.isLog ? [Math.log10(low), Math.log10(high)] : [low, high],
    domain: [panel.heightFrom, panel.heightTo],
    anchor: 'x',
    title: titleOf(panel.title, 8, token),
    ...ticksOf(panel.isLog ? logTicks(low, high, most) : linearTicks(low, high, most)),
  };
}

function commonAxis(token: TokenReader): PlotlyAxis {
  return {
    gridcolor: token('--chart-grid'),
    linecolor: token('--chart-axis'),
    tickcolor: token('--chart-axis'),
    ticks: 'outside',
    ticklen: 3,
    zeroline: false,
    fixedrange: true,
    automargin: false,
    tickfont: { color: token('--text-dim'), size: FONT_PX },
  };
}

function titleOf(text: string, standoff: number, token: TokenReader): NonNullable<PlotlyAxis['title']> {
  return { text, standoff, font: { color: token('--text-dim'), size: FONT_PX } };
}
