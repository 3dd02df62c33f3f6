import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, rename, rm, utimes } from 'node:fs/promises';
import { writeFileAtomic } from '../../base/atomic-file';
import { basename, dirname, join } from 'node:path';
import { readEngineRecord, writeEngineRecord, type TensorrtEngineRecord } from './engine-record';
import type { JobContext } from '../job-context';
import type { Workspace } from '../projects/workspace';

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
 * Exchanges the engines of two folders, so that the engine of `alternative` is the one that a plan's folder holds from
 * now on. The folder's name is the key of the plan; which kernels TensorRT took is not part of it.
 */
export async function exchangeEngines(dir: string, alternative: string): Promise<void> {
  const aside = `${dir}.exchanged`;
  await rm(aside, { recursive: true, force: true });
  await rename(dir, aside);
  await rename(alternative, dir);
  await rename(aside, alternative);
  for (const [own, others] of [
    [dir, {}],
    [alternative, { alternativeOf: basename(dir) }],
  ] as const) {
    const record = readEngineRecord(own);
    if (record?.backend !== 'tensorrt') continue;
    const { alternativeOf: _before, ...kept } = record;
    await writeEngineRecord(own, { ...kept, ...others });
  }
}

/** Folders of the engines that differ from the one in `dir` in their kernels only, the oldest first. */
export function alternativesOf(dir: string): string[] {
  const root = dirname(dir);
  return readdirSync(root)
    .flatMap((name) => {
      const own = join(root, name);
      const record = readEngineRecord(own);
      return record?.backend === 'tensorrt' && isAlternative(own, record) && record.alternativeOf === basename(dir)
        ? [{ dir: own, createdAt: record.createdAt }]
        : [];
    })
    .sort((a, b) => a.createdAt.localeCompare(b.createdAt))
    .map((found) => found.dir);
}

/** A record that names its own folder is that of an engine whose exchange was interrupted: it is the plan's. */
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
