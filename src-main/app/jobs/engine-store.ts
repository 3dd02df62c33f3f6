import { existsSync, readdirSync, statSync } from 'node:fs';
import { rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Workspace } from '../workspace';

/** A project keeps engines up to this size; then those that were used longest ago go. */
const MAX_ENGINES_BYTES = 10e9;

/** Marks the engines in use as used now, and removes the oldest of the others until the project is within its limit. */
export async function pruneEngines(workspace: Pick<Workspace, 'paths'>, inUse: readonly string[], maxBytes = MAX_ENGINES_BYTES): Promise<void> {
  const now = new Date();
  for (const dir of inUse) await utimes(dir, now, now);
  const root = workspace.paths.enginesDir;
  if (!existsSync(root)) return;
  const kept = new Set(inUse);
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => {
    const dir = join(root, name);
    return { dir, usedAt: statSync(dir).mtimeMs, bytes: readdirSync(dir).reduce((sum, file) => sum + statSync(join(dir, file)).size, 0) };
  });
  let total = folders.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const { dir, bytes } of folders.toSorted((a, b) => a.usedAt - b.usedAt)) {
    if (total <= maxBytes) return;
    if (kept.has(dir)) continue;
    await rm(dir, { recursive: true, force: true });
    total -= bytes;
  }
}
