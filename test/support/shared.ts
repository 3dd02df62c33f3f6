import { existsSync, readdirSync } from 'node:fs';
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

/**
 * File names of all shared models, sorted. Where the folder is absent there is one that stands for them, so that a
 * suite over the models is skipped by name; a test file whose only suite has no cases fails.
 */
export function sharedModelNames(): readonly string[] {
  const names =
    sharedDir() === null
      ? []
      : readdirSync(sharedPath('models'))
          .filter((name) => name.endsWith('.onnx'))
          .sort();
  return names.length > 0 ? names : ['the shared models'];
}
