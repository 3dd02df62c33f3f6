import type { MetricSource } from '../../../src-shared/domain/tasks/task';
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
