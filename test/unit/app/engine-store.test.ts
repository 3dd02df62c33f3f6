import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { artifactPaths } from '../../../src-main/app/projects/artifact-paths';
import { pruneEngines } from '../../../src-main/app/variants/engine-store';

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'engines-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('removes the engines that were used longest ago, never one in use', async () => {
  const paths = artifactPaths(dir);
  const engine = (key: string, day: number): string => {
    const folder = paths.engineDir(key);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'model.engine'), new Uint8Array(1000));
    utimesSync(folder, new Date(2026, 0, day), new Date(2026, 0, day));
    return folder;
  };
  const [oldest, older, newer, inUse] = [engine('b', 2), engine('c', 3), engine('d', 4), engine('a', 1)];
  await pruneEngines({ paths }, [inUse], 2500);
  expect([oldest, older, newer, inUse].map((folder) => existsSync(folder))).toEqual([false, false, true, true]);
});
