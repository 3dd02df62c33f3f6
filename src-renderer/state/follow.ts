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

interface Follows {
  /** Called when another project is opened. */
  readonly forget: () => void;
  /** The data is loaded again when a job of one of these kinds has finished successfully. */
  readonly jobs: readonly JobKind[];
  /** Whether it is also loaded again after every edit of the project. */
  readonly edits: boolean;
}

/** Keeps what a store has read up to date. Nothing is loaded before a component first asks for the data. */
export function followProject(reader: () => ProjectReader, { forget, jobs: kinds, edits }: Follows): void {
  const doneCount = (jobs: readonly JobSnapshot[]): number =>
    jobs.filter((job) => job.state === 'done' && kinds.includes(job.kind)).length;
  useSession.subscribe((state, previous) => {
    const { projectPath, load } = reader();
    if (projectPath === null || state.project === previous.project) return;
    if (state.project?.path !== projectPath) forget();
    else if (edits) void load();
  });
  useJobs.subscribe((state, previous) => {
    const { projectPath, load } = reader();
    if (projectPath !== null && doneCount(state.jobs) !== doneCount(previous.jobs)) void load();
  });
}

/**
 * Tells the newest request from older ones, whose answers are dropped. Each call begins a request; what it returns says
 * whether this request is still the newest.
 */
export function newestRequest(): () => () => boolean {
  let newest = 0;
  return () => {
    const own = (newest += 1);
    return () => own === newest;
  };
}
