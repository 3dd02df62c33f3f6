import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RecentProjects } from '../../../src-main/app/projects/recent-projects';
import { createRunId, saveRun } from '../../../src-main/runs/run-store';
import type { RunRecord } from '../../../src-shared/domain/runs/run-record';
import { sampleRecord } from '../runs/sample-run';
import { useTempDirs } from '../../support/temp-dir';

describe('recent projects', () => {
  const tempDir = useTempDirs();

  const project = (name: string): string => {
    const path = join(tempDir(), `${name}.calib`);
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'project.json'), '{}');
    return path;
  };

  it('tell the gates, the accuracy and the time of the newest run that can be read', async () => {
    const recent = new RecentProjects(tempDir());
    const [ran, fresh, damaged] = [project('ran'), project('fresh'), project('damaged')];
    for (const path of [damaged, fresh, ran]) await recent.add(path);
    const base: RunRecord = sampleRecord();
    const old = {
      ...base,
      runId: createRunId(new Date('2026-11-01T10:00:00Z')),
      createdAt: '2026-11-01T10:00:00.000Z',
    };
    const newest = {
      ...base,
      runId: createRunId(new Date('2026-11-02T10:00:00Z')),
      createdAt: '2026-11-02T10:00:00.000Z',
      shipped: ['mixed'],
    };
    await saveRun(ran, old);
    await saveRun(ran, newest);
    const id = createRunId();
    mkdirSync(join(damaged, 'runs', id), { recursive: true });
    writeFileSync(join(damaged, 'runs', id, 'run.json'), 'not JSON');

    const list = await recent.list();
    expect(list.map(({ name }) => name)).toEqual(['ran', 'fresh', 'damaged']);
    const top1 = base.table.find(({ variant }) => variant === 'mixed')?.top1;
    expect(list[0]?.lastRun).toEqual({
      createdAt: '2026-11-02T10:00:00.000Z',
      variant: 'mixed',
      ...(top1 === undefined ? {} : { top1, measure: { name: 'top-1', value: top1, higherIsBetter: true } }),
      gates: { all: base.gates.length, missed: base.gates.filter((gate) => !gate.met).length },
    });
    expect(list[1]).not.toHaveProperty('lastRun');
    expect(list[2]).not.toHaveProperty('lastRun');
  });
});
