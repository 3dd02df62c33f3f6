import type { Summarize } from '../../../src-shared/domain/measures/judge-custom';
import type { MetricSource, Task } from '../../../src-shared/domain/tasks/task';
import { openCommandMetric } from './command-metric';
import { metricHash, metricNotAllowed } from './metric-hash';
import { openModuleMetric } from './module-metric';
import type { IsStopped, UserMetric } from './user-metric';

/**
 * Starts a metric.
 * @param allowedHash what `metricHash` gave when the user's consent was checked; undefined: it was not checked.
 * @throws WorkbenchError not-found, metric-not-allowed, metric-failed, cancelled
 */
export async function openMetric(
  source: MetricSource,
  allowedHash: string | undefined,
  isStopped: IsStopped = () => false,
): Promise<UserMetric> {
  if (allowedHash === undefined || (await metricHash(source)) !== allowedHash) throw metricNotAllowed(source);
  return source.kind === 'module' ? openModuleMetric(source, isStopped) : openCommandMetric(source, isStopped);
}

/**
 * Calls `use` with the function of the user's metric that turns records into a number, and ends the metric afterwards;
 * undefined for a task without a metric. The parameters are those of `openMetric`.
 */
export async function withSummarize<T>(
  task: Task | null,
  allowedHash: string | undefined,
  isStopped: IsStopped,
  use: (summarize: Summarize | undefined) => Promise<T>,
): Promise<T> {
  if (task?.kind !== 'custom') return use(undefined);
  const metric = await openMetric(task.metric, allowedHash, isStopped);
  try {
    return await use((records) => metric.summarize(records));
  } finally {
    await metric.close();
  }
}
