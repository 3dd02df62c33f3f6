import { ownValue } from '../../../src-shared/base/records';

/**
 * The threshold while it moves. Listeners are called at most once per frame and write to the DOM themselves, so that
 * dragging renders neither React components nor the plot.
 */
export interface LiveThreshold {
  /** The current threshold, real units. */
  readonly current: () => number;
  /** Sets the threshold; the listeners are called in the next frame. */
  readonly set: (thresholdReal: number) => void;
  /** Calls the listener at once with the current value, then whenever the value changes. */
  readonly subscribe: (listener: ThresholdListener) => () => void;
}

export type ThresholdListener = (thresholdReal: number) => void;
export type FrameScheduler = (callback: () => void) => unknown;

export function createLiveThreshold(initialReal: number, schedule: FrameScheduler): LiveThreshold {
  const listeners = new Set<ThresholdListener>();
  let value = initialReal;
  let isScheduled = false;
  const publish = (): void => {
    isScheduled = false;
    for (const listener of listeners) listener(value);
  };
  return {
    current: () => value,
    set: (thresholdReal) => {
      if (thresholdReal === value) return;
      value = thresholdReal;
      if (isScheduled) return;
      isScheduled = true;
      schedule(publish);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      listener(value);
      return () => listeners.delete(listener);
    },
  };
}

/** Moves a threshold by pointer or keys, by whole bins or freely. A move can be cancelled. */
export interface ThresholdEditor {
  readonly grab: (pointerReal: number) => void;
  readonly drag: (pointerReal: number) => void;
  readonly drop: () => void;
  /** Moves the threshold by whole bins; the change is committed by `settle`. */
  readonly nudge: (bins: number) => void;
  /** Moves the threshold to its smallest or largest allowed value. */
  readonly jump: (to: 'min' | 'max') => void;
  /** Commits the changes made by `nudge` and `jump`. */
  readonly settle: () => void;
  /** Restores the threshold from before the move; returns true if a move was in progress. */
  readonly cancel: () => boolean;
  readonly isMoving: () => boolean;
}

export interface EditorLimits {
  readonly minReal: number;
  readonly maxReal: number;
  readonly binWidthReal: number;
}

export function createThresholdEditor(
  live: LiveThreshold,
  limits: EditorLimits,
  commit: (thresholdReal: number) => void,
): ThresholdEditor {
  /** The threshold at the start of the move, and the distance from the pointer to the threshold. */
  let move: { readonly fromReal: number; readonly offsetReal: number } | null = null;
  const clamp = (value: number): number => Math.min(limits.maxReal, Math.max(limits.minReal, value));
  const begin = (offsetReal: number): void => {
    move ??= { fromReal: live.current(), offsetReal };
  };
  const finish = (): void => {
    const from = move?.fromReal;
    move = null;
    if (from !== undefined && from !== live.current()) commit(live.current());
  };
  return {
    grab: (pointerReal) => {
      finish();
      // The handle of a threshold beyond the chart is drawn at the edge of the chart, so the offset is measured from
      // there.
      begin(clamp(live.current()) - pointerReal);
    },
    drag: (pointerReal) => {
      if (move !== null) live.set(clamp(pointerReal + move.offsetReal));
    },
    drop: finish,
    nudge: (bins) => {
      begin(0);
      live.set(clamp(live.current() + bins * limits.binWidthReal));
    },
    jump: (to) => {
      begin(0);
      live.set(to === 'min' ? limits.minReal : limits.maxReal);
    },
    settle: finish,
    cancel: () => {
      if (move === null) return false;
      live.set(move.fromReal);
      move = null;
      return true;
    },
    isMoving: () => move !== null,
  };
}

export type KeyAction =
  | { readonly kind: 'nudge'; readonly bins: number }
  | { readonly kind: 'jump'; readonly to: 'min' | 'max' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'settle' };

const STEPS: Readonly<Record<string, number>> = {
  ArrowRight: 1,
  ArrowUp: 1,
  ArrowLeft: -1,
  ArrowDown: -1,
  PageUp: 100,
  PageDown: -100,
};
const FAST = 10;

/** The action of a key on the handle; null for other keys. */
export function actionOfKey(key: string, isShift: boolean): KeyAction | null {
  const step = ownValue(STEPS, key);
  if (step !== undefined) return { kind: 'nudge', bins: step * (isShift && Math.abs(step) === 1 ? FAST : 1) };
  if (key === 'Home') return { kind: 'jump', to: 'min' };
  if (key === 'End') return { kind: 'jump', to: 'max' };
  if (key === 'Escape') return { kind: 'cancel' };
  if (key === 'Enter') return { kind: 'settle' };
  return null;
}
