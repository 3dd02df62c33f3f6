import { join } from 'node:path';
import { packageRoot } from '../../base/package-info';

export type EntryName = 'compute-host' | 'compute-worker' | 'bench-host' | 'gpu-probe';

/** Path of a bundled entry point that runs in a process or thread of its own. */
export function entryPath(name: EntryName): string {
  return join(packageRoot(), 'out/main', `${name}.js`);
}
