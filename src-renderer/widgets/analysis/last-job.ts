import type { JobKind } from '../../../src-shared/contract/job-specs';
import { isFinished, neverBegan, type JobSnapshot } from '../../../src-shared/contract/jobs';

/** The job of the kind and project of a spec that runs or waits, else the one that ended last; `jobs` oldest first. */
export function lastJob(
  jobs: readonly JobSnapshot[],
  spec: { readonly kind: JobKind; readonly projectPath: string },
): JobSnapshot | null {
  const own = jobs.filter((job) => job.kind === spec.kind && job.projectPath === spec.projectPath);
  return own.find((job) => !isFinished(job)) ?? own.findLast((job) => !neverBegan(job)) ?? null;
}
