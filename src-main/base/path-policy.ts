import { AsyncLocalStorage } from 'node:async_hooks';
import { WorkbenchError } from '../../src-shared/base/errors';

/** The files and folders that a client may read or write. Paths are compared after symbolic links are resolved. */
export interface PathPolicy {
  readonly isAllowed: (path: string) => boolean;
  /** What the user can do about a refusal. */
  readonly hint: string;
}

const policies = new AsyncLocalStorage<PathPolicy>();

export const OUTSIDE_REASON = 'it lies outside of the files and folders that may be opened here';

/**
 * Runs `work` and everything that it starts, jobs included, with a policy for the paths that are found in files:
 * entries of lists and links in folders.
 */
export function withPathPolicy<T>(policy: PathPolicy, work: () => T): T {
  return policies.run(policy, work);
}

/** True if no policy is set, because on the command line and on the desktop users read their own files. */
export function isPathAllowed(path: string): boolean {
  return policies.getStore()?.isAllowed(path) ?? true;
}

/** @throws WorkbenchError usage for a file that the policy does not allow. */
export function requireAllowedPath(path: string): void {
  const policy = policies.getStore();
  if (policy !== undefined && !policy.isAllowed(path))
    throw new WorkbenchError('usage', `${path} cannot be used: ${OUTSIDE_REASON}`, { hint: policy.hint });
}
