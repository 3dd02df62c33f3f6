import { useEffect, useLayoutEffect, useRef, type KeyboardEvent, type PointerEvent } from 'react';
import { formatReal } from '../../../src-shared/base/units';
import { t } from '../../i18n';
import { useSession } from '../../state/session';
import { pixelFromValue, type PlotArea, valueFromPixel, type ValueRange } from './chart-geometry';
import { actionOfKey } from './threshold-editor';
import type { ThresholdSession } from './use-threshold-session';
import styles from './threshold-handle.module.css';

export interface HandleProps {
  readonly session: ThresholdSession;
  readonly range: ValueRange;
  readonly area: PlotArea;
  readonly isSigned: boolean;
}

/** The draggable line of the threshold, and the hatch over the clipped range. Both move only by CSS transforms. */
export function ThresholdHandle({ session, range, area, isSigned }: HandleProps) {
  const handle = useRef<HTMLDivElement>(null);
  const tag = useRef<HTMLSpanElement>(null);
  const hatch = useRef<HTMLDivElement>(null);
  const mirror = useRef<HTMLDivElement>(null);
  const { live, limits } = session;
  useLayoutEffect(
    () =>
      live.subscribe((thresholdReal) => {
        const px = pixelFromValue(thresholdReal, range, area);
        place(handle.current, Math.min(area.leftPx + area.widthPx, Math.max(area.leftPx, px)));
        place(hatch.current, Math.max(0, px - area.leftPx));
        if (isSigned)
          place(mirror.current, Math.min(0, pixelFromValue(-thresholdReal, range, area) - area.leftPx - area.widthPx));
        const isInside = px >= area.leftPx - 1 && px <= area.leftPx + area.widthPx + 1;
        handle.current?.toggleAttribute('data-outside', !isInside);
        handle.current?.toggleAttribute('data-flipped', px > area.leftPx + area.widthPx - 70);
        const text = formatReal(thresholdReal);
        if (tag.current !== null && tag.current.textContent !== text) tag.current.textContent = text;
        handle.current?.setAttribute('aria-valuenow', String(thresholdReal));
        handle.current?.setAttribute('aria-valuetext', text);
      }),
    [live, range, area, isSigned],
  );
  const pointer = useHandlePointer(session, range, area);
  const keys = useHandleKeys(session);
  return (
    <>
      <div className={styles.clip} style={{ left: area.leftPx, width: area.widthPx }}>
        <div ref={hatch} className={styles.hatch} />
        {isSigned ? <div ref={mirror} className={styles.hatch} /> : null}
      </div>
      <div
        ref={handle}
        className={styles.root}
        role="slider"
        tabIndex={0}
        aria-label={t('histogram.handle', { tensor: session.row.name })}
        aria-orientation="horizontal"
        aria-valuemin={limits.min}
        aria-valuemax={limits.max}
        aria-valuenow={live.current()}
        title={t('histogram.handle.hint')}
        {...pointer}
        {...keys}
      >
        <span ref={tag} className={styles.tag} />
      </div>
    </>
  );
}

function place(element: HTMLElement | null, px: number): void {
  if (element !== null) element.style.transform = `translateX(${px}px)`;
}

function useHandlePointer({ editor }: ThresholdSession, range: ValueRange, area: PlotArea) {
  const originPx = useRef(0);
  const valueAt = (event: PointerEvent): number => valueFromPixel(event.clientX - originPx.current, range, area);
  return {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0) return;
      // The position is measured once, because reading it during every move would force a layout.
      originPx.current = event.currentTarget.parentElement?.getBoundingClientRect().left ?? 0;
      event.currentTarget.setPointerCapture(event.pointerId);
      event.currentTarget.focus();
      editor.grab(valueAt(event));
      event.stopPropagation();
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      if (event.currentTarget.hasPointerCapture(event.pointerId)) editor.drag(valueAt(event));
    },
    onPointerUp: (event: PointerEvent<HTMLElement>) => {
      if (event.currentTarget.hasPointerCapture(event.pointerId)) editor.drop();
    },
    onPointerCancel: () => {
      editor.cancel();
    },
  };
}

/** The delay in milliseconds after the last key press before the changes are committed together. */
const SETTLE_MS = 500;

function useHandleKeys({ editor }: ThresholdSession) {
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const hasCommitted = useRef(false);
  useEffect(() => () => clearTimeout(timer.current), [editor]);
  const settle = (): void => {
    clearTimeout(timer.current);
    if (editor.isMoving()) hasCommitted.current = true;
    editor.settle();
  };
  return {
    onBlur: settle,
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => {
      const action = event.ctrlKey || event.metaKey || event.altKey ? null : actionOfKey(event.key, event.shiftKey);
      if (action === null) return;
      // If there is nothing to cancel, the window handles Escape.
      if (action.kind === 'cancel' && !editor.isMoving() && !hasCommitted.current) return;
      event.preventDefault();
      event.stopPropagation();
      clearTimeout(timer.current);
      if (action.kind === 'settle') return settle();
      if (action.kind === 'cancel') {
        // Escape cancels the current move; without one, it undoes the last change that was committed here.
        if (!editor.cancel() && hasCommitted.current) void useSession.getState().undo();
        hasCommitted.current = false;
        return;
      }
      if (action.kind === 'nudge') editor.nudge(action.bins);
      else editor.jump(action.to);
      timer.current = setTimeout(settle, SETTLE_MS);
    },
  };
}
