import { isFinished, type JobSnapshot, neverBegan } from '../../../src-shared/contract/jobs';
import type { RateState } from '../../../src-shared/contract/progress-rate';
import { isAnalysis, type StepId, stepOfPhase, stepsOf } from './run-steps';
import type { JobTrail, StepTrace } from './run-trail';

/** The kinds of job that the screen shows, the whole job and its single steps. */
const SHOWN_KINDS: readonly string[] = ['run', 'calibrate', 'validate', 'bench', 'build', 'merge', 'quantize'];

/**
 * The job to show: the one under way, else the one waiting, else the one that ended last. One that was cancelled before
 * it began hides nothing. `jobs` oldest first.
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

/** Jobs that wait behind the one shown. */
export function waitingJobs(jobs: readonly JobSnapshot[], shown: JobSnapshot | null): readonly JobSnapshot[] {
  return jobs.filter((job) => job.state === 'queued' && job.id !== shown?.id);
}

/**
 * `kept`: an earlier result was reused; `not-needed`: there was nothing to do and no earlier result; `left-out`: the
 * step is not part of this job.
 */
export type StepState = 'waiting' | 'active' | 'done' | 'kept' | 'not-needed' | 'left-out' | 'failed' | 'cancelled';

export interface StepRow {
  readonly id: StepId;
  readonly state: StepState;
  /** What it counted; null when it counted nothing or has not begun. */
  readonly counted: { readonly done: number; readonly total: number; readonly unit: string } | null;
  /** Of the active step only. */
  readonly phase: string | null;
  readonly etaSeconds: number | null;
  readonly perSecond: number | null;
  /** How long it took, or takes so far; null when nobody saw it begin. */
  readonly seconds: number | null;
}

interface StepListInput {
  readonly snapshot: JobSnapshot;
  readonly trail: JobTrail | null;
  /** Speed of the running phase, when it is known. */
  readonly rate: RateState | null;
  readonly hasValidationSet: boolean;
  readonly nowMs: number;
}

/** The steps of a job: from its snapshot alone after a reload, with times and rates if a trail was recorded. */
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
    return {
      id,
      state,
      counted: countedOf(id, index === at ? snapshot : null, { trace, state }),
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
    // No group got worse.
    return id === 'diagnose' ? 'not-needed' : 'kept';
  }
  if (offset > 0) return 'waiting';
  if (snapshot.state === 'failed') return 'failed';
  if (snapshot.state === 'cancelled') return 'cancelled';
  return snapshot.state === 'running' ? 'active' : 'waiting';
}

/** The last report before the end of a step may be missing: what is done counts as whole. */
function countedOf(
  id: StepId,
  current: JobSnapshot | null,
  { trace, state }: { readonly trace: StepTrace | undefined; readonly state: StepState },
): StepRow['counted'] {
  const counted = lastCount(current, trace);
  // Of an analysis that is over the last thing that it counted says nothing.
  if (state === 'done' && isAnalysis(id)) return null;
  return counted === null || state !== 'done' ? counted : { ...counted, done: counted.total };
}

function lastCount(current: JobSnapshot | null, trace: StepTrace | undefined): StepRow['counted'] {
  const counted = current !== null && current.total > 0 ? current : trace;
  // One report is nothing to count.
  if (counted === undefined || counted.total === 0 || counted.unit === 'reports') return null;
  return { done: counted.done, total: counted.total, unit: counted.unit };
}

function secondsOf(trace: StepTrace | undefined, nowMs: number, wasBeginningSeen: boolean): number | null {
  if (trace === undefined || !wasBeginningSeen) return null;
  return Math.max(0, (trace.endedAtMs ?? nowMs) - trace.startedAtMs) / 1000;
}

/** Progress of the whole job, 0..1: finished steps plus the share of the current one, every step weighing the same. */
export function overallFraction(rows: readonly StepRow[]): number {
  const counted = rows.filter((row) => row.state !== 'left-out');
  if (counted.length === 0) return 0;
  const done = counted.reduce((sum, row) => {
    if (row.state === 'done' || row.state === 'kept' || row.state === 'not-needed') return sum + 1;
    // The share of an analysis would run backwards.
    if (row.state === 'waiting' || row.counted === null || isAnalysis(row.id)) return sum;
    return sum + Math.min(1, row.counted.done / row.counted.total);
  }, 0);
  return done / counted.length;
}
