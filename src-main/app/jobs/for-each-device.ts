import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Progress, TaskContext } from '../../../src-shared/contract/progress';

/**
 * Does the work of every item, one after the other or all at once. At once, the first failure stops the others, and progress is
 * the sum over those that are in the phase reported last.
 */
export async function forEachDevice<T, R>(
  items: readonly T[],
  isParallel: boolean,
  context: TaskContext,
  work: (item: T, context: TaskContext) => Promise<R>,
): Promise<R[]> {
  if (!isParallel) {
    const results: R[] = [];
    for (const item of items) results.push(await work(item, context));
    return results;
  }
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(context.signal ? [context.signal] : [])]);
  const latest: (Progress | undefined)[] = items.map(() => undefined);
  const outcomes = await Promise.allSettled(
    items.map(async (item, i) => {
      const onProgress = (progress: Progress): void => {
        latest[i] = progress;
        context.onProgress?.(summed(latest, progress));
      };
      try {
        return await work(item, { signal, onProgress });
      } catch (error) {
        failed.abort();
        throw error;
      }
    }),
  );
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  const cause = errors.find((error) => !(error instanceof WorkbenchError && error.code === 'cancelled')) ?? errors[0];
  if (cause !== undefined)
    throw cause instanceof Error ? cause : new WorkbenchError('internal', 'The work on a GPU failed', { cause });
  return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
}

function summed(all: readonly (Progress | undefined)[], { phase, unit }: Progress): Progress {
  const same = all.filter((progress) => progress?.phase === phase);
  return {
    phase,
    unit,
    done: same.reduce((sum, progress) => sum + (progress?.done ?? 0), 0),
    total: same.reduce((sum, progress) => sum + (progress?.total ?? 0), 0),
  };
}
