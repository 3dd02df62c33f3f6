import type { JobKind } from '../../src-shared/contract/job-specs';
import type { JobSnapshot } from '../../src-shared/contract/jobs';
import { useJobs } from './jobs';
import { useSession } from './session';

/** What a store that reads something of the open project has to offer. */
interface ProjectReader {
  /** The project that was read; null until something asked. */
  readonly projectPath: string | null;
  readonly load: () => Promise<void>;
}

/**
 * Reads again after an edit of the project and when a job of these kinds is done, forgets when another project is opened. Nobody who
 * looks: nothing is read.
 */
export function followProject(reader: () => ProjectReader, forget: () => void, kinds: readonly JobKind[]): void {
  const doneCount = (jobs: readonly JobSnapshot[]): number =>
    jobs.filter((job) => job.state === 'done' && kinds.includes(job.kind)).length;
  useSession.subscribe((state, previous) => {
    const { projectPath, load } = reader();
    if (projectPath === null || state.project === previous.project) return;
    if (state.project?.path === projectPath) void load();
    else forget();
  });
  useJobs.subscribe((state, previous) => {
    const { projectPath, load } = reader();
    if (projectPath !== null && doneCount(state.jobs) !== doneCount(previous.jobs)) void load();
  });
}
