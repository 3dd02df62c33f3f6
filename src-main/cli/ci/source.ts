import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ownValue } from '../../../src-shared/base/records';

/** The branch and the commit of a run. */
export interface Source {
  readonly branch?: string;
  readonly commit?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables of GitHub Actions, GitLab CI, Jenkins and Azure Pipelines; of a pull request, its own branch. */
const BRANCHES = [
  'GITHUB_HEAD_REF',
  'GITHUB_REF_NAME',
  'CI_MERGE_REQUEST_SOURCE_BRANCH_NAME',
  'CI_COMMIT_REF_NAME',
  'CHANGE_BRANCH',
  'BRANCH_NAME',
  'GIT_BRANCH',
  'BUILD_SOURCEBRANCHNAME',
];
const COMMITS = ['GITHUB_SHA', 'CI_COMMIT_SHA', 'GIT_COMMIT', 'BUILD_SOURCEVERSION'];

/** What the CI system says, else the git repository that a folder lies in. */
export function sourceOf(folder: string, environment: Environment = process.env): Source {
  const first = (names: readonly string[]): string | undefined =>
    names.map((name) => ownValue(environment, name)).find((value) => value !== undefined && value !== '');
  const branch = first(BRANCHES)?.replace(/^origin\//, '');
  const commit = first(COMMITS);
  if (branch !== undefined || commit !== undefined)
    return { ...(branch === undefined ? {} : { branch }), ...(commit === undefined ? {} : { commit }) };
  return gitSource(resolve(folder));
}

function gitSource(folder: string): Source {
  for (let dir = folder; ; dir = dirname(dir)) {
    const head = headOf(dir);
    if (head !== null) return head;
    if (dirname(dir) === dir) return {};
  }
}

/** Reads `.git/HEAD`; `.git` is a file in a linked worktree. null if the folder is no repository. */
function headOf(dir: string): Source | null {
  const link = read(join(dir, '.git'));
  const own = link?.startsWith('gitdir: ') ? resolve(dir, link.slice('gitdir: '.length)) : join(dir, '.git');
  const head = read(join(own, 'HEAD'));
  if (head === null) return null;
  const ref = /^ref: (.+)$/.exec(head)?.[1];
  if (ref === undefined) return { commit: head };
  const common = resolve(own, read(join(own, 'commondir')) ?? '.');
  const packed = read(join(common, 'packed-refs'))
    ?.split('\n')
    .find((line) => line.endsWith(` ${ref}`));
  const commit = read(join(common, ref)) ?? packed?.split(' ')[0];
  return { branch: ref.replace(/^refs\/heads\//, ''), ...(commit === undefined ? {} : { commit }) };
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}
