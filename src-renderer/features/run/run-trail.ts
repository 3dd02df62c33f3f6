import { isFinished, type JobSnapshot, type JobTimes } from '../../../src-shared/contract/jobs';
import { stepOfPhase, stepsOf, stepsOfPhase, type StepId } from './run-steps';

/** The times when a step began and ended, and its progress. */
export interface StepTrace {
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** The largest reported count of the step; total is 0 if the step counted nothing. */
  readonly done: number;
  readonly total: number;
  readonly unit: string;
}

/**
 * The recorded progress of one job. It is collected from all snapshots, because a snapshot has no data about earlier
 * steps.
 */
export interface JobTrail {
  readonly jobId: string;
  readonly sequence: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** False if the job was already running when it was first observed, so that earlier steps may be missing. */
  readonly fromStart: boolean;
  readonly furthest: StepId | null;
  readonly steps: Readonly<Partial<Record<StepId, StepTrace>>>;
}

const BEFORE_ANY_STEP: readonly string[] = ['waiting', 'starting'];

function beginTrail(snapshot: JobSnapshot, nowMs: number): JobTrail {
  return {
    jobId: snapshot.id,
    sequence: -1,
    startedAtMs: nowMs,
    endedAtMs: null,
    fromStart: snapshot.state === 'queued' || BEFORE_ANY_STEP.includes(snapshot.phase),
    furthest: null,
    steps: {},
  };
}

/**
 * The trail of a job that is observed for the first time, including the earlier phases that the application reports.
 */
function trailFromTimes(snapshot: JobSnapshot, times: JobTimes, nowMs: number): JobTrail {
  const startedAtMs = nowMs - times.elapsedMs;
  let trail: JobTrail = { ...beginTrail(snapshot, startedAtMs), fromStart: true };
  for (const { beganMs, ...progress } of times.phases) {
    const then: JobSnapshot = { ...snapshot, ...progress, state: 'running' };
    const furthest = stepOfPhase(then, then.phase, trail.furthest);
    trail = {
      ...trail,
      furthest,
      steps:
        furthest === null
          ? trail.steps
          : advanceSteps({ steps: trail.steps, snapshot: then, furthest, nowMs: startedAtMs + beganMs }),
    };
  }
  return trail;
}

/** Adds one snapshot to the trail. Late or repeated snapshots (by sequence number) are ignored. */
export function advanceTrail(trail: JobTrail | null, snapshot: JobSnapshot, nowMs: number): JobTrail {
  const isKnown = trail !== null && trail.jobId === snapshot.id;
  const isTold = snapshot.times !== undefined;
  const known = isKnown
    ? trail
    : isTold
      ? trailFromTimes(snapshot, snapshot.times, nowMs)
      : beginTrail(snapshot, nowMs);
  if (snapshot.sequence <= known.sequence) return known;
  const furthest = stepOfPhase(snapshot, snapshot.phase, known.furthest);
  const ended = isFinished(snapshot);
  return {
    ...known,
    sequence: snapshot.sequence,
    endedAtMs: ended ? (known.endedAtMs ?? nowMs) : null,
    furthest,
    // If the job had already ended when it was first observed, no times are known.
    steps:
      furthest === null || (ended && !isKnown && !isTold)
        ? known.steps
        : advanceSteps({ steps: known.steps, snapshot, furthest, nowMs }),
  };
}

interface StepsUpdate {
  readonly steps: JobTrail['steps'];
  readonly snapshot: JobSnapshot;
  readonly furthest: StepId;
  readonly nowMs: number;
}

function advanceSteps({ steps, snapshot, furthest, nowMs }: StepsUpdate): JobTrail['steps'] {
  const next: Partial<Record<StepId, StepTrace>> = {};
  for (const id of stepsOf(snapshot)) {
    const trace = steps[id];
    if (id !== furthest) {
      if (trace !== undefined) next[id] = trace.endedAtMs === null ? { ...trace, endedAtMs: nowMs } : trace;
      continue;
    }
    const isCounted = snapshot.total > 0 && stepsOfPhase(snapshot.phase).includes(id);
    const counts = isCounted ? { done: snapshot.done, total: snapshot.total, unit: snapshot.unit } : null;
    const begun = trace ?? { startedAtMs: nowMs, endedAtMs: null, done: 0, total: 0, unit: snapshot.unit };
    next[id] = { ...begun, ...counts, endedAtMs: isFinished(snapshot) ? (begun.endedAtMs ?? nowMs) : null };
  }
  return next;
}
