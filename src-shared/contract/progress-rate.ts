import type { Progress } from './progress';

/** Time constant of the smoothed rate; older reports have little weight. */
const SMOOTHING_MS = 5_000;
/** Reports that are closer together than this are combined into one step, because their rate would be noise. */
const MIN_STEP_MS = 100;

/** The progress and the speed of a phase. Immutable; `advanceRate` creates the next state. */
export interface RateState {
  readonly phase: string;
  /** Time of the last report that was included in the rate. */
  readonly atMs: number;
  readonly done: number;
  /** Smoothed, units per second; null before the second step. */
  readonly perSecond: number | null;
}

/**
 * Includes one report. The rate is an exponential average weighted by elapsed time, so that it does not depend on the
 * frequency of the reports. A new phase, or a count that decreases, restarts the rate.
 */
export function advanceRate(state: RateState | null, progress: Progress, nowMs: number): RateState {
  const restarted = state === null || state.phase !== progress.phase || progress.done < state.done;
  // The time to the first unit includes loading and building, so that it says nothing about the speed.
  const isFirst = state !== null && !restarted && state.done === 0 && progress.done > 0;
  if (restarted || isFirst) return { phase: progress.phase, atMs: nowMs, done: progress.done, perSecond: null };
  const elapsedMs = nowMs - state.atMs;
  if (elapsedMs < MIN_STEP_MS) return state;
  const stepRate = ((progress.done - state.done) * 1000) / elapsedMs;
  const keep = Math.exp(-elapsedMs / SMOOTHING_MS);
  const perSecond = state.perSecond === null ? stepRate : keep * state.perSecond + (1 - keep) * stepRate;
  return { phase: progress.phase, atMs: nowMs, done: progress.done, perSecond };
}

/** Seconds left: those of the progress itself, else at the smoothed rate; null while they are unknown. */
export function etaSeconds(state: RateState, progress: Progress): number | null {
  if (progress.secondsLeft !== undefined) return progress.secondsLeft;
  if (progress.total <= 0 || state.perSecond === null || state.perSecond <= 0) return null;
  return Math.max(0, (progress.total - progress.done) / state.perSecond);
}
