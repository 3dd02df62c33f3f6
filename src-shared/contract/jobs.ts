import type { JobId } from '../base/brand';
import type { WireError } from './errors';
import type { JobResult } from './job-results';
import type { JobKind } from './job-specs';
import type { Progress } from './progress';

/** Analyses that a run may include, see the fields `searches` and `diagnoses` of its specification. */
export const RUN_ANALYSES = ['search', 'diagnose'] as const;
export type RunAnalysis = (typeof RUN_ANALYSES)[number];

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

/**
 * The whole state of a job at one moment; `sequence` grows by one with every change, so late messages can be dropped.
 */
export interface JobSnapshot {
  readonly id: JobId;
  readonly kind: JobKind;
  readonly projectPath: string;
  /** Of a run: the analyses that it was asked for. */
  readonly analyses?: readonly RunAnalysis[];
  readonly sequence: number;
  readonly state: JobState;
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly etaSeconds: number | null;
  readonly error: WireError | null;
  /** The job did not end within the time allowed after a cancel, and its process was killed. */
  readonly forced: boolean;
  readonly result: JobResult | null;
  /** Absent until the job begins to run. */
  readonly times?: JobTimes;
}

/** When a job did what, in ms since it began to run, so that a window that was opened later knows it too. */
export interface JobTimes {
  /** Until now; of a finished job until its end. */
  readonly elapsedMs: number;
  /**
   * In the order in which they began; each ends where the next begins. The phases of an analysis within a run are one.
   */
  readonly phases: readonly PhaseTimes[];
}

export interface PhaseTimes extends Progress {
  readonly beganMs: number;
}

/** Whether a job was cancelled before it began, so that it has nothing to show. */
export function neverBegan(snapshot: Pick<JobSnapshot, 'state' | 'phase'>): boolean {
  return snapshot.state === 'cancelled' && snapshot.phase === 'waiting';
}

export function isFinished(snapshot: Pick<JobSnapshot, 'state'>): boolean {
  return snapshot.state === 'done' || snapshot.state === 'failed' || snapshot.state === 'cancelled';
}
