import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSet, type Workspace } from '../../../src-main/app/projects/workspace';
import { useTempDirs } from '../../support/temp-dir';
import { writeTinyImages } from '../../support/tiny-project';
import { createTestProject, writeProjectFiles } from '../../support/project-fixture';

const tempDir = useTempDirs();

async function workspace(calibration: (dir: string) => Promise<string>): Promise<Workspace> {
  const dir = tempDir();
  const { model, images: validation, project } = await writeProjectFiles(dir, { images: 12 });
  return createTestProject({ model, images: await calibration(dir), validation, project });
}

describe('loadSet', () => {
  it('spreads a limit evenly over a folder, so that a part has all groups', async () => {
    const opened = await workspace(async (dir) => join(dir, 'images'));
    const { entries } = await loadSet(opened, 'calibration', 4);
    expect(entries.map((entry) => entry.group)).toEqual(['day', 'day', 'night', 'night']);
    expect((await loadSet(opened, 'calibration', 100)).entries).toHaveLength(12);
  });

  it('takes the first images of a list', async () => {
    const opened = await workspace(async (dir) => {
      writeFileSync(join(dir, 'list.txt'), 'images/night/b/0001.png\nimages/day/a/0000.png\nimages/day/c/0002.png\n');
      return join(dir, 'list.txt');
    });
    expect((await loadSet(opened, 'calibration', 2)).entries.map((entry) => entry.file)).toEqual([
      'images/night/b/0001.png',
      'images/day/a/0000.png',
    ]);
  });

  it('takes folders of a calibration set for groups when they are no classes of the validation set', async () => {
    const opened = await workspace(async (dir) => {
      await writeTinyImages(join(dir, 'flat'), 6);
      for (const group of ['day', 'night']) {
        for (const label of ['a', 'b', 'c']) {
          cpSync(join(dir, 'flat', group, label), join(dir, 'flat', group), { recursive: true });
          rmSync(join(dir, 'flat', group, label), { recursive: true });
        }
      }
      return join(dir, 'flat');
    });
    const set = await loadSet(opened, 'calibration', undefined);
    expect(set.groups).toEqual(['day', 'night']);
    expect(set.entries.every((entry) => entry.label === null)).toBe(true);
    expect((await loadSet(opened, 'validation', undefined)).classNames).toEqual(['a', 'b', 'c']);
  });
});
