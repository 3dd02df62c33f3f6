import { availableParallelism } from 'node:os';
import type { TaskContext } from '../../src-shared/contract/progress';
import type { Compute } from '../compute/pool/protocol';
import type { Workspace } from './projects/workspace';

/** What the application provides to every job and to every request of the user interface. */
export interface JobServices {
  readonly compute: Compute;
  /** Version of this tool, for run records. */
  readonly toolVersion: string;
  readonly onnxruntimeVersion: string;
  /** Folder of data that belongs to no project: recent projects, the sample, hashes of built engines. */
  readonly userDataDir: string;
  /** Size limit of the engines that one project keeps, in bytes; 10 GB if absent. */
  readonly maxEnginesBytes?: number;
  /** Called with a message when a request waits for another process that edits the same project. */
  readonly onWait?: (message: string) => void;
}

/**
 * Everything that a job and its steps need besides their own parameters. The object is made once per job; a step that
 * needs another project file or other progress labels passes on a copy with that field replaced (`{ ...job, workspace
 * }`).
 */
export interface JobContext extends TaskContext {
  readonly services: JobServices;
  readonly workspace: Workspace;
  /**
   * Folders of the engines that this job has built or reused so far: they are exempt from pruning until the job ends.
   */
  readonly enginesInUse: Set<string>;
  /**
   * Runs work that writes what all processes of the project use, with the project as it is then. A job that holds only
   * a shard waits until no other process does the same.
   */
  readonly exclusively: <T>(work: (job: JobContext) => Promise<T>) => Promise<T>;
}

/** The context of a new job; without `task` the job can neither be cancelled nor report progress. */
export function jobContext(services: JobServices, workspace: Workspace, task: TaskContext = {}): JobContext {
  const job: JobContext = { ...task, services, workspace, enginesInUse: new Set(), exclusively: (work) => work(job) };
  return job;
}

/** Default number of threads of a job: one worker with one thread per core. */
export function defaultThreads(): number {
  return availableParallelism();
}
