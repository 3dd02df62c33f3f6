import {
  type CSSProperties,
  type MouseEvent,
  type PointerEvent,
  type RefObject,
  useEffect,
  useMemo,
  useRef,
} from 'react';
import { formatCount, formatReal, formatSignificant } from '../../../src-shared/base/units';
import type { Method } from '../../../src-shared/domain/project/methods';
import { t } from '../../i18n';
import { classNames } from '../../widgets/class-names';
import { METHOD_LETTERS, methodColor } from '../../widgets/badge';
import { Plot } from '../../widgets/plot/plot';
import { useElementSize } from '../../widgets/plot/use-element-size';
import type { TensorAnalysis, TensorCurves } from './analysis';
import { CHART_MARGINS, chartFigure, PANELS, plotAreaOf, scaleOf } from './chart-figure';
import { pixelFromValue, placeLabels, type PlotArea, valueFromPixel, type ValueRange } from './chart-geometry';
import { countIn, edgeOf, intervalOf } from './count-scale';
import { type MethodLine, methodLines } from './methods';
import { ThresholdHandle } from './threshold-handle';
import { type RangeControl, useWheel } from './use-range';
import type { ThresholdSession } from './use-threshold-session';
import styles from './histogram-chart.module.css';

export interface HistogramChartProps {
  readonly session: ThresholdSession;
  readonly curves: TensorCurves;
  readonly control: RangeControl;
  readonly isLog: boolean;
  readonly isSigned: boolean;
  readonly visible: ReadonlySet<string>;
  readonly onChoose: (method: Method) => void;
}

