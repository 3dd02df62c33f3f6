import type { AxisTicks } from './ticks';

/** The content of a plot, independent of Plotly. Colours are names of CSS custom properties, for example `--accent`. */
export interface PlotFigure {
  readonly series: readonly PlotSeries[];
  readonly panels: readonly PlotPanel[];
  readonly xRange: readonly [number, number];
  readonly xTitle: string;
  /** Marks of the x axis; if omitted, Plotly chooses round values. */
  readonly xTicks?: AxisTicks;
  readonly margins: PlotMargins;
}

export interface PlotSeries {
  readonly x: readonly number[] | Float64Array;
  /** Values that are not finite leave a gap. */
  readonly y: readonly number[] | Float64Array;
  readonly shape: 'step' | 'line' | 'points';
  readonly color: string;
  /** Opacity of the area under the line, 0..1; 0 for no area. */
  readonly fillOpacity: number;
  readonly widthPx: number;
  /** For points; solid if omitted. A ring is drawn around another point. */
  readonly marker?: 'solid' | 'hollow' | 'ring';
  /** For lines. */
  readonly isDashed?: boolean;
  /** Index of the panel that it is drawn in. */
  readonly panel: number;
}

/** One y axis. Panels share the x axis. */
export interface PlotPanel {
  readonly title: string;
  readonly isLog: boolean;
  /** In data values, also for a log axis. */
  readonly range: readonly [number, number];
  /** Position as fractions of the plot's height, from the bottom: [0, 1] is the full height. */
  readonly heightFrom: number;
  readonly heightTo: number;
}

export interface PlotMargins {
  readonly leftPx: number;
  readonly rightPx: number;
  readonly topPx: number;
  readonly bottomPx: number;
}

/** Name of an axis in traces and in the layout: the first axis has no number. */
export function axisName(letter: 'x' | 'y', index: number): string {
  return index === 0 ? letter : `${letter}${index + 1}`;
}
