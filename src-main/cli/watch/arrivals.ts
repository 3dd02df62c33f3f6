import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { isImageFile } from '../../calibration/images/image-set-files';
import { readError } from '../../base/file-errors';

/** An image file that is complete. */
export interface Arrival {
  readonly path: string;
  /** The first folder below the watched one; null for a file in the watched folder itself. */
  readonly folder: string | null;
  /** When it was found complete, in milliseconds of a clock that never goes back. */
  readonly readyAtMs: number;
}

interface Seen {
  readonly stamp: string;
  /** When this size and time were first seen. */
  readonly sinceMs: number;
  isTaken: boolean;
}

/** An empty file is one whose program has not written yet, and is waited for longer. */
const EMPTY_PATIENCE = 10;

export interface ArrivalOptions {
  /** A file is complete if its size and time did not change for this long. */
  readonly settleMs: number;
  /** Files that lie there at the first scan are not reported, unless they change. */
  readonly ignoresPresent: boolean;
  /** Milliseconds of a clock that never goes back. */
  readonly clock?: () => number;
}

/** Finds image files that are new in a folder and its sub-folders. A file that is written again is new again. */
export class Arrivals {
  private seen = new Map<string, Seen>();
  private isFirst = true;
  private readonly clock: () => number;

  constructor(
    private readonly root: string,
    private readonly options: ArrivalOptions,
  ) {
    this.clock = options.clock ?? (() => performance.now());
  }

  /** Number of files that are still being written. */
  get unfinished(): number {
    return [...this.seen.values()].filter(({ isTaken }) => !isTaken).length;
  }

  /** Files that became complete since the last scan, in the order of their names. @throws WorkbenchError not-found */
  async scan(): Promise<readonly Arrival[]> {
    const now = this.clock();
    const files = await imageFiles(this.root);
    const present = new Map<string, Seen>();
    const ready: Arrival[] = [];
    for (const path of files) {
      const stats = await stat(path).catch(() => null);
      if (stats?.isFile() !== true) continue;
      const stamp = `${stats.size} ${stats.mtimeMs}`;
      const known = this.seen.get(path);
      const isSame = known?.stamp === stamp;
      const own: Seen = isSame ? known : { stamp, sinceMs: now, isTaken: this.isFirst && this.options.ignoresPresent };
      present.set(path, own);
      const ageMs = isSame ? now - own.sinceMs : Date.now() - stats.mtimeMs;
      const neededMs = this.options.settleMs * (stats.size === 0 ? EMPTY_PATIENCE : 1);
      if (own.isTaken || ageMs < neededMs) continue;
      own.isTaken = true;
      const parts = relative(this.root, path).split(sep);
      ready.push({ path, folder: parts.length > 1 ? (parts[0] ?? null) : null, readyAtMs: now });
    }
    this.seen = present;
    this.isFirst = false;
    return ready;
  }
}

async function imageFiles(root: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.name.startsWith('.') && !entry.isDirectory() && isImageFile(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch (error) {
    throw readError(error, root, 'Folder');
  }
}
