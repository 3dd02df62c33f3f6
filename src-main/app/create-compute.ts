import { availableParallelism } from 'node:os';
import { ComputeClient } from '../compute/pool/client';
import { entryPath } from '../compute/pool/entry-path';
import type { ExpectParams } from '../compute/pool/protocol';

/** The handle on a compute process that starts with the first request. */
export function createCompute(): ComputeClient {
  return new ComputeClient(entryPath('compute-host'));
}

/** A role whose threads can start before their work is known. */
export type ExpectedRole = ExpectParams['role'];

/**
 * Starts a compute process and the threads that its work will need.
 * @param options of the command line
 */
export function computeWith(
  role: ExpectedRole,
  options: {
    readonly threads?: number | undefined;
    readonly 'memory-limit'?: number | undefined;
  },
): ComputeClient {
  const compute = createCompute();
  // How many threads fit into a limit is known when the model is open.
  const threads = options['memory-limit'] === undefined ? (options.threads ?? availableParallelism()) : 0;
  compute.request('expect', { role, threads }).catch(() => undefined);
  return compute;
}
