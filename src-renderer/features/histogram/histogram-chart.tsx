import { useMemo, useRef, type CSSProperties, type MouseEvent, type PointerEvent } from 'react';
import type { Method } from '../../../src-shared/domain/project/methods';
import { t, useLanguage } from '../../i18n';
import { Plot } from '../../widgets/plot/plot';
import { useElementSize } from '../../widgets/plot/use-element-size';
import type { TensorCurves } from './analysis';
import { valueFromPixel, type PlotArea } from './axis';
import { CHART_MARGINS, chartFigure, PANELS, plotAreaOf, scaleOf } from './chart-figure';
import { BinReadout } from './bin-readout';
import { MethodLines } from './method-lines';
import { methodLines } from './methods';
import { ThresholdHandle } from './threshold-handle';
import { useWheel, type RangeControl } from './use-range';
import type { ThresholdSession } from './use-threshold-session';

export interface HistogramChartProps {
  readonly session: ThresholdSession;
  readonly curves: TensorCurves;
  readonly control: RangeControl;
  readonly isLog: boolean;
  readonly isSigned: boolean;
  readonly visible: ReadonlySet<string>;
  readonly onChoose: (method: Method) => void;
}

/** The plot below, and above it what moves: method lines, the threshold handle, the hatch. */
export function HistogramChart({ session, curves, control, isLog, isSigned, visible, onChoose }: HistogramChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const size = useElementSize(box);
  const language = useLanguage();
  const area = useMemo(() => plotAreaOf(size.widthPx), [size.widthPx]);
  const { range } = control;
  const { analysis, row } = session;
  const figure = useMemo(
    () =>
      chartFigure(
        analysis,
        curves,
        { range, isLog, isSigned, visible, columns: area.widthPx },
        {
          x: '',
          counts: t(scaleOf(analysis, isSigned).isLevels ? 'histogram.axis.levels' : 'histogram.axis.counts'),
          entropy: t('histogram.axis.entropy'),
          mse: t('histogram.axis.mse'),
        },
      ),
    // Titles follow the language.
    [analysis, curves, range, isLog, isSigned, visible, area, language],
  );
  const lines = useMemo(() => methodLines(row), [row]);
  useWheel(box, area, control);
  const pan = usePan(control, area);
  return (
    <div ref={box} className="histogram-chart" style={boxStyle(size.heightPx)} data-ready={size.widthPx > 0} {...pan}>
      <Plot
        figure={figure}
        widthPx={size.widthPx}
        heightPx={size.heightPx}
        label={t('histogram.chart.label', { tensor: row.name })}
      />
      {size.widthPx === 0 ? null : (
        <>
          <MethodLines lines={lines} range={range} area={area} onChoose={onChoose} />
          <ThresholdHandle session={session} range={range} area={area} isSigned={isSigned} />
          <BinReadout
            box={box}
            analysis={analysis}
            range={range}
            area={area}
            isSigned={isSigned}
            title={t(isSigned ? 'histogram.axis.signed' : 'histogram.axis.magnitude')}
          />
        </>
      )}
    </div>
  );
}

/** Where the panels lie, for the parts that are placed by CSS. */
function boxStyle(heightPx: number): CSSProperties {
  const plotHeight = Math.max(0, heightPx - CHART_MARGINS.topPx - CHART_MARGINS.bottomPx);
  const style: Record<`--${string}`, string> = {
    '--plot-top': `${CHART_MARGINS.topPx}px`,
    '--plot-bottom': `${CHART_MARGINS.bottomPx}px`,
    '--panel-height': `${plotHeight * (PANELS.histogram[1] - PANELS.histogram[0])}px`,
  };
  return style;
}

/** Dragging the ground moves a zoomed view; a double click shows everything again. */
function usePan({ range, shiftBy, showWhole, whole }: RangeControl, area: PlotArea) {
  const lastPx = useRef<number | null>(null);
  const isZoomed = range.max - range.min < whole.max - whole.min;
  return {
    'data-zoomed': isZoomed,
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0 || !isZoomed || event.target !== event.currentTarget) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      lastPx.current = event.clientX;
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      if (lastPx.current === null) return;
      shiftBy(valueFromPixel(lastPx.current, range, area) - valueFromPixel(event.clientX, range, area));
      lastPx.current = event.clientX;
    },
    onPointerUp: () => {
      lastPx.current = null;
    },
    onPointerCancel: () => {
      lastPx.current = null;
    },
    onDoubleClick: (event: MouseEvent<HTMLElement>) => {
      if (event.target === event.currentTarget) showWhole();
    },
  };
}
