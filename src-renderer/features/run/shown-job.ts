import { isFinished, neverBegan, type JobSnapshot } from '../../../src-shared/contract/jobs';

/** The kinds of job that the screen shows, the whole job and its single steps. */
const SHOWN_KINDS: readonly string[] = ['run', 'calibrate', 'validate', 'bench', 'build', 'merge', 'quantize'];

/**
 * The job to show: the one under way, else the one waiting, else the one that ended last. One that was cancelled before it
 * began hides nothing. `jobs` oldest first.
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
