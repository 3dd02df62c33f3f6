import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { jobContext, type JobServices } from '../../../../src-main/app/job-context';
import { artifactPaths } from '../../../../src-main/app/projects/artifact-paths';
import type { Workspace } from '../../../../src-main/app/projects/workspace';
import { pruneEngines, useEngines } from '../../../../src-main/app/variants/engine-store';

let dir = '';
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'engines-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** An engine of 1000 bytes that was last used on that day. */
function engine(key: string, day: number): string {
  const folder = artifactPaths(dir).engineDir(key);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.engine'), new Uint8Array(1000));
  utimesSync(folder, new Date(2026, 0, day), new Date(2026, 0, day));
  return folder;
}

it('removes the engines that were used longest ago, never one in use', async () => {
  const paths = artifactPaths(dir);
  const [oldest, older, newer, inUse] = [engine('b', 2), engine('c', 3), engine('d', 4), engine('a', 1)];
  await pruneEngines({ paths }, [inUse], 2500);
  expect([oldest, older, newer, inUse].map((folder) => existsSync(folder))).toEqual([false, false, true, true]);
});

it('keeps every engine that the job has used, and removes those of earlier jobs', async () => {
  const paths = artifactPaths(dir);
  const job = jobContext({ maxEnginesBytes: 1 } as JobServices, { paths } as Workspace);
  const [earlier, first] = [engine('a', 1), engine('b', 2)];
  await useEngines([first], job);
  const second = engine('c', 3);
  await useEngines([second], job);
  expect([earlier, first, second].map((folder) => existsSync(folder))).toEqual([false, true, true]);
});
