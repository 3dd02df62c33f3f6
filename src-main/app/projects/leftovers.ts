import { existsSync, readdirSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readStoredJson } from '../../base/json-file';
import { hasEnded, processIdentitySchema } from '../../base/running-process';
import { sweep } from '../../base/temporary-files';
import { artifactPaths } from './artifact-paths';

const SHARD_LOCK = /^shard-[0-9]+-of-[0-9]+\.lock$/;

/**
 * Removes from a project what killed processes left: temporary files and unfinished folders, and where the caller has just taken
 * the lock of the whole project, so that nobody else builds, engine folders without a record, empty run folders and locks of
 * shards. What can be continued (a checkpoint of a calibration, what an analysis has tried) stays.
 */
export async function removeLeftovers(
  projectPath: string,
  { holdsProject }: { readonly holdsProject: boolean },
): Promise<void> {
  const { enginesDir, runsDir } = artifactPaths(projectPath);
  await sweep(projectPath, { recursive: true });
  if (!holdsProject) return;
  for (const name of namesIn(projectPath)) {
    if (SHARD_LOCK.test(name) && isOfEndedProcess(join(projectPath, name)))
      await removeQuietly(join(projectPath, name));
  }
  for (const name of namesIn(enginesDir)) {
    if (!existsSync(join(enginesDir, name, 'engine.json'))) await removeQuietly(join(enginesDir, name));
  }
  // rmdir removes empty folders only.
  for (const name of namesIn(runsDir)) await rmdir(join(runsDir, name)).catch(() => undefined);
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function isOfEndedProcess(lockFile: string): boolean {
  const owner = readStoredJson(lockFile, processIdentitySchema);
  return owner !== null && hasEnded(owner);
}

const removeQuietly = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true }).catch(() => undefined);
