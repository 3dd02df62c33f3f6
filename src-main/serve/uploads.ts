import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { formatBytes } from '../../src-shared/base/units';
import { writeError } from '../base/file-errors';
import { HttpError } from '../transport/http-body';
import { uploadPath } from './upload-path';

/** A sender that is silent for this long is gone. */
const IDLE_MS = 60_000;

/** Files that were dropped on a page in a browser, in a folder of their own; one sub-folder per drop. */
export class Uploads {
  /** Made with the first file, readable by this user only. */
  readonly dir: string;
  private usedBytes = 0;
  private fileCount = 0;
  private made: Promise<unknown> | null = null;

  /** `maxBytes` limits all uploads together. */
  constructor(
    parent: string,
    private readonly maxBytes: number,
  ) {
    this.dir = join(parent, `calib-uploads-${randomBytes(8).toString('hex')}`);
  }

  /** Streams one file to disk. @returns its path and that of its batch. @throws HttpError */
  async receive(request: IncomingMessage, address: URLSearchParams): Promise<{ readonly path: string; readonly folder: string }> {
    const batch = address.get('batch') ?? '';
    const path = uploadPath(this.dir, batch, address.get('path') ?? '');
    if (path === null) throw new HttpError(400, 'Expected batch=ID (letters, digits) and path=RELATIVE/PATH of the file');
    const announced = Number(request.headers['content-length'] ?? 0);
    if (this.usedBytes + announced > this.maxBytes) throw this.tooLarge();
    const partPath = `${path}.${randomBytes(6).toString('hex')}.part`;
    const count = { bytes: 0 };
    try {
      // Not recursive: a folder of that name that somebody else made is an error.
      await (this.made ??= mkdir(this.dir, { mode: 0o700 }));
      await mkdir(dirname(path), { recursive: true });
      request.setTimeout(IDLE_MS, () => request.destroy(new Error('the sender went silent')));
      await pipeline(request, this.limit(count), createWriteStream(partPath, { flags: 'wx', mode: 0o600 }));
      await rename(partPath, path);
      this.fileCount += 1;
      return { path, folder: join(this.dir, batch) };
    } catch (error) {
      this.usedBytes -= count.bytes;
      await rm(partPath, { force: true });
      throw error instanceof HttpError ? error : writeError(error, path);
    }
  }

  /** Removes the folder when nothing was uploaded; else projects may refer to its files. @returns whether files are left. */
  async close(): Promise<boolean> {
    if (this.fileCount === 0) await rm(this.dir, { recursive: true, force: true });
    return this.fileCount > 0;
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
    return new HttpError(413, `Uploads are limited to ${formatBytes(this.maxBytes)} in all; start the server with a larger --max-upload, or open the files by their path`);
  }
}
