import { isFinished, type JobSnapshot, neverBegan } from '../../../src-shared/contract/jobs';
import type { RateState } from '../../../src-shared/contract/progress-rate';
import { isAnalysis, type StepId, stepOfPhase, stepsOf, stepsOfPhase } from './run-steps';
import type { JobTrail, StepTrace } from './run-trail';

/** The kinds of jobs that the screen shows: complete runs and single steps. */
const SHOWN_KINDS: readonly string[] = ['run', 'calibrate', 'validate', 'bench', 'build', 'merge', 'quantize'];

/**
 * The job to show: the running one, otherwise the waiting one, otherwise the one that ended last. A job that was
 * cancelled before it began is ignored. `jobs` must be ordered from oldest to newest.
 */
export function shownJob(jobs: readonly JobSnapshot[], projectPath: string): JobSnapshot | null {
  const own = jobs.filter((job) => job.projectPath === projectPath && SHOWN_KINDS.includes(job.kind));
  return (
    own.find((job) => job.state === 'running') ??
    own.find((job) => !isFinished(job)) ??
    own.findLast((job) => !neverBegan(job)) ??
    null
  );
}

/** Queued jobs other than the shown one. */
export function waitingJobs(jobs: readonly JobSnapshot[], shown: JobSnapshot | null): readonly JobSnapshot[] {
  return jobs.filter((job) => job.state === 'queued' && job.id !== shown?.id);
}

/**
 * `kept`: an earlier result was reused; `not-needed`: there was nothing to do; `left-out`: the step is not part of this
 * job.
 */
export type StepState = 'waiting' | 'active' | 'done' | 'kept' | 'not-needed' | 'left-out' | 'failed' | 'cancelled';

export interface StepRow {
  readonly id: StepId;
  readonly state: StepState;
  /** The count of the step; null if it counts nothing or has not begun. */
  readonly counted: { readonly done: number; readonly total: number; readonly unit: string } | null;
  /** The current phase; only the active step has one. */
  readonly phase: string | null;
  readonly etaSeconds: number | null;
  readonly perSecond: number | null;
  /** The duration so far; null if the beginning of the step was not observed. */
  readonly seconds: number | null;
}

interface StepListInput {
  readonly snapshot: JobSnapshot;
  readonly trail: JobTrail | null;
  /** Speed of the running phase, if it is known. */
  readonly rate: RateState | null;
  readonly hasValidationSet: boolean;
  readonly nowMs: number;
}

/** The steps of a job. They are derived from the snapshot; times and rates are available if a trail was recorded. */
export function stepRows(input: StepListInput): readonly StepRow[] {
  const { snapshot } = input;
  const trail = input.trail?.jobId === snapshot.id ? input.trail : null;
  const current = stepOfPhase(snapshot, snapshot.phase, trail?.furthest ?? null);
  const steps = stepsOf(snapshot);
  const at = current === null ? -1 : steps.indexOf(current);
  return steps.map((id, index) => {
    const state = stateOf({ id, offset: index - at, input, trail });
    const trace = trail?.steps[id];
    const isCurrent = index === at && snapshot.state === 'running';
    // The phase stands beside the count while it runs; of the step, only the count of its own phases remains.
    const isCounting = isCurrent || (index === at && stepsOfPhase(snapshot.phase).includes(id));
    return {
      id,
      state,
      counted: countedOf(id, isCounting ? snapshot : null, { trace, state }),
      phase: isCurrent ? snapshot.phase : null,
      etaSeconds: isCurrent ? snapshot.etaSeconds : null,
      perSecond: isCurrent && input.rate?.phase === snapshot.phase ? input.rate.perSecond : null,
      seconds: secondsOf(trace, input.nowMs, trail?.fromStart === true || index !== 0),
    };
  });
}

interface StateTask {
  readonly id: StepId;
  /** Position relative to the current step. */
  readonly offset: number;
  readonly input: StepListInput;
  readonly trail: JobTrail | null;
}

function stateOf({ id, offset, input, trail }: StateTask): StepState {
  const { snapshot } = input;
  if (snapshot.kind === 'run' && (id === 'validate' || id === 'diagnose') && !input.hasValidationSet) return 'left-out';
  if (snapshot.state === 'done' || offset < 0) {
    if (trail?.fromStart !== true || trail.steps[id] !== undefined) return 'done';
    // The step is skipped if no group got worse.
    return id === 'diagnose' ? 'not-needed' : 'kept';
  }
  if (offset > 0) return 'waiting';
  if (snapshot.state === 'failed') return 'failed';
  if (snapshot.state === 'cancelled') return 'cancelled';
  return snapshot.state === 'running' ? 'active' : 'waiting';
}

/** The last report before the end of a step may be missing, so a finished step counts as complete. */
function countedOf(
  id: StepId,
  current: JobSnapshot | null,
  { trace, state }: { readonly trace: StepTrace | undefined; readonly state: StepState },
): StepRow['counted'] {
  const counted = lastCount(current, trace);
  // The last count of a finished analysis belongs only to its last part, so it is not shown.
  if (state === 'done' && isAnalysis(id)) return null;
  return counted === null || state !== 'done' ? counted : { ...counted, done: counted.total };
}

function lastCount(current: JobSnapshot | null, trace: StepTrace | undefined): StepRow['counted'] {
  const counted = current !== null && current.total > 0 ? current : trace;
  // Writing a single report is not worth a count.
  if (counted === undefined || counted.total === 0 || counted.unit === 'reports') return null;
  return { done: counted.done, total: counted.total, unit: counted.unit };
}

function secondsOf(trace: StepTrace | undefined, nowMs: number, wasBeginningSeen: boolean): number | null {
  if (trace === undefined || !wasBeginningSeen) return null;
  return Math.max(0, (trace.endedAtMs ?? nowMs) - trace.startedAtMs) / 1000;
}

/**
 * Progress of the whole job, 0..1: the finished steps plus the share of the current one. All steps have equal weight.
 */
export function overallFraction(rows: readonly StepRow[]): number {
  const counted = rows.filter((row) => row.state !== 'left-out');
  if (counted.length === 0) return 0;
  const done = counted.reduce((sum, row) => {
    if (row.state === 'done' || row.state === 'kept' || row.state === 'not-needed') return sum + 1;
    // The share of an analysis is not included, because it restarts with each thing that the analysis counts.
    if (row.state === 'waiting' || row.counted === null || isAnalysis(row.id)) return sum;
    return sum + Math.min(1, row.counted.done / row.counted.total);
  }, 0);
  return done / counted.length;
}
