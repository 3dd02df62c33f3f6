import { randomBytes } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { WorkbenchError } from '../../src-shared/contract/errors';

/** A file that appears under its name only when it is complete: written to a temporary name beside it, then renamed. */
export class AtomicFile {
  private isOpen = true;
  private isCommitted = false;

  private constructor(
    private readonly path: string,
    private readonly temporaryPath: string,
    private readonly handle: FileHandle,
  ) {}

  /** @throws WorkbenchError 'unwritable'. */
  static async create(path: string): Promise<AtomicFile> {
    const temporaryPath = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
    try {
      return new AtomicFile(path, temporaryPath, await open(temporaryPath, 'wx'));
    } catch (error) {
      throw writeError(error, path);
    }
  }

  async append(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
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

/** What a failed write means for the user: a WorkbenchError 'unwritable' or 'disk-full'; other errors as they are. */
export function writeError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new WorkbenchError('disk-full', `No space left on the disk while writing ${path}; nothing was left behind`, { cause: error });
  }
  if (code === undefined) return error;
  const reasons: Readonly<Record<string, string>> = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOENT: 'its folder does not exist',
    ENOTDIR: 'its folder is a file',
    EISDIR: 'a folder has that name',
    ENOTEMPTY: 'a folder has that name',
    EEXIST: 'a folder has that name',
    EFBIG: 'the file system does not allow files this large',
  };
  return new WorkbenchError('unwritable', `${path} cannot be written: ${reasons[code] ?? code}`, { cause: error });
}
