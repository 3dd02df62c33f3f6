import { create } from 'zustand';
import type { JobId } from '../../src-shared/base/brand';
import type { Unsubscribe, WorkbenchApi } from '../../src-shared/contract/api';
import type { JobKind, JobSpec } from '../../src-shared/contract/job-specs';
import { isFinished, type JobSnapshot } from '../../src-shared/contract/jobs';
import { advanceRate, type RateState } from '../../src-shared/contract/progress-rate';
import { reportError } from './notices';
import { settlePreprocessing } from './preprocessing-edits';
import { useSession } from './session';

interface JobsState {
  /** In the order in which they were started, oldest first. */
  readonly jobs: readonly JobSnapshot[];
  /** Speed of the current phase of each job. */
  readonly rates: Readonly<Record<string, RateState>>;
  readonly connect: (api: WorkbenchApi) => Unsubscribe;
  /** Loads the list again after the connection was lost. */
  readonly reload: () => Promise<void>;
  /**
   * Null if the job could not be started (a notice shows why) or the user cancelled. Two requests for the same job
   * within a moment, for example from a double click, start one job.
   */
  readonly start: (spec: JobSpec) => Promise<JobId | null>;
  readonly cancel: (id: JobId) => Promise<void>;
}

/** A second request for the same job within this time counts as the same request. */
const SAME_WISH_MS = 1_000;

interface LastStart {
  readonly key: string;
  readonly atMs: number;
  isPending: boolean;
  readonly jobId: Promise<JobId | null>;
}

let lastStart: LastStart | null = null;

/** Kinds of jobs that create histograms in a project. */
export const CALIBRATING: readonly JobKind[] = ['calibrate', 'merge', 'run'];
/** Kinds of jobs that may change the calibration or the thresholds of a project. */
const CHANGING_THRESHOLDS: readonly JobKind[] = [...CALIBRATING, 'auto', 'best', 'health', 'repair', 'smooth', 'learn'];

export const useJobs = create<JobsState>()((set, get) => {
  const take = (job: JobSnapshot): void => {
    const known = get().jobs.find((candidate) => candidate.id === job.id);
    set((state) => ({ jobs: mergeJob(state.jobs, job), rates: nextRates(state.rates, job, Date.now()) }));
    const hasEnded = isFinished(job) && known !== undefined && !isFinished(known);
    if (hasEnded && CHANGING_THRESHOLDS.includes(job.kind) && job.projectPath === useSession.getState().project?.path) {
      void useSession.getState().refresh({ isCalibrationNew: true });
    }
  };
  const startNow = async (spec: JobSpec): Promise<JobId | null> => {
    try {
      if (!(await settlePreprocessing(spec.projectPath))) return null;
      const { api } = useSession.getState();
      const { jobId } = await api.startJob(spec);
      take(await api.getJob({ jobId }));
      return jobId;
    } catch (error) {
      reportError(error);
      return null;
    }
  };
  return {
    jobs: [],
    rates: {},
    connect: (api) => {
      lastStart = null;
      const unsubscribe = api.subscribe((event) => {
        if (event.type === 'job') take(event.job);
      });
      void get().reload();
      return unsubscribe;
    },
    reload: async () => {
      try {
        const jobs = await useSession.getState().api.listJobs();
        for (const job of jobs) take(job);
        // Jobs that are not listed are unknown to the application, because it was restarted. An event can arrive before
        // the list, so that the job of the event is known before older jobs; the list determines the order.
        set((state) => ({ jobs: jobs.flatMap(({ id }) => state.jobs.find((job) => job.id === id) ?? []) }));
      } catch (error) {
        reportError(error);
      }
    },
    start: (spec) => {
      const key = JSON.stringify(spec);
      const nowMs = Date.now();
      if (lastStart !== null && lastStart.key === key && (lastStart.isPending || nowMs - lastStart.atMs < SAME_WISH_MS))
        return lastStart.jobId;
      const own: LastStart = { key, atMs: nowMs, isPending: true, jobId: startNow(spec) };
      lastStart = own;
      void own.jobId.then((jobId) => {
        own.isPending = false;
        // A job that could not be started can be retried at once.
        if (jobId === null && lastStart === own) lastStart = null;
      });
      return own.jobId;
    },
    cancel: async (id) => {
      try {
        take(await useSession.getState().api.cancelJob({ jobId: id }));
      } catch (error) {
        reportError(error);
      }
    },
  };
});

/** Inserts or replaces the snapshot of a job; a snapshot that is older than the known one is dropped. */
export function mergeJob(jobs: readonly JobSnapshot[], job: JobSnapshot): readonly JobSnapshot[] {
  const index = jobs.findIndex((known) => known.id === job.id);
  const known = jobs[index];
  if (known === undefined) return [...jobs, job];
  return known.sequence > job.sequence ? jobs : jobs.with(index, job);
}

export function nextRates(
  rates: Readonly<Record<string, RateState>>,
  job: JobSnapshot,
  nowMs: number,
): Readonly<Record<string, RateState>> {
  const { [job.id]: known, ...others } = rates;
  if (job.state !== 'running') return known === undefined ? rates : others;
  return { ...others, [job.id]: advanceRate(known ?? null, job, nowMs) };
}

/** The jobs of one project that have not ended; the running one is first. */
export function openJobs(jobs: readonly JobSnapshot[], projectPath: string | null): readonly JobSnapshot[] {
  const open = jobs.filter((job) => !isFinished(job) && (projectPath === null || job.projectPath === projectPath));
  return [...open.filter((job) => job.state === 'running'), ...open.filter((job) => job.state !== 'running')];
}
