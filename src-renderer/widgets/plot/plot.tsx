import { useEffect, useRef, useState } from 'react';
import type { PlotlyApi } from './plotly-types';
import type { PlotFigure } from './figure';
import { tokensOf, useThemeVersion } from './theme';
import { layoutOf, traceOf } from './to-plotly';
import styles from './plot.module.css';

export interface PlotProps {
  readonly figure: PlotFigure;
  readonly widthPx: number;
  readonly heightPx: number;
  /** A sentence that describes the plot for assistive technology. */
  readonly label: string;
}

const CONFIG = { staticPlot: true, displayModeBar: false, responsive: false } as const;

let loaded: Promise<PlotlyApi> | undefined;

function loadPlotly(): Promise<PlotlyApi> {
  loaded ??= import('plotly.js-basic-dist-min').then(({ default: plotly }) => {
    if (!isPlotly(plotly)) throw new Error('Expected Plotly to offer react and purge');
    return plotly;
  });
  return loaded;
}

function isPlotly(value: unknown): value is PlotlyApi {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, 'react') === 'function' &&
    typeof Reflect.get(value, 'purge') === 'function'
  );
}

function usePlotly(): PlotlyApi | null {
  const [plotly, setPlotly] = useState<PlotlyApi | null>(null);
  useEffect(() => {
    let isMounted = true;
    void loadPlotly().then((api) => {
      if (isMounted) setPlotly(api);
    });
    return () => {
      isMounted = false;
    };
  }, []);
  return plotly;
}

/** A static plot of exactly the size given. */
export function Plot({ figure, widthPx, heightPx, label }: PlotProps) {
  const ref = useRef<HTMLDivElement>(null);
  const plotly = usePlotly();
  const theme = useThemeVersion();
  const drawings = useRef<Promise<unknown>>(Promise.resolve());
  useEffect(() => {
    const element = ref.current;
    if (element === null || plotly === null || widthPx === 0 || heightPx === 0) return;
    const token = tokensOf(element);
    const drawing = plotly.react(
      element,
      figure.series.map((series) => traceOf(series, token)),
      layoutOf(figure, { widthPx, heightPx }, token),
      CONFIG,
    );
    drawings.current = Promise.all([drawings.current, drawing]);
  }, [plotly, figure, widthPx, heightPx, theme]);
  useEffect(() => {
    const element = ref.current;
    return () => {
      if (element === null || plotly === null) return;
      // Plotly draws in several steps. A step that runs after `purge` fails, because the state of the plot is gone.
      void drawings.current.finally(() => {
        if (!element.isConnected) plotly.purge(element);
      });
    };
  }, [plotly]);
  return (
    <div ref={ref} className={styles.root} role="img" aria-label={label} style={{ width: widthPx, height: heightPx }} />
  );
}
