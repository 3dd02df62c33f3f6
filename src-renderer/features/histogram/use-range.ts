import { useEffect, useMemo, useRef, useState, type RefObject } from 'react';
import {
  type PlotArea,
  shifted,
  tailRange,
  valueFromPixel,
  type ValueRange,
  wholeRange,
  zoomed,
} from './chart-geometry';

/** The range of the x axis and the ways to change it. */
export interface RangeControl {
  readonly range: ValueRange;
  readonly whole: ValueRange;
  /** True while the range is the one that `showTail` set. */
  readonly isTail: boolean;
  readonly showWhole: () => void;
  readonly showTail: () => void;
  /** Zooms around the middle; a factor below 1 zooms in. */
  readonly zoomBy: (factor: number) => void;
  /** Zooms around the value under the pointer. */
  readonly zoomAt: (factor: number, anchorReal: number) => void;
  readonly shiftBy: (byReal: number) => void;
}

export interface RangeInput {
  readonly tensor: string;
  readonly largestReal: number;
  readonly binWidthReal: number;
  readonly isSigned: boolean;
  readonly thresholdsReal: readonly number[];
}

/** The smallest number of bins that the view can show. */
const NARROWEST_BINS = 24;

export function useRange({ tensor, largestReal, binWidthReal, isSigned, thresholdsReal }: RangeInput): RangeControl {
  const whole = useMemo(() => wholeRange(largestReal, isSigned), [largestReal, isSigned]);
  const key = `${tensor} ${String(isSigned)}`;
  const [chosen, setChosen] = useState<{
    readonly key: string;
    readonly range: ValueRange;
    readonly isTail: boolean;
  } | null>(null);
  const range = chosen?.key === key ? chosen.range : whole;
  const isTail = chosen?.key === key && chosen.isTail;
  return useMemo(() => {
    const change = (next: (range: ValueRange) => ValueRange): void =>
      setChosen((before) => ({ key, range: next(before?.key === key ? before.range : whole), isTail: false }));
    const zoomAt = (factor: number, anchorReal: number): void =>
      change((before) =>
        zoomed(before, whole, {
          factor,
          anchorReal,
          narrowestReal: Math.min(whole.max, binWidthReal * NARROWEST_BINS),
        }),
      );
    return {
      range,
      whole,
      isTail,
      showWhole: () => setChosen(null),
      showTail: () => setChosen({ key, range: tailRange(thresholdsReal, largestReal), isTail: true }),
      zoomAt,
      zoomBy: (factor) => zoomAt(factor, (range.min + range.max) / 2),
      shiftBy: (byReal) => change((before) => shifted(before, whole, byReal)),
    };
  }, [range, whole, isTail, key, binWidthReal, largestReal, thresholdsReal]);
}

const ZOOM_PER_PIXEL = 0.0016;

/** The wheel zooms around the pointer; with Shift, or sideways, it pans. The range changes at most once per frame. */
export function useWheel(ref: RefObject<HTMLElement | null>, area: PlotArea, control: RangeControl): void {
  const latest = useRef({ area, control });
  useEffect(() => {
    latest.current = { area, control };
  }, [area, control]);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return undefined;
    let pending = { zoomPx: 0, shiftPx: 0, atPx: 0 };
    let frame = 0;
    const apply = (): void => {
      const {
        area: where,
        control: { range, zoomAt, shiftBy },
      } = latest.current;
      const { zoomPx, shiftPx, atPx } = pending;
      pending = { zoomPx: 0, shiftPx: 0, atPx: 0 };
      frame = 0;
      if (zoomPx !== 0) zoomAt(Math.exp(zoomPx * ZOOM_PER_PIXEL), valueFromPixel(atPx, range, where));
      if (shiftPx !== 0) shiftBy((shiftPx / where.widthPx) * (range.max - range.min));
    };
    const onWheel = (event: WheelEvent): void => {
      if (event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      const delta =
        (isSideways && event.deltaX !== 0 ? event.deltaX : event.deltaY) *
        (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1);
      const zoomPx = pending.zoomPx + (isSideways ? 0 : delta);
      const shiftPx = pending.shiftPx + (isSideways ? delta : 0);
      pending = { zoomPx, shiftPx, atPx: event.clientX - element.getBoundingClientRect().left };
      if (frame === 0) frame = requestAnimationFrame(apply);
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => {
      element.removeEventListener('wheel', onWheel);
      cancelAnimationFrame(frame);
    };
  }, [ref]);
}
