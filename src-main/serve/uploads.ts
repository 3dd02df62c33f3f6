import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { formatBytes } from '../../src-shared/base/units';
import { errnoOf, writeError } from '../base/file-errors';
import { uploadsFolder } from '../base/temporary-files';
import { HttpError } from '../transport/http-body';
import { uploadPath } from './upload-path';

/** The path of an uploaded file, the folder of its batch, and the proposed folder for a project made from it. */
export interface UploadedFile {
  readonly path: string;
  readonly folder: string;
  readonly projectsFolder?: string;
}

/** After this time without data, the sender is considered lost. */
const IDLE_MS = 60_000;

/**
 * The files that were dropped on a page in a browser. They are kept in a separate folder with one sub-folder per drop.
 */
export class Uploads {
  /** The folder is created for the first file and only readable by this user. */
  readonly dir: string;
  private usedBytes = 0;
  private fileCount = 0;
  private isMade = false;
  private making: Promise<void> = Promise.resolve();

  /**
   * `maxBytes` limits the total size of all uploads. `projectsFolder` is the proposed place for projects of uploaded
   * files, because the folder of uploads is temporary.
   */
  constructor(
    parent: string,
    private readonly maxBytes: number,
    private readonly projectsFolder: string | null = null,
  ) {
    this.dir = join(parent, uploadsFolder());
  }

  /** Streams one file to disk. @throws HttpError */
  async receive(request: IncomingMessage, address: URLSearchParams): Promise<UploadedFile> {
    const batch = address.get('batch') ?? '';
    const path = uploadPath(this.dir, batch, address.get('path') ?? '');
    if (path === null)
      throw new HttpError(400, 'Expected batch=ID (letters, digits) and path=RELATIVE/PATH of the file');
    const announced = Number(request.headers['content-length'] ?? 0);
    if (this.usedBytes + announced > this.maxBytes) throw this.tooLarge();
    // Writes beside the file under a temporary name. The name is independent of the file's name, which may already have
    // the maximum length.
    const partPath = join(dirname(path), `.${randomBytes(6).toString('hex')}.part`);
    const count = { bytes: 0 };
    try {
      await this.makeFolder();
      await mkdir(dirname(path), { recursive: true });
      request.setTimeout(IDLE_MS, () => request.destroy(new Error('the sender went silent')));
      await pipeline(request, this.limit(count), createWriteStream(partPath, { flags: 'wx', mode: 0o600 }));
      await rename(partPath, path);
      this.fileCount += 1;
      return {
        path,
        folder: join(this.dir, batch),
        ...(this.projectsFolder === null ? {} : { projectsFolder: this.projectsFolder }),
      };
    } catch (error) {
      this.usedBytes -= count.bytes;
      await rm(partPath, { force: true });
      throw error instanceof HttpError ? error : writeError(error, path);
    }
  }

  /** Whether a path is inside the folder of uploads. */
  contains(path: string): boolean {
    const below = relative(this.dir, resolve(path));
    return below !== '' && !isAbsolute(below) && below.split(sep)[0] !== '..';
  }

  /** Removes an uploaded file or folder whose content was moved elsewhere, and frees its share of the size limit. */
  async discard(path: string): Promise<void> {
    if (!this.contains(path)) return;
    const { bytes, files } = await extentOf(path);
    await rm(path, { recursive: true, force: true });
    this.usedBytes -= bytes;
    this.fileCount -= files;
  }

  /**
   * Removes the folder if it contains no uploads. Otherwise projects may refer to its files.
   * @returns whether files are left
   */
  async close(): Promise<boolean> {
    if (this.fileCount === 0) await rm(this.dir, { recursive: true, force: true });
    return this.fileCount > 0;
  }

  /**
   * Calls run one after the other. A folder that could not be created, or that was removed by a clean-up, is created
   * for the next file.
   */
  private makeFolder(): Promise<void> {
    const makeOnce = async (): Promise<void> => {
      try {
        // Not recursive, so that an existing folder with this name, which another user may have made, is an error.
        await mkdir(this.dir, { mode: 0o700 });
        this.isMade = true;
      } catch (error) {
        if (!this.isMade || errnoOf(error) !== 'EEXIST') throw error;
      }
    };
    this.making = this.making.then(makeOnce, makeOnce);
    return this.making;
  }

  private limit(count: { bytes: number }): Transform {
    return new Transform({
      transform: (chunk: Buffer, _, done) => {
        count.bytes += chunk.length;
        this.usedBytes += chunk.length;
        if (this.usedBytes > this.maxBytes) done(this.tooLarge());
        else done(null, chunk);
      },
    });
  }

  private tooLarge(): HttpError {
    return new HttpError(
      413,
      `Uploads are limited to ${formatBytes(this.maxBytes)} in all; start the server with a larger ` +
        'limit, or open the files by their path',
    );
  }
}

async function extentOf(path: string): Promise<{ readonly bytes: number; readonly files: number }> {
  const info = await stat(path).catch(() => null);
  if (info === null) return { bytes: 0, files: 0 };
  if (info.isFile()) return { bytes: info.size, files: 1 };
  let sum = { bytes: 0, files: 0 };
  for (const name of await readdir(path)) {
    const { bytes, files } = await extentOf(join(path, name));
    sum = { bytes: sum.bytes + bytes, files: sum.files + files };
  }
  return sum;
}
