import type { JobKind } from '../../src-shared/contract/job-specs';
import type { JobSnapshot } from '../../src-shared/contract/jobs';
import { useJobs } from './jobs';
import { useSession } from './session';

/** A store that reads data of the open project. */
interface ProjectReader {
  /** The project whose data was loaded; null until the first request. */
  readonly projectPath: string | null;
  readonly load: () => Promise<void>;
}

/**
 * Calls `load` after every edit of the project and when a job of one of these kinds has finished successfully, and
 * `forget` when another project is opened. Nothing is loaded before a component first asks for the data.
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
