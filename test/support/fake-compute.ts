import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '../../src-shared/contract/progress';
import type { WireError } from '../../src-shared/contract/errors';
import type { ComputeMethod } from '../../src-main/compute/pool/protocol';
import { REPO_ROOT } from './shared';

/** What the fake compute process does for a request, step by step; see fake-compute-host.mjs. */
export type FakeStep =
  | { readonly progress: Progress }
  | { readonly result: unknown }
  | { readonly error: WireError; readonly mustRestartProcess?: boolean }
  /** Answers with its process id. */
  | { readonly pid: true }
  | { readonly exit: number }
  | { readonly hang: true }
  | { readonly waitForCancel: true };
export type FakeScript = { readonly [M in ComputeMethod]?: readonly FakeStep[] };

export const FAKE_COMPUTE_HOST = join(REPO_ROOT, 'test/support/fake-compute-host.mjs');

/**
 * Writes the script that fake compute processes started with CALIB_FAKE_COMPUTE=`path` follow from the next request on.
 */
export function writeFakeScript(path: string, script: FakeScript): void {
  writeFileSync(path, JSON.stringify(script));
}
