import { availableParallelism } from 'node:os';
import type { Compute } from '../../compute/pool/protocol';

/** What jobs need from the application. */
export interface JobServices {
  readonly compute: Compute;
  /** Version of this tool, for records. */
  readonly toolVersion: string;
  readonly onnxruntimeVersion: string;
  /** Folder for what belongs to no project: recent projects, the sample. */
  readonly userDataDir: string;
  /** Told when an edit of another process is waited for. */
  readonly onWait?: (message: string) => void;
}

/** One one-thread worker per core. */
export function defaultThreads(): number {
  return availableParallelism();
}
