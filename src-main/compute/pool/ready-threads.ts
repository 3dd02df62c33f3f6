import type { RoleName } from '../roles/roles';
import { PoolWorker } from './pool-worker';

/** Threads that no pool has yet. They end with the process. */
const ready: { readonly role: RoleName; readonly worker: PoolWorker }[] = [];

/** How many threads a model leaves room for is known when it is open. */
const MAX_READY = 8;

/**
 * Starts threads that load the code of a role, until `count` of them wait for a pool. Resolves when the new ones have
 * loaded it; a thread that fails is not used.
 */
export async function makeThreadsReady(role: RoleName, count: number): Promise<void> {
  const missing = Math.min(count, MAX_READY) - ready.filter((own) => own.role === role).length;
  const loading: Promise<void>[] = [];
  for (let i = 0; i < missing; i++) {
    const worker = new PoolWorker();
    ready.push({ role, worker });
    loading.push(worker.loadRole({ role }));
  }
  await Promise.allSettled(loading);
}

/** A thread that has loaded the code of this role, or is about to. */
export function takeReadyThread(role: RoleName): PoolWorker | undefined {
  for (let at = ready.length - 1; at >= 0; at--) {
    const own = ready[at];
    if (own?.role !== role) continue;
    ready.splice(at, 1);
    if (!own.worker.hasFailed) return own.worker;
  }
  return undefined;
}
