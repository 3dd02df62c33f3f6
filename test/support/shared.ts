import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the checkout. */
export const REPO_ROOT = resolve(fileURLToPath(import.meta.url), '../../..');

/**
 * The folder of real models, images and references that lies beside the checkout (CALIB_SHARED overrides it), or null
 * where it is absent: tests that need it then skip, by name.
 */
export function sharedDir(): string | null {
  const dir = process.env['CALIB_SHARED'] ?? join(REPO_ROOT, '../shared');
  return existsSync(join(dir, 'models')) ? dir : null;
}

/** Path inside the shared folder; only to be called in tests guarded by `sharedDir() !== null`. */
export function sharedPath(...parts: readonly string[]): string {
  const dir = sharedDir();
  if (dir === null) throw new Error('The folder of shared test data is absent');
  return join(dir, ...parts);
}
