import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UnfinishedRun } from '../../../../src-main/app/runs/unfinished-run';
import type { BenchResult } from '../../../../src-shared/contract/job-results';
import { sampleRecord } from '../../runs/sample-run';

let project = '';
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'calib-unfinished-'));
});
afterEach(() => rmSync(project, { recursive: true }));

const KEY = '0123456789abcdef';
const { benchmark } = sampleRecord();
if (benchmark === null) throw new Error('The sample run has a benchmark');
const BENCH: BenchResult = { ...benchmark, warnings: [{ code: 'x', message: 'y' }] };

describe('an unfinished run', () => {
  it('gives its steps to the next run with the same inputs, and to no other', async () => {
    await (await UnfinishedRun.open(project, KEY)).keep({ bench: BENCH });
    const next = await UnfinishedRun.open(project, KEY);
    expect(next.bench).toEqual(BENCH);
    expect(next.validation).toBeUndefined();
    expect((await UnfinishedRun.open(project, 'f'.repeat(16))).bench).toBeUndefined();
    await next.finish();
    expect((await UnfinishedRun.open(project, KEY)).bench).toBeUndefined();
  });

  it('is too old after a day', async () => {
    const now = Date.parse('2026-11-21T07:00:00Z');
    await (await UnfinishedRun.open(project, KEY, now)).keep({ bench: BENCH });
    expect((await UnfinishedRun.open(project, KEY, now + 23 * 3600e3)).bench).toEqual(BENCH);
    expect((await UnfinishedRun.open(project, KEY, now + 25 * 3600e3)).bench).toBeUndefined();
  });

  it('begins again if its file is damaged, and keeps few of them', async () => {
    const path = join(project, 'runs', 'unfinished', KEY, 'steps.json');
    await (await UnfinishedRun.open(project, KEY)).keep({ bench: BENCH });
    writeFileSync(path, '{"version":1');
    expect((await UnfinishedRun.open(project, KEY)).bench).toBeUndefined();
    for (let i = 0; i < 8; i += 1) await (await UnfinishedRun.open(project, `k${i}`)).keep({ bench: BENCH });
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(join(project, 'runs', 'unfinished')).length).toBeLessThanOrEqual(5);
  });
});
