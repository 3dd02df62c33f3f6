import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeError } from './file-errors';
import { sweep, temporaryName } from './temporary-files';

/** Folders in which this process has looked for temporary files of processes that were killed. */
const sweptFolders = new Set<string>();

/** A file that appears under its name only when it is complete: written to a temporary name beside it, then renamed. */
export class AtomicFile {
  private isOpen = true;
  private isCommitted = false;

  private constructor(
    private readonly path: string,
    /** Where the content is until it is committed. */
    readonly temporaryPath: string,
    private readonly handle: FileHandle,
  ) {}

  /** @throws WorkbenchError 'unwritable'. */
  static async create(path: string): Promise<AtomicFile> {
    const folder = dirname(path);
    if (!sweptFolders.has(folder)) {
      sweptFolders.add(folder);
      await sweep(folder);
    }
    const temporaryPath = join(folder, temporaryName(basename(path)));
    try {
      return new AtomicFile(path, temporaryPath, await open(temporaryPath, 'wx'));
    } catch (error) {
      throw writeError(error, path);
    }
  }

  async append(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done);
        done += bytesWritten;
      }
    } catch (error) {
      throw writeError(error, this.path);
    }
  }

  /** Flushes to disk and gives the file its name. */
  async commit(): Promise<void> {
    try {
      await this.handle.sync();
      await this.close();
      await rename(this.temporaryPath, this.path);
      this.isCommitted = true;
      await syncFolder(dirname(this.path));
    } catch (error) {
      throw writeError(error, this.path);
    }
  }

  /** Removes what was written, unless it was committed; may be called always. */
  async discard(): Promise<void> {
    await this.close();
    if (!this.isCommitted) await rm(this.temporaryPath, { force: true });
  }

  private async close(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    await this.handle.close();
  }
}

/**
 * Writes a file so that a reader sees either the old content or all of the new one, also after a crash. The folder must
 * exist. Throws WorkbenchError `disk-full` or `unwritable`; the old file is then unchanged and nothing is left behind.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<void> {
  const file = await AtomicFile.create(path);
  try {
    await file.append(typeof content === 'string' ? Buffer.from(content) : content);
    await file.commit();
  } finally {
    await file.discard();
  }
}

/** Makes the rename itself durable; some systems (Windows) cannot flush a folder, which costs only that durability. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    return;
  }
}
