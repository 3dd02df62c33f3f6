import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeError } from './file-errors';
import { sweep, temporaryName } from './temporary-files';

/** Folders in which this process has looked for temporary files of processes that were killed. */
const sweptFolders = new Set<string>();

/**
 * A file that gets its name only when it is complete. The content is written to a temporary file beside it, which is
 * then renamed.
 */
export class AtomicFile {
  private isOpen = true;
  private isCommitted = false;

  private constructor(
    private readonly path: string,
    /** Path of the temporary file with the content. */
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

  /** Removes the temporary file, unless it was committed. It may be called in any state. */
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
 * Writes a file so that readers see either the old or the complete new content, even after a crash. The folder must
 * exist. Throws WorkbenchError `disk-full` or `unwritable`. In this case the old file is unchanged and no temporary
 * file is left.
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

/**
 * Makes the rename durable. Some systems (Windows) cannot flush a folder; there, a power failure may undo the rename.
 */
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
