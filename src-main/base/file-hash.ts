import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { LRUCache } from 'lru-cache';
import { throwIfAborted } from '../../src-shared/base/errors';
import { SharedRuns } from './shared-runs';

/** Larger files are streamed, so that hashing needs little memory. Smaller ones are read at once, which is faster. */
const MAX_READ_BYTES = 4e6;
/** Number of files whose hash is remembered. At about 300 bytes each, they take 30 MB. */
const REMEMBERED_FILES = 100_000;

/**
 * sha256 of the content of a file as 64 hex digits. The file is always read. Throws Node's error if it cannot be read.
 */
export async function sha256OfFile(path: string, signal?: AbortSignal): Promise<string> {
  const { size } = await stat(path);
  return hashOfSize(path, size, signal);
}

function hashOfSize(path: string, sizeBytes: number, signal: AbortSignal | undefined): Promise<string> {
  return sizeBytes > MAX_READ_BYTES ? hashStream(path, signal) : hashAtOnce(path, signal);
}

async function hashAtOnce(path: string, signal: AbortSignal | undefined): Promise<string> {
  const bytes = await readFile(path, signal === undefined ? {} : { signal });
  return createHash('sha256').update(bytes).digest('hex');
}

async function hashStream(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash, signal === undefined ? {} : { signal });
  return hash.digest('hex');
}

/** What is stated about the content of a file: its size in bytes and its sha256. */
export interface FileIdentity {
  readonly size: number;
  readonly sha256: string;
}

/**
 * Content hashes by path. A file is read again only if its size, inode, modification time or change time differ from
 * those at the time of the last read. The least recently used hashes are forgotten.
 */
export class FileHashes {
  private readonly known: LRUCache<string, { readonly stamp: string; readonly sha256: string }>;
  /** Reads in progress by path and stamp. All callers that ask for the same file share one read. */
  private readonly runs = new SharedRuns<string>();
  private reads = 0;

  constructor(rememberedFiles = REMEMBERED_FILES) {
    // With `max`, room for all of them would be filled at once, in every process and thread.
    this.known = new LRUCache({ maxSize: rememberedFiles, sizeCalculation: () => 1 });
  }

  /** How many files have been read so far. */
  get readCount(): number {
    return this.reads;
  }

  /** sha256 as 64 hex digits. Throws Node's error if the file cannot be read. @throws WorkbenchError cancelled */
  async sha256(path: string, signal?: AbortSignal): Promise<string> {
    return (await this.identity(path, signal)).sha256;
  }

  /** The same with the size of the file in bytes. */
  async identity(path: string, signal?: AbortSignal): Promise<FileIdentity> {
    const { stamp, size } = await stateOf(path);
    const known = this.known.get(path);
    if (known?.stamp === stamp) return { size, sha256: known.sha256 };
    try {
      return { size, sha256: await this.runs.run(`${stamp} ${path}`, () => this.read(path, { stamp, size }, signal)) };
    } finally {
      // Also if the read, which another caller may have begun, came to its end.
      throwIfAborted(signal);
    }
  }

  private async read(path: string, { stamp, size }: FileState, signal: AbortSignal | undefined): Promise<string> {
    this.reads += 1;
    const sha256 = await hashOfSize(path, size, signal);
    // A file that changed while it was read is not remembered.
    if ((await stampOf(path)) === stamp) this.known.set(path, { stamp, sha256 });
    return sha256;
  }
}

/**
 * A value that changes when the file is written. Times are in nanoseconds, because a file may be written twice within a
 * millisecond.
 */
export async function stampOf(path: string): Promise<string> {
  return (await stateOf(path)).stamp;
}

interface FileState {
  readonly stamp: string;
  readonly size: number;
}

async function stateOf(path: string): Promise<FileState> {
  const { size, ino, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return { stamp: `${size} ${ino} ${mtimeNs} ${ctimeNs}`, size: Number(size) };
}

/** The hashes that this process (or worker thread) remembers. */
export const fileHashes = new FileHashes();

/** sha256 of a file, read only if it has changed since this process last hashed it; see FileHashes. */
export function sha256OfStoredFile(path: string, signal?: AbortSignal): Promise<string> {
  return fileHashes.sha256(path, signal);
}

/** Whether a file exists with this content; false if it cannot be read. @throws WorkbenchError cancelled */
export async function hasContent(path: string, sha256: string, signal?: AbortSignal): Promise<boolean> {
  const found = await sha256OfStoredFile(path, signal).catch(() => null);
  throwIfAborted(signal);
  return found === sha256;
}
