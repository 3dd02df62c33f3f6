import type { JobId } from '../base/brand';
import type { PartialResult } from '../domain/analysis/partial';
import type { WireError } from './errors';
import type { JobResult } from './job-results';
import type { JobKind } from './job-specs';
import type { Progress } from './progress';

/** Analyses that a run may include, see the fields `searches`, `fixes` and `diagnoses` of its specification. */
export const RUN_ANALYSES = ['search', 'fix', 'diagnose'] as const;
export type RunAnalysis = (typeof RUN_ANALYSES)[number];

export type JobState = 'queued' | 'running' | 'done' | 'failed' | 'cancelled';

/**
 * The whole state of a job at one moment; `sequence` is incremented with every change, so that late messages can be
 * dropped.
 */
export interface JobSnapshot {
  readonly id: JobId;
  readonly kind: JobKind;
  readonly projectPath: string;
  /** For a run: the analyses that were requested. */
  readonly analyses?: readonly RunAnalysis[];
  readonly sequence: number;
  readonly state: JobState;
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly etaSeconds: number | null;
  /** What the job has found so far; see Progress. */
  readonly partial?: PartialResult;
  readonly error: WireError | null;
  /** The job did not end within the time allowed after a cancel, and its process was killed. */
  readonly forced: boolean;
  readonly result: JobResult | null;
  /** Absent until the job begins to run. */
  readonly times?: JobTimes;
}

/**
 * The times of a job and its phases in ms since it began to run, so that a window that is opened later can show them.
 */
export interface JobTimes {
  /** Until now; for a job that has ended, until its end. */
  readonly elapsedMs: number;
  /**
   * In the order in which they began; each phase ends when the next begins. All phases of an analysis within a run
   * count as one.
   */
  readonly phases: readonly PhaseTimes[];
}

export interface PhaseTimes extends Omit<Progress, 'partial' | 'secondsLeft'> {
  readonly beganMs: number;
}

/** Whether a job was cancelled before it began, so that there is nothing to show. */
export function neverBegan(snapshot: Pick<JobSnapshot, 'state' | 'phase'>): boolean {
  return snapshot.state === 'cancelled' && snapshot.phase === 'waiting';
}

export function isFinished(snapshot: Pick<JobSnapshot, 'state'>): boolean {
  return snapshot.state === 'done' || snapshot.state === 'failed' || snapshot.state === 'cancelled';
}
