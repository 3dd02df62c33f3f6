import { join } from 'node:path';
import { packageRoot } from '../../base/package-info';

export type EntryName = 'compute-host' | 'compute-worker' | 'bench-host' | 'gpu-probe';

/** Path of a bundled entry point that runs in its own process or thread. */
export function entryPath(name: EntryName): string {
  return join(packageRoot(), 'out/main', `${name}.js`);
}
