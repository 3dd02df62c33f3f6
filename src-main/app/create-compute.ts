import { availableParallelism } from 'node:os';
import { ComputeClient } from '../compute/pool/client';
import { entryPath } from '../compute/pool/entry-path';

/** The handle on a compute process that starts with the first request. */
export function createCompute(): ComputeClient {
  return new ComputeClient(entryPath('compute-host'));
}

/**
 * Starts a compute process and the threads of trials that will be asked for.
 * @param options of the command line
 */
export function computeForTrials(options: {
  readonly threads?: number | undefined;
  readonly 'memory-limit'?: number | undefined;
}): ComputeClient {
  const compute = createCompute();
  // How many threads fit into a limit is known when the model is open.
  const threads = options['memory-limit'] === undefined ? (options.threads ?? availableParallelism()) : 0;
  compute.request('expect-trials', { threads }).catch(() => undefined);
  return compute;
}
