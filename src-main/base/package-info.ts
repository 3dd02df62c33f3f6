import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { object, string } from '../../src-shared/base/schema';
import { readStoredJson } from './json-file';

/** The name is scoped, because `npx` with an unscoped name would run any package that is published under it. */
const PACKAGE_NAME = '@calibration-workbench/calib';

/**
 * Root of the installed package: the nearest folder above this file that contains our package.json. This works for the
 * bundled code under out/main and for sources that tests run.
 */
export function packageRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const manifest = join(dir, 'package.json');
    if (existsSync(manifest) && readFileSync(manifest, 'utf8').includes(`"${PACKAGE_NAME}"`)) return dir;
    const parent = dirname(dir);
    if (parent === dir) throw new Error(`package.json of ${PACKAGE_NAME} was not found above the running code`);
    dir = parent;
  }
}

export function toolVersion(): string {
  return versionIn(join(packageRoot(), 'package.json'));
}

export function onnxruntimeVersion(): string {
  return versionIn(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
}

function versionIn(manifestPath: string): string {
  return readStoredJson(manifestPath, object({ version: string }))?.version ?? 'unknown';
}
