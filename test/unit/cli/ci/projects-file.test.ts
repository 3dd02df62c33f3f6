import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readProjects } from '../../../../src-main/cli/ci/projects-file';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'calib-zoo-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (content: unknown) => {
  const path = join(folder, 'zoo.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return readProjects(path);
};

describe('readProjects', () => {
  it('resolves projects beside the file', () => {
    expect(read({ version: 1, projects: [{ path: 'a.calib', limit: 10 }, { path: '/b.calib' }] })).toEqual([
      { projectPath: join(folder, 'a.calib'), limit: 10 },
      { projectPath: '/b.calib' },
    ]);
  });

  it.each([
    ['{', 'zoo.json'],
    [{ version: 2, projects: [] }, 'version'],
    [{ version: 1, projects: [] }, 'names no project'],
    [{ version: 1, projects: [{ path: 'a', backend: 'gpu' }] }, 'projects[0].backend'],
    [{ version: 1, projects: [{}] }, 'projects[0].path'],
  ])('refuses %j', (content, message) => {
    expect(() => read(content)).toThrow(message);
  });

  it('names a missing file', () => {
    expect(() => readProjects(join(folder, 'none.json'))).toThrow('none.json does not exist');
  });
});
