import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { jobContext, type JobServices } from '../../../../src-main/app/job-context';
import { artifactPaths } from '../../../../src-main/app/projects/artifact-paths';
import type { Workspace } from '../../../../src-main/app/projects/workspace';
import { readEngineRecord, type TensorrtEngineRecord } from '../../../../src-main/app/variants/engine-record';
import {
  alternativesOf,
  exchangeEngines,
  isAlternative,
  pruneEngines,
  useEngines,
} from '../../../../src-main/app/variants/engine-store';
import { recordedEngine } from '../../../support/recorded-engine';

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

/** An engine with a record, and its folder's name as content. */
const recorded = (key: string, alternativeOf?: string): Promise<string> =>
  recordedEngine(dir, key, {
    sha256: key.padStart(64, '0'),
    createdAt: `2026-01-01T00:00:00.00${key.length}Z`,
    ...(alternativeOf === undefined ? {} : { alternativeOf }),
  });

function recordOf(folder: string): TensorrtEngineRecord {
  const record = readEngineRecord(folder);
  if (record?.backend !== 'tensorrt') throw new Error(`${folder} has no record`);
  return record;
}

const contentOf = (folder: string): string => readFileSync(join(folder, 'model.engine'), 'utf8');

it('exchanges an engine and an alternative with other kernels', async () => {
  const [plan, first, second] = [await recorded('a'), await recorded('b1', 'a'), await recorded('b22', 'a')];
  await recorded('d', 'c');
  expect(alternativesOf(plan)).toEqual([first, second]);
  const moved = await exchangeEngines(plan, second);
  expect([plan, first, moved].map(contentOf)).toEqual(['b22', 'b1', 'a']);
  expect(existsSync(second)).toBe(false);
  expect(alternativesOf(plan)).toEqual([moved, first]);
  expect(isAlternative(plan, recordOf(plan))).toBe(false);
  // And back.
  const again = await exchangeEngines(plan, moved);
  expect([plan, first, again].map(contentOf)).toEqual(['a', 'b1', 'b22']);
  expect(alternativesOf(plan)).toEqual([first, again]);
});

it('leaves an engine that was replaced out of the alternatives once the one in its place is gone', async () => {
  const [plan, first, second] = [await recorded('a'), await recorded('b1', 'a'), await recorded('b22', 'a')];
  await exchangeEngines(plan, second);
  rmSync(plan, { recursive: true });
  expect(alternativesOf(await recorded('a'))).toEqual([first]);
});

it('has two alternatives and no engine of the plan if an exchange is interrupted', async () => {
  const [plan, alternative] = [await recorded('a'), await recorded('b1', 'a')];
  const moved = await exchangeEngines(plan, alternative);
  renameSync(plan, alternative); // as before the last step
  expect([moved, alternative].map((folder) => isAlternative(folder, recordOf(folder)))).toEqual([true, true]);
  expect(alternativesOf(await recorded('a'))).toEqual([alternative]);
});