/** The plot, with the moving parts drawn over it: method lines, the threshold handle and the hatch. */
export function HistogramChart({ session, curves, control, isLog, isSigned, visible, onChoose }: HistogramChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const size = useElementSize(box);
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
    // The titles need no dependency, because a change of language mounts the screen again.
    [analysis, curves, range, isLog, isSigned, visible, area],
  );
  const lines = useMemo(() => methodLines(row), [row]);
  useWheel(box, area, control);
  const pan = usePan(control, area);
  return (
    <div
      ref={box}
      className={styles.root}
      data-testid="histogram-chart"
      style={boxStyle(size.heightPx)}
      data-ready={size.widthPx > 0}
      {...pan}
    >
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

/** The positions of the panels as CSS custom properties, for the elements that CSS places. */
function boxStyle(heightPx: number): CSSProperties {
  const plotHeight = Math.max(0, heightPx - CHART_MARGINS.topPx - CHART_MARGINS.bottomPx);
  const style: Record<`--${string}`, string> = {
    '--plot-top': `${CHART_MARGINS.topPx}px`,
    '--plot-bottom': `${CHART_MARGINS.bottomPx}px`,
    '--panel-height': `${plotHeight * (PANELS.histogram[1] - PANELS.histogram[0])}px`,
  };
  return style;
}

/** Dragging the background pans a zoomed view; a double click shows the whole range. */
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

export interface MethodLinesProps {
  readonly lines: readonly MethodLine[];
  readonly range: ValueRange;
  readonly area: PlotArea;
  readonly onChoose: (method: Method) => void;
}

const ROW_PX = 22;
const ROWS = 2;
const LETTER_PX = 24;
const DIGIT_PX = 7;

/** A line at every method's threshold, with a label above the plot that chooses the method. */
export function MethodLines({ lines, range, area, onChoose }: MethodLinesProps) {
  const visible = useMemo(
    () => lines.filter((line) => line.thresholdReal >= range.min && line.thresholdReal <= range.max),
    [lines, range],
  );
  const placed = useMemo(() => {
    const boxes = visible.map((line) => ({
      key: line.method,
      linePx: pixelFromValue(line.thresholdReal, range, area),
      widthPx: labelWidth(line),
    }));
    return new Map(
      placeLabels(boxes, { leftPx: area.leftPx, rightPx: area.leftPx + area.widthPx + 16, rows: ROWS, gapPx: 4 }).map(
        (label) => [label.key, label],
      ),
    );
  }, [visible, range, area]);
  return (
    <>
      {visible.map((line) => {
        const label = placed.get(line.method);
        const linePx = pixelFromValue(line.thresholdReal, range, area);
        const color = methodColor(line.method);
        const topPx = (ROWS - 1 - (label?.row ?? 0)) * ROW_PX + 2;
        return (
          <div key={line.method}>
            <div
              className={classNames(styles.line, line.isInUse && styles.lineUsed)}
              style={{ left: linePx, borderColor: color, top: topPx + ROW_PX - 4 }}
            />
            <button
              type="button"
              className={classNames(styles.label, line.isInUse && styles.labelUsed)}
              style={{ left: label?.leftPx ?? linePx, top: topPx, width: labelWidth(line), borderColor: color }}
              aria-pressed={line.isInUse}
              title={t('histogram.label.hint', {
                method: t(`histogram.method.${line.method}`),
                value: String(line.thresholdReal),
              })}
              onClick={() => onChoose(line.method)}
            >
              <span className={styles.letter} style={{ color }} aria-hidden="true">
                {METHOD_LETTERS[line.method]}
              </span>
              <span className="visually-hidden">{t(`histogram.method.${line.method}`)} </span>
              {formatReal(line.thresholdReal)}
            </button>
          </div>
        );
      })}
    </>
  );
}

function labelWidth(line: MethodLine): number {
  return LETTER_PX + formatReal(line.thresholdReal).length * DIGIT_PX;
}

interface BinReadoutProps {
  readonly box: RefObject<HTMLElement | null>;
  readonly analysis: TensorAnalysis;
  readonly range: ValueRange;
  readonly area: PlotArea;
  readonly isSigned: boolean;
  /** The title of the x axis; shown while the pointer is outside the plot. */
  readonly title: string;
}

/**
 * The text under the x axis: the axis title, or the bin under the pointer and the number of values of each series in
 * it. The text is written to the DOM directly, without rendering.
 */
export function BinReadout({ box, analysis, range, area, isSigned, title }: BinReadoutProps) {
  const text = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    const output = text.current;
    if (element === null || output === null) return undefined;
    const onMove = (event: globalThis.PointerEvent): void => {
      const px = event.clientX - element.getBoundingClientRect().left;
      const isInside = event.buttons === 0 && px >= area.leftPx && px <= area.leftPx + area.widthPx;
      output.textContent = isInside ? describeBin(analysis, valueFromPixel(px, range, area), isSigned) : title;
    };
    const onLeave = (): void => {
      output.textContent = title;
    };
    onLeave();
    element.addEventListener('pointermove', onMove);
    element.addEventListener('pointerleave', onLeave);
    return () => {
      element.removeEventListener('pointermove', onMove);
      element.removeEventListener('pointerleave', onLeave);
    };
  }, [box, analysis, range, area, isSigned, title]);
  return <div ref={text} className={styles.bin} aria-hidden="true" />;
}

function describeBin(analysis: TensorAnalysis, valueReal: number, isSigned: boolean): string {
  const scale = scaleOf(analysis, isSigned);
  const index = intervalOf(scale, valueReal);
  const low = isSigned ? edgeOf(scale, index) : Math.max(0, edgeOf(scale, index));
  const high = edgeOf(scale, index + 1);
  const groups = analysis.groups.map(
    (group) => `${group.name} ${formatCount(countIn(group.histogram, scale, index, isSigned))}`,
  );
  const total = t(isSigned ? 'histogram.bin.signed' : 'histogram.bin', {
    low: formatSignificant(low, 5),
    high: formatSignificant(high, 5),
    count: countIn(analysis.histogram, scale, index, isSigned),
  });
  return [total, ...groups].join('   ');
}
