import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { MetricSource, Task } from '../../../src-shared/domain/tasks/task';
import { metricHash, metricNotAllowed } from '../../analysis/metric/metric-hash';
import { writeFileAtomic } from '../../base/atomic-file';

/**
 * A user's own metric is a program, and a project folder may come from anybody. Therefore a metric runs only after this
 * user has allowed it on this machine: its hash is then the name of a file in the user's data folder. Only the command
 * line allows metrics; requests from a window or a browser cannot.
 */
function allowedMetricPath(userDataDir: string, hash: string): string {
  return join(userDataDir, 'allowed-metrics', hash);
}

/** Allows a metric in its present form. @returns its hash. @throws WorkbenchError not-found, unwritable, disk-full */
export async function allowMetric(source: MetricSource, userDataDir: string): Promise<string> {
  const hash = await metricHash(source);
  await mkdir(join(userDataDir, 'allowed-metrics'), { recursive: true });
  await writeFileAtomic(allowedMetricPath(userDataDir, hash), '');
  return hash;
}

/**
 * The hash of the metric of a task; undefined for other tasks.
 * @throws WorkbenchError not-found; metric-not-allowed if the user has not allowed the metric in its present form
 */
export async function allowedMetricHash(
  task: Task | null | undefined,
  userDataDir: string,
): Promise<string | undefined> {
  if (task?.kind !== 'custom') return undefined;
  const hash = await metricHash(task.metric);
  if (!existsSync(allowedMetricPath(userDataDir, hash))) throw metricNotAllowed(task.metric);
  return hash;
}
