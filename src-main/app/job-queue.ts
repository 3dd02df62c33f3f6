import { randomUUID } from 'node:crypto';
import { jobId as toJobId, type JobId } from '../../src-shared/base/brand';
import { cancelledError, WorkbenchError } from '../../src-shared/base/errors';
import { toWireError } from '../../src-shared/contract/errors';
import type { JobResult } from '../../src-shared/contract/job-results';
import type { JobSpec, RunSpec } from '../../src-shared/contract/job-specs';
import {
  isFinished,
  RUN_ANALYSES,
  type JobSnapshot,
  type PhaseTimes,
  type RunAnalysis,
} from '../../src-shared/contract/jobs';
import { abortPatiently, type Progress, type TaskContext } from '../../src-shared/contract/progress';
import { advanceRate, etaSeconds, type RateState } from '../../src-shared/contract/progress-rate';

/** Minimum time between two progress events of a job. The final state is always sent. */
const EVENT_INTERVAL_MS = 100;
/** Number of finished jobs that are kept, so that a window that reconnects learns how they ended. */
const KEPT_JOBS = 50;

export type JobRunner = (spec: JobSpec, context: TaskContext) => Promise<JobResult>;

interface Job {
  snapshot: JobSnapshot;
  readonly spec: JobSpec;
  readonly controller: AbortController;
  readonly finished: Promise<void>;
  readonly markFinished: () => void;
  rate: RateState | null;
  /** Time at which the job began to run, on the clock of the queue; null while it is queued. */
  beganAt: number | null;
  lastEventAt: number;
}

export interface JobQueueOptions {
  readonly run: JobRunner;
  readonly onChange: (snapshot: JobSnapshot) => void;
  /** Monotonic clock, milliseconds. */
  readonly now?: () => number;
  /** Whether an error means that the compute process had to be killed to cancel the job. */
  readonly isForced?: (error: unknown) => boolean;
}

/** Runs jobs one after the other, because they use the same cores. Every change of a job makes a new snapshot. */
export class JobQueue {
  private readonly jobs = new Map<JobId, Job>();
  private tail: Promise<void> = Promise.resolve();
  private readonly now: () => number;

  constructor(private readonly options: JobQueueOptions) {
    this.now = options.now ?? (() => performance.now());
  }

