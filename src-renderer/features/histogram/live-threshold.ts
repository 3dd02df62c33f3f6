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
