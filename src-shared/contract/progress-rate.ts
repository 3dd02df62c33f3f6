import type { Progress } from './progress';

/** Time constant of the smoothed rate: what happened longer ago hardly counts. */
const SMOOTHING_MS = 5_000;
/** Reports closer together than this are taken as one step, because their rate would be noise. */
const MIN_STEP_MS = 100;

/** Where a phase is and how fast it goes. Immutable; `advanceRate` makes the next one. */
export interface RateState {
  readonly phase: string;
  /** Last report that entered the rate. */
  readonly atMs: number;
  readonly done: number;
  /** Smoothed, units per second; null before the second step. */
  readonly perSecond: number | null;
}

/**
 * Takes in one report. The rate is an exponential average weighted by elapsed time, so it does not depend on how often
 * reports come; a new phase, or a count that falls, starts again.
 */
export function advanceRate(state: RateState | null, progress: Progress, nowMs: number): RateState {
  const restarted = state === null || state.phase !== progress.phase || progress.done < state.done;
  // The time to the first unit holds what had to be loaded and built: it says nothing about the pace.
  const isFirst = state !== null && !restarted && state.done === 0 && progress.done > 0;
  if (restarted || isFirst) return { phase: progress.phase, atMs: nowMs, done: progress.done, perSecond: null };
  const elapsedMs = nowMs - state.atMs;
  if (elapsedMs < MIN_STEP_MS) return state;
  const stepRate = ((progress.done - state.done) * 1000) / elapsedMs;
  const keep = Math.exp(-elapsedMs / SMOOTHING_MS);
  const perSecond = state.perSecond === null ? stepRate : keep * state.perSecond + (1 - keep) * stepRate;
  return { phase: progress.phase, atMs: nowMs, done: progress.done, perSecond };
}

/** Seconds left at the smoothed rate; null while the total or the rate is unknown. */
export function etaSeconds(state: RateState, progress: Progress): number | null {
  if (progress.total <= 0 || state.perSecond === null || state.perSecond <= 0) return null;
  return Math.max(0, (progress.total - progress.done) / state.perSecond);
}
