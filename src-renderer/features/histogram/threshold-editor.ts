import { ownValue } from '../../../src-shared/base/records';

/**
 * The threshold while it moves. Listeners hear of it once a frame at most and write to the page themselves: a drag
 * renders neither React nor the plot.
 */
export interface LiveThreshold {
  /** Real units. */
  readonly current: () => number;
  /** Tells the listeners in the next frame. */
  readonly set: (thresholdReal: number) => void;
  /** Calls at once with the present value, then whenever it changes. */
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

/** What moves a threshold by hand: pointer and keys, one bin at a time or freely, with a way back. */
export interface ThresholdEditor {
  readonly grab: (pointerReal: number) => void;
  readonly drag: (pointerReal: number) => void;
  readonly drop: () => void;
  /** By whole bins; kept until `settle`. */
  readonly nudge: (bins: number) => void;
  /** To an end of what can be set. */
  readonly jump: (to: 'min' | 'max') => void;
  /** Sends what nudges changed. */
  readonly settle: () => void;
  /** Back to where the move began; true when there was a move to take back. */
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
  /** Where the move began, and how far from the threshold the pointer took hold of it. */
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
      // A threshold beyond the chart has its handle at the edge: that is where the pointer takes hold of it.
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

/** What a key does to the handle; null for keys that are not its own. */
export function actionOfKey(key: string, isShift: boolean): KeyAction | null {
  const step = ownValue(STEPS, key);
  if (step !== undefined) return { kind: 'nudge', bins: step * (isShift && Math.abs(step) === 1 ? FAST : 1) };
  if (key === 'Home') return { kind: 'jump', to: 'min' };
  if (key === 'End') return { kind: 'jump', to: 'max' };
  if (key === 'Escape') return { kind: 'cancel' };
  if (key === 'Enter') return { kind: 'settle' };
  return null;
}
