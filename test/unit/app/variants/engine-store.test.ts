import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { jobContext, type JobServices } from '../../../../src-main/app/job-context';
import { artifactPaths } from '../../../../src-main/app/projects/artifact-paths';
import type { Workspace } from '../../../../src-main/app/projects/workspace';
import {
  parseEngineRecord,
  readEngineRecord,
  writeEngineRecord,
} from '../../../../src-main/app/variants/engine-record';
import {
  alternativesOf,
  exchangeEngines,
  pruneEngines,
  useEngines,
} from '../../../../src-main/app/variants/engine-store';
import { DEFAULT_TENSORRT_OPTIONS } from '../../../../src-shared/domain/engines/tensorrt-options';

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
async function recorded(key: string, alternativeOf?: string): Promise<string> {
  const folder = engine(key, 1);
  writeFileSync(join(folder, 'model.engine'), key);
  const record = {
    version: 5,
    backend: 'tensorrt',
    target: 'tensorrt',
    variant: 'mixed',
    recipe: 'r',
    asked: {},
    tensorrt: '10.6.0',
    gpu: 'g',
    options: DEFAULT_TENSORRT_OPTIONS,
    sha256: '0'.repeat(64),
    sizeBytes: 1,
    seconds: 1,
    log: [],
    summary: { layers: { int8: 0, fp16: 0, fp32: 0, other: 0 }, reformats: 0, totalMs: null, reformatMs: null },
    createdAt: `2026-01-01T00:00:00.00${key.length}Z`,
    ...(alternativeOf === undefined ? {} : { alternativeOf }),
  };
  await writeEngineRecord(folder, parseEngineRecord(record));
  return folder;
}

const contentOf = (folder: string): string => readFileSync(join(folder, 'model.engine'), 'utf8');

it('exchanges an engine and an alternative with other kernels', async () => {
  const [plan, first, second] = [await recorded('p'), await recorded('k1', 'p'), await recorded('k22', 'p')];
  await recorded('other', 'q');
  expect(alternativesOf(plan)).toEqual([first, second]);
  await exchangeEngines(plan, second);
  expect([plan, first, second].map(contentOf)).toEqual(['k22', 'k1', 'p']);
  expect(alternativesOf(plan)).toEqual([second, first]);
  expect(readEngineRecord(plan)).not.toHaveProperty('alternativeOf');
});

it('takes an engine whose exchange was interrupted for that of its plan', async () => {
  const plan = await recorded('p', 'p');
  expect(alternativesOf(plan)).toEqual([]);
  const alternative = await recorded('k1', basename(plan));
  await exchangeEngines(plan, alternative);
  expect(contentOf(plan)).toBe('k1');
  expect(alternativesOf(plan)).toEqual([alternative]);
});