  start(spec: JobSpec): JobId {
    const id = toJobId(randomUUID());
    let markFinished = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      markFinished = resolve;
    });
    const job: Job = {
      spec,
      snapshot: {
        id,
        kind: spec.kind,
        projectPath: spec.projectPath,
        ...(spec.kind === 'run' ? { analyses: analysesOf(spec) } : {}),
        sequence: 0,
        state: 'queued',
        phase: 'waiting',
        done: 0,
        total: 0,
        unit: '',
        etaSeconds: null,
        error: null,
        forced: false,
        result: null,
      },
      controller: new AbortController(),
      finished,
      markFinished,
      rate: null,
      beganAt: null,
      lastEventAt: Number.NEGATIVE_INFINITY,
    };
    this.jobs.set(id, job);
    this.notify(job);
    this.tail = this.tail.then(() => this.execute(job));
    this.forgetOld();
    return id;
  }

  get(id: JobId): JobSnapshot {
    return this.upToNow(this.find(id));
  }

  list(): readonly JobSnapshot[] {
    return [...this.jobs.values()].map((job) => this.upToNow(job));
  }

  /** Resolves with the final snapshot as soon as the job has ended. */
  async finished(id: JobId): Promise<JobSnapshot> {
    const job = this.find(id);
    await job.finished;
    return job.snapshot;
  }

  /**
   * Cancels the job and resolves with its final snapshot as soon as it has ended.
   * @param finishes see isPatient.
   */
  async cancel(id: JobId, finishes = false): Promise<JobSnapshot> {
    const job = this.find(id);
    if (finishes) abortPatiently(job.controller);
    else job.controller.abort();
    if (job.snapshot.state === 'queued') this.finish(job, { state: 'cancelled', error: toWireError(cancelledError()) });
    await job.finished;
    return job.snapshot;
  }

  private find(id: JobId): Job {
    const job = this.jobs.get(id);
    if (!job)
      throw new WorkbenchError('not-found', `There is no job "${id}"`, {
        hint: `Only the last ${KEPT_JOBS} finished jobs are kept; listJobs lists the jobs that are known.`,
      });
    return job;
  }

  private async execute(job: Job): Promise<void> {
    if (isFinished(job.snapshot)) return;
    job.beganAt = this.now();
    this.change(job, { state: 'running', phase: 'starting', times: { elapsedMs: 0, phases: [] } }, true);
    try {
      const result = await this.options.run(job.spec, {
        signal: job.controller.signal,
        onProgress: (progress) => this.progress(job, progress),
      });
      this.finish(job, { state: 'done', result });
    } catch (error) {
      const wire = toWireError(error);
      const isCancelled = wire.code === 'cancelled';
      this.finish(job, {
        state: isCancelled ? 'cancelled' : 'failed',
        error: wire,
        forced: this.options.isForced?.(error) ?? false,
      });
    }
  }

  private progress(job: Job, progress: Progress): void {
    if (isFinished(job.snapshot)) return;
    const now = this.now();
    const { partial, phase, done, total, unit } = progress;
    const counted = { phase, done, total, unit };
    job.rate = advanceRate(job.rate, progress, now);
    const elapsedMs = now - (job.beganAt ?? now);
    const times = { elapsedMs, phases: withProgress(job.snapshot.times?.phases ?? [], counted, elapsedMs) };
    this.change(
      job,
      {
        ...counted,
        times,
        etaSeconds: etaSeconds(job.rate, progress),
        ...(partial === undefined ? {} : { partial }),
      },
      phase !== job.snapshot.phase,
    );
  }

  private finish(job: Job, end: Partial<JobSnapshot>): void {
    const { times } = this.upToNow(job);
    this.change(job, { ...end, etaSeconds: null, ...(times === undefined ? {} : { times }) }, true);
    job.markFinished();
  }

  /** The snapshot of a running job with the time that has passed since its last report. */
  private upToNow({ snapshot, beganAt }: Job): JobSnapshot {
    if (beganAt === null || snapshot.times === undefined || isFinished(snapshot)) return snapshot;
    return { ...snapshot, times: { ...snapshot.times, elapsedMs: this.now() - beganAt } };
  }

  private change(job: Job, change: Partial<JobSnapshot>, isUrgent: boolean): void {
    job.snapshot = { ...job.snapshot, ...change, sequence: job.snapshot.sequence + 1 };
    const now = this.now();
    if (!isUrgent && now - job.lastEventAt < EVENT_INTERVAL_MS) return;
    job.lastEventAt = now;
    this.notify(job);
  }

  /** A listener that throws causes a process warning; the job goes on, and the queue starts the next one after it. */
  private notify(job: Job): void {
    try {
      this.options.onChange(job.snapshot);
    } catch (error) {
      process.emitWarning(
        `A listener of job ${job.snapshot.id} failed: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  private forgetOld(): void {
    const ended = [...this.jobs.values()].filter((job) => isFinished(job.snapshot));
    for (const job of ended.slice(0, Math.max(0, ended.length - KEPT_JOBS))) this.jobs.delete(job.snapshot.id);
  }
}

/**
 * The phases with one more report: in its own entry, or in the last one when that is the same phase, or the same
 * analysis.
 */
function withProgress(phases: readonly PhaseTimes[], progress: Progress, elapsedMs: number): readonly PhaseTimes[] {
  const last = phases.at(-1);
  if (last === undefined || topic(last.phase) !== topic(progress.phase))
    return [...phases, { ...progress, beganMs: elapsedMs }];
  return phases.with(-1, { ...progress, beganMs: last.beganMs });
}

/** `search: benchmarking` is about the search, which goes back and forth between its phases. */
function topic(phase: string): string {
  return phase.split(': ', 1)[0] ?? phase;
}

function analysesOf({ searches, fixes, diagnoses }: RunSpec): RunAnalysis[] {
  const asked: Readonly<Record<RunAnalysis, boolean | undefined>> = {
    search: searches,
    fix: fixes,
    diagnose: diagnoses,
  };
  return RUN_ANALYSES.filter((analysis) => asked[analysis] === true);
}
