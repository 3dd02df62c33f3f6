import type { JobKind, JobSnapshot } from '../../../src-shared/contract/jobs';

/** The last job of the kind and project of a spec; `jobs` oldest first. */
export function lastJob(jobs: readonly JobSnapshot[], spec: { readonly kind: JobKind; readonly projectPath: string }): JobSnapshot | null {
  return jobs.findLast((job) => job.kind === spec.kind && job.projectPath === spec.projectPath) ?? null;
}
