/** The part of Plotly that `Plot` uses. */

export interface PlotlyTrace {
  readonly type: 'scatter';
  readonly mode: 'lines' | 'markers';
  readonly x: readonly number[] | Float64Array;
  readonly y: readonly number[] | Float64Array;
  readonly xaxis: 'x';
  readonly yaxis: string;
  readonly line: {
    readonly shape: 'hv' | 'linear';
    readonly color: string;
    readonly width: number;
    readonly dash: 'solid' | 'dash';
    readonly simplify: false;
  };
  readonly marker: {
    readonly color: string;
    readonly size: number;
    readonly symbol: 'circle' | 'circle-open';
    readonly line: { readonly width: number };
  };
  readonly fill: 'tozeroy' | 'none';
  readonly fillcolor: string;
  readonly connectgaps: boolean;
  readonly hoverinfo: 'skip';
}

export interface PlotlyAxis {
  readonly type?: 'linear' | 'log';
  readonly range?: readonly [number, number];
  readonly domain?: readonly [number, number];
  readonly anchor?: string;
  readonly title?: {
    readonly text: string;
    readonly font: { readonly color: string; readonly size: number };
    readonly standoff?: number;
  };
  readonly tickfont?: { readonly color: string; readonly size: number };
  readonly gridcolor?: string;
  readonly linecolor?: string;
  readonly zeroline?: boolean;
  readonly fixedrange?: boolean;
  readonly automargin?: boolean;
  readonly tickmode?: 'array';
  readonly tickvals?: readonly number[];
  readonly ticktext?: readonly string[];
  readonly ticks?: '' | 'outside';
  readonly ticklen?: number;
  readonly tickcolor?: string;
}

export interface PlotlyLayout {
  readonly width: number;
  readonly height: number;
  readonly margin: {
    readonly l: number;
    readonly r: number;
    readonly t: number;
    readonly b: number;
    readonly pad: 0;
    readonly autoexpand: false;
  };
  readonly paper_bgcolor: string;
  readonly plot_bgcolor: string;
  readonly showlegend: false;
  readonly font: { readonly family: string; readonly size: number; readonly color: string };
  readonly [axis: `${'x' | 'y'}axis${string}`]: PlotlyAxis;
}

export interface PlotlyConfig {
  readonly staticPlot: true;
  readonly displayModeBar: false;
  readonly responsive: false;
}

export interface PlotlyApi {
  react(
    element: HTMLElement,
    traces: readonly PlotlyTrace[],
    layout: PlotlyLayout,
    config: PlotlyConfig,
  ): Promise<unknown>;
  purge(element: HTMLElement): void;
}
