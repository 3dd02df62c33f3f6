import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRunId, isRunId, listRuns, loadRun, saveReport, saveRun } from '../../../src-main/runs/run-store';
import { sampleRecord } from './sample-run';

let project = '';
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'calib-runs-'));
});
afterEach(async () => {
  await rm(project, { recursive: true, force: true });
});

const OLD = '20260101T000000000Z-ffffff';
const NEW = '20260102T000000000Z-000000';

describe('createRunId', () => {
  it('sorts by time and is unique within a millisecond', () => {
    const at = new Date('2026-11-21T07:08:12.345Z');
    const ids = Array.from({ length: 100 }, () => createRunId(at));
    expect(new Set(ids).size).toBe(100);
    expect(ids.every((id) => id.startsWith('20261121T070812345Z-') && isRunId(id))).toBe(true);
    expect(createRunId(new Date('2026-11-21T07:08:12.346Z')) > (ids.sort().at(-1) ?? '')).toBe(true);
  });
});

describe('run store', () => {
  it('gives back what was saved and leaves no temporary file', async () => {
    const record = sampleRecord({ runId: NEW });
    const path = await saveRun(project, record);
    expect(path).toBe(join(project, 'runs', NEW, 'run.json'));
    expect(await loadRun(project, NEW)).toEqual(record);
    const report = await saveReport(project, NEW, '<p>');
    expect(await readFile(report, 'utf8')).toBe('<p>');
    expect((await readdir(join(project, 'runs', NEW))).sort()).toEqual(['report.html', 'run.json']);
  });

  it('lists oldest first, without folders that hold no record or are not runs', async () => {
    expect(await listRuns(project)).toEqual([]);
    await saveRun(project, sampleRecord({ runId: NEW }));
    await saveRun(project, sampleRecord({ runId: OLD }));
    await mkdir(join(project, 'runs', '20260103T000000000Z-abcdef'));
    await mkdir(join(project, 'runs', 'notes'));
    expect((await listRuns(project)).map((run) => run.runId)).toEqual([OLD, NEW]);
  });

  it('names the file that is damaged, newer or missing', async () => {
    const path = await saveRun(project, sampleRecord({ runId: NEW }));
    await writeFile(path, '{');
    await expect(loadRun(project, NEW)).rejects.toMatchObject({
      code: 'project-invalid',
      message: expect.stringContaining(path) as string,
    });
    await writeFile(path, '{"version":1}');
    await expect(loadRun(project, NEW)).rejects.toMatchObject({
      code: 'project-invalid',
      message: expect.stringContaining('at runId') as string,
    });
    await writeFile(path, '{"version":99}');
    await expect(loadRun(project, NEW)).rejects.toMatchObject({ code: 'project-newer' });
    await expect(loadRun(project, OLD)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('never leaves the runs folder', async () => {
    await expect(loadRun(project, '../../etc')).rejects.toMatchObject({ code: 'usage' });
    await expect(saveReport(project, '..', 'x')).rejects.toMatchObject({ code: 'usage' });
  });

  it('says what cannot be written and leaves no temporary file', async () => {
    const path = await saveRun(project, sampleRecord({ runId: NEW }));
    await rm(path);
    await mkdir(path); // a folder in the way: the rename fails for every user, root too
    await writeFile(join(path, 'inside'), '');
    await expect(saveRun(project, sampleRecord({ runId: NEW }))).rejects.toMatchObject({
      code: 'unwritable',
      message: expect.stringContaining(path) as string,
    });
    expect(await readdir(join(project, 'runs', NEW))).toEqual(['run.json']);
  });

  it.skipIf(process.getuid?.() === 0)('says when the project cannot be written', async () => {
    await chmod(project, 0o500);
    await expect(saveRun(project, sampleRecord({ runId: NEW }))).rejects.toMatchObject({ code: 'unwritable' });
    await chmod(project, 0o700);
  });
});
