import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, rename, rm, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { writeFileAtomic } from '../../base/atomic-file';
import { readTensorrtRecord, writeEngineRecord, type TensorrtEngineRecord } from './engine-record';
import type { JobContext } from '../job-context';
import { shortHash, type Workspace } from '../projects/workspace';

/**
 * Loading a TensorRT engine runs code that the engine contains, and a project folder may come from anybody. Therefore
 * an engine is loaded only if this user's workbench built it: its sha256 is then the name of a file in the user's data
 * folder.
 */
function builtEnginePath(userDataDir: string, sha256: string): string {
  return join(userDataDir, 'built-engines', sha256);
}

/** Whether this user's workbench built the engine with this content. */
export function wasBuiltHere(userDataDir: string, sha256: string): boolean {
  return /^[0-9a-f]{64}$/.test(sha256) && existsSync(builtEnginePath(userDataDir, sha256));
}

/**
 * Records that this user's workbench built the engine with this content.
 * @throws WorkbenchError unwritable, disk-full
 */
export async function rememberBuiltEngine(userDataDir: string, sha256: string): Promise<void> {
  await mkdir(join(userDataDir, 'built-engines'), { recursive: true });
  await writeFileAtomic(builtEnginePath(userDataDir, sha256), '');
}

/**
 * Puts the engine of `alternative` into `dir`, where commands that build its plan look for it. The engine that was in
 * `dir` becomes an alternative in a folder of its own, which is returned. It does not move to the folder of
 * `alternative`, whose name stands for the kernels that were asked for. If the exchange is interrupted, both engines
 * are alternatives, and the engine of the plan is built again.
 */
export async function exchangeEngines(dir: string, alternative: string): Promise<string> {
  const [replaced, replacing] = [readTensorrtRecord(dir), readTensorrtRecord(alternative)];
  if (replaced === null || replacing === null)
    throw new WorkbenchError('internal', `${dir} or ${alternative} holds no engine of TensorRT`);
  const alternativeOf = basename(dir);
  const moved = join(dirname(dir), shortHash({ alternativeOf, sha256: replaced.sha256 }));
  await writeEngineRecord(dir, { ...replaced, alternativeOf, wasReplaced: true });
  await writeEngineRecord(alternative, { ...replacing, wasReplaced: false });
  await rm(moved, { recursive: true, force: true });
  await rename(dir, moved);
  await rename(alternative, dir);
  return moved;
}

/**
 * Folders of the engines that differ from the one in `dir` in their kernels only, the oldest first. Engines that were
 * replaced there count only while the one that replaced them is there: if that was deleted, and the engine of the plan
 * built again, they must not take the builds that it needs to come back.
 */
export function alternativesOf(dir: string): string[] {
  const root = dirname(dir);
  const plan = readTensorrtRecord(dir);
  const hasReplacement = plan?.alternativeOf !== undefined && plan.wasReplaced !== true;
  return readdirSync(root)
    .flatMap((name) => {
      const own = join(root, name);
      const record = readTensorrtRecord(own);
      return own !== dir && record?.alternativeOf === basename(dir) && (hasReplacement || record.wasReplaced !== true)
        ? [{ dir: own, createdAt: record.createdAt }]
        : [];
    })
    .sort((a, b) => a.createdAt.localeCompare(b.createdAt))
    .map((found) => found.dir);
}

/** A record that names its own folder is that of an alternative which became the engine of its plan. */
export function isAlternative(dir: string, { alternativeOf }: Pick<TensorrtEngineRecord, 'alternativeOf'>): boolean {
  return alternativeOf !== undefined && alternativeOf !== basename(dir);
}

/** Default size limit of all engines of one project, in bytes. */
const MAX_ENGINES_BYTES = 10e9;

/**
 * Registers engines as used by the job, then deletes the engines that were used longest ago until the project is within
 * its size limit. An engine that the job uses is never deleted, even if the engines of this job alone exceed the limit.
 * @param dirs folders of engines that were just built or found.
 */
export async function useEngines(dirs: readonly string[], job: JobContext): Promise<void> {
  const now = new Date();
  for (const dir of dirs) {
    await utimes(dir, now, now);
    job.enginesInUse.add(dir);
  }
  await pruneEngines(job.workspace, job.enginesInUse, job.services.maxEnginesBytes);
}

/**
 * Deletes the engines that were used longest ago, except those of `inUse`, until the rest is at most `maxBytes` large.
 */
export async function pruneEngines(
  workspace: Pick<Workspace, 'paths'>,
  inUse: Iterable<string>,
  maxBytes = MAX_ENGINES_BYTES,
): Promise<void> {
  const root = workspace.paths.enginesDir;
  if (!existsSync(root)) return;
  const kept = new Set(inUse);
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const dir = join(root, name);
      return {
        dir,
        usedAt: statSync(dir).mtimeMs,
        bytes: readdirSync(dir).reduce((sum, file) => sum + statSync(join(dir, file)).size, 0),
      };
    });
  let total = folders.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { dir, bytes } of folders.toSorted((a, b) => a.usedAt - b.usedAt)) {
    if (total <= maxBytes) return;
    if (kept.has(dir)) continue;
    await rm(dir, { recursive: true, force: true });
    total -= bytes;
  }
}
