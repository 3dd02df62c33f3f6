import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { MetricSource } from '../../../src-shared/domain/tasks/task';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { sha256OfFile } from '../../base/file-hash';

/**
 * Identifies a metric by its content: that of the module, or the command with the content of every file that it names
 * by its absolute path. Results of another metric are not comparable, and code with another hash has not been allowed.
 * @throws WorkbenchError not-found
 */
export async function metricHash(source: MetricSource): Promise<string> {
  const hash = createHash('sha256');
  if (source.kind === 'module') {
    if (!isFile(source.path)) throw new WorkbenchError('not-found', `The metric ${source.path} does not exist`);
    return hash.update(JSON.stringify(['module', await sha256OfFile(source.path)])).digest('hex');
  }
  const parts: unknown[] = ['command'];
  for (const word of source.command) parts.push(isFile(word) ? [word, await sha256OfFile(word)] : word);
  return hash.update(JSON.stringify(parts)).digest('hex');
}

export function metricNotAllowed(source: MetricSource): WorkbenchError {
  const name = source.kind === 'module' ? source.path : `"${source.command.join(' ')}"`;
  return new WorkbenchError(
    'metric-not-allowed',
    `The metric of the project is a program, ${name}, which has not been allowed in its present form on this machine`,
    { hint: advise('allow-metric') },
  );
}

function isFile(path: string): boolean {
  return isAbsolute(path) && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
