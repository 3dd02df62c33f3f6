import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { markRun, readHistory, readHistoryOf, saveEntry } from '../../../src-main/runs/history';
import {
  copyRun,
  loadRunIn,
  removeAbandoned,
  reserveRun,
  saveDetails,
  saveRun,
} from '../../../src-main/runs/run-store';
import { sampleRecord } from './sample-run';

let project = '';
let runsDir = '';
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'calib-history-'));
  runsDir = join(project, 'runs');
});
afterEach(async () => {
  await rm(project, { recursive: true, force: true });
});

const OLD = '20260101T000000000Z-ffffff';
const NEW = '20260102T000000000Z-000000';
const idsOf = async (): Promise<readonly string[]> => (await readHistory(runsDir)).entries.map(({ runId }) => runId);

describe('readHistory', () => {
  it('lists finished runs, newest first, with the values of the shipped variant', async () => {
    await saveRun(project, sampleRecord({ runId: OLD, source: { branch: 'main' } }));
    await saveDetails(project, NEW, { version: 1, variant: 'int8', thresholds: { a: 2, b: 8 }, layers: [] });
    await saveRun(project, sampleRecord({ runId: NEW }));
    await mkdir(join(runsDir, '20260103T000000000Z-abcdef'));
    const { entries, unreadable } = await readHistory(runsDir);
    expect(entries.map(({ runId, branch }) => [runId, branch])).toEqual([
      [NEW, undefined],
      [OLD, 'main'],
    ]);
    expect(entries[0]).toMatchObject({
      hardware: 'Example CPU, 8 cores, 4 threads',
      software: 'calib 0.1.0, ONNX Runtime 1.30.0',
      values: { thresholdLog2: 2, latencyMs: expect.closeTo(1.11, 1) as number },
    });
    expect(entries[1]?.values).not.toHaveProperty('thresholdLog2');
    expect(unreadable).toEqual([]);
  });

  it('reads a record once', async () => {
    await saveRun(project, sampleRecord({ runId: OLD }));
    expect(await idsOf()).toEqual([OLD]);
    await writeFile(join(runsDir, OLD, 'run.json'), 'damaged after it was listed');
    expect(await idsOf()).toEqual([OLD]);
  });

  it('lists a run by the small file beside its record, once the record is there', async () => {
    await saveRun(project, sampleRecord({ runId: OLD }));
    const [entry] = (await readHistory(runsDir)).entries;
    if (entry === undefined) throw new Error('no entry');
    await mkdir(join(runsDir, NEW));
    await saveEntry(runsDir, { ...entry, runId: NEW });
    expect(await idsOf()).toEqual([OLD]);
    await writeFile(join(runsDir, NEW, 'run.json'), 'not read');
    expect(await idsOf()).toEqual([NEW, OLD]);
    const other = join(project, 'other');
    await copyRun(project, NEW, other);
    expect((await readHistory(other)).entries.map(({ runId }) => runId)).toEqual([NEW]);
  });

  it.each(['{', '{"version":0,"entries":[]}', '{"version":1,"entries":[{"runId":3}]}'])(
    'makes a damaged index again: %s',
    async (text) => {
      await saveRun(project, sampleRecord({ runId: OLD }));
      await writeFile(join(runsDir, 'index.json'), text);
      expect(await idsOf()).toEqual([OLD]);
      expect(await readFile(join(runsDir, 'index.json'), 'utf8')).toContain(OLD);
    },
  );

  it('forgets runs that were deleted, and names those that cannot be read', async () => {
    await saveRun(project, sampleRecord({ runId: OLD }));
    expect(await idsOf()).toEqual([OLD]);
    await rm(join(runsDir, OLD), { recursive: true });
    await saveRun(project, sampleRecord({ runId: NEW }));
    await writeFile(join(runsDir, NEW, 'run.json'), '{"version":99}');
    const { entries, unreadable } = await readHistory(runsDir);
    expect(entries).toEqual([]);
    expect(unreadable).toMatchObject([{ runId: NEW, problem: expect.stringContaining('version 99') as string }]);
  });

  it('is that of a project or of a folder of runs, and of nothing else', async () => {
    await saveRun(project, sampleRecord({ runId: OLD }));
    await writeFile(join(project, 'project.json'), '{}');
    expect(await readHistoryOf(project)).toMatchObject({ path: runsDir, entries: [{ runId: OLD }] });
    expect(await readHistoryOf(runsDir)).toMatchObject({ path: runsDir, entries: [{ runId: OLD }] });
    await expect(readHistoryOf(join(project, 'project.json'))).rejects.toThrow(/project.json is a file: expected/);
    await expect(readHistoryOf(join(project, 'nothing'))).rejects.toThrow(/nothing does not exist: expected/);
  });

  it('is empty for a folder that does not exist', async () => {
    expect((await readHistory(join(project, 'none'))).entries).toEqual([]);
  });
});

describe('marks', () => {
  it('are kept beside the runs, change one by one and disappear with the last', async () => {
    await saveRun(project, sampleRecord({ runId: OLD }));
    await markRun(runsDir, OLD, { name: 'candidate 3', tags: ['release'] });
    await markRun(runsDir, OLD, { isPinned: true, tags: null });
    expect((await readHistory(runsDir)).entries[0]?.marks).toEqual({ name: 'candidate 3', isPinned: true });
    await markRun(runsDir, OLD, { name: '', isPinned: null });
    expect((await readHistory(runsDir)).entries[0]).not.toHaveProperty('marks');
    expect(await readdir(join(runsDir, 'marks'))).toEqual([]);
  });

  it('belong to recorded runs only', async () => {
    await expect(markRun(runsDir, OLD, { name: 'x' })).rejects.toMatchObject({ code: 'not-found' });
    await expect(markRun(runsDir, '../x', { name: 'x' })).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('several writers', () => {
  it('never share an id, even with the same inputs in the same millisecond', async () => {
    const shared = join(project, 'shared');
    const now = new Date('2026-11-21T07:08:12.345Z');
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) => reserveRun([join(project, `runs-${i % 3}`), shared], 'abcdef00', now)),
    );
    expect(new Set(all.map(({ runId }) => runId)).size).toBe(20);
    expect(all.every(({ runId }) => runId.endsWith('-abcdef'))).toBe(true);
    expect(await readdir(shared)).toHaveLength(20);
  });

  it('list a copied run only when it is complete', async () => {
    const shared = join(project, 'shared');
    const { runId } = await reserveRun([runsDir, shared], 'abcdef');
    expect((await readHistory(shared)).entries).toEqual([]);
    await saveRun(project, sampleRecord({ runId }));
    await copyRun(project, runId, shared);
    expect((await readHistory(shared)).entries.map((entry) => entry.runId)).toEqual([runId]);
    expect(await loadRunIn(shared, runId)).toEqual(sampleRecord({ runId }));
  });

  it('remove what a killed run left, and nothing else', async () => {
    const { runId } = await reserveRun([runsDir], 'abcdef');
    const { runId: young } = await reserveRun([runsDir], 'abcdef');
    await saveRun(project, sampleRecord({ runId: OLD }));
    const past = new Date(Date.now() - 25 * 3600 * 1000);
    for (const id of [runId, OLD]) await utimes(join(runsDir, id), past, past);
    await removeAbandoned(runsDir, new Set());
    expect((await readdir(runsDir)).sort()).toEqual([OLD, young].sort());
    expect((await stat(join(runsDir, OLD, 'run.json'))).isFile()).toBe(true);
  });
});
