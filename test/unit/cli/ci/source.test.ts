import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sourceOf } from '../../../../src-main/cli/ci/source';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'calib-source-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (path: string, text: string): void => {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text);
};

describe('sourceOf', () => {
  it.each([
    [
      { GITHUB_REF_NAME: '12/merge', GITHUB_HEAD_REF: 'feature', GITHUB_SHA: 'a1' },
      { branch: 'feature', commit: 'a1' },
    ],
    [
      { GITHUB_REF_NAME: 'main', GITHUB_HEAD_REF: '', GITHUB_SHA: 'a1' },
      { branch: 'main', commit: 'a1' },
    ],
    [
      { CI_COMMIT_REF_NAME: 'main', CI_COMMIT_SHA: 'b2' },
      { branch: 'main', commit: 'b2' },
    ],
    [
      { GIT_BRANCH: 'origin/main', GIT_COMMIT: 'c3' },
      { branch: 'main', commit: 'c3' },
    ],
  ])('takes what the CI system says: %j', (environment, expected) => {
    expect(sourceOf(folder, environment)).toEqual(expected);
  });

  it('reads the repository above the project', () => {
    write('.git/HEAD', 'ref: refs/heads/feature/x\n');
    write('.git/refs/heads/feature/x', 'd4\n');
    mkdirSync(join(folder, 'models/a.calib'), { recursive: true });
    expect(sourceOf(join(folder, 'models/a.calib'), {})).toEqual({ branch: 'feature/x', commit: 'd4' });
    write('.git/HEAD', 'e5\n');
    expect(sourceOf(folder, {})).toEqual({ commit: 'e5' });
  });

  it('reads packed references and linked worktrees', () => {
    write('main/.git/packed-refs', '# pack-refs\nf6 refs/heads/topic\n');
    write('main/.git/worktrees/w/HEAD', 'ref: refs/heads/topic\n');
    write('main/.git/worktrees/w/commondir', '../..\n');
    write('w/.git', `gitdir: ${join(folder, 'main/.git/worktrees/w')}\n`);
    expect(sourceOf(join(folder, 'w'), {})).toEqual({ branch: 'topic', commit: 'f6' });
  });
});
