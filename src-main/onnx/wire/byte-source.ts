import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';

/**
 * The bytes that a model was decoded from. Size and modification time of a file are recorded, so that later changes are
 * detected.
 */
export type ByteOrigin =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly path: string; readonly sizeBytes: number; readonly mtimeMs: number };

/** Random access to bytes. Positions are plain numbers, so files above 4 GB work. */
export interface ByteSource {
  /** Name for messages: the file's name. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly origin: ByteOrigin;
  /** The byte at `offset`; the caller guarantees 0 <= offset < sizeBytes. */
  byte(offset: number): number;
  /** A copy of [offset, offset + length); the caller guarantees that it lies inside. */
  slice(offset: number, length: number): Uint8Array;
  close(): void;
}

const WINDOW_BYTES = 64 * 1024;
/** Node refuses reads of 2 GiB and more in one call. */
const MAX_READ_BYTES = 0x4000_0000;

export function bufferSource(bytes: Uint8Array, name: string): ByteSource {
  return {
    name,
    sizeBytes: bytes.length,
    origin: { kind: 'bytes', bytes },
    byte: (offset) => bytes[offset] ?? 0,
    slice: (offset, length) => bytes.slice(offset, offset + length),
    close: () => undefined,
  };
}

/** Reads a file through one small window; nothing else of it is kept in memory. Close it. */
export class FileSource implements ByteSource {
  readonly name: string;
  readonly sizeBytes: number;
  readonly origin: ByteOrigin;
  private readonly fd: number;
  private readonly window = new Uint8Array(WINDOW_BYTES);
  private windowStart = 0;
  private windowLength = 0;

  /** @throws WorkbenchError 'not-found' (absent, unreadable) or 'model-invalid' (not a regular file). */
  constructor(path: string) {
    const absolute = resolve(path);
    this.name = basename(absolute);
    this.fd = openForReading(absolute);
    try {
      const stat = fstatSync(this.fd);
      if (!stat.isFile()) {
        const what = stat.isDirectory() ? 'a folder' : 'not a regular file';
        throw new WorkbenchError('model-invalid', `${path} is not an ONNX model: expected a file, found ${what}`);
      }
      this.sizeBytes = stat.size;
      this.origin = { kind: 'file', path: absolute, sizeBytes: stat.size, mtimeMs: stat.mtimeMs };
    } catch (error) {
      closeSync(this.fd);
      throw error;
    }
  }

  byte(offset: number): number {
    if (offset < this.windowStart || offset >= this.windowStart + this.windowLength) this.moveWindow(offset);
    return this.window[offset - this.windowStart] ?? 0;
  }

  slice(offset: number, length: number): Uint8Array {
    if (length > WINDOW_BYTES) {
      const bytes = new Uint8Array(length);
      this.readInto(bytes, offset);
      return bytes;
    }
    if (offset < this.windowStart || offset + length > this.windowStart + this.windowLength) this.moveWindow(offset);
    return this.window.slice(offset - this.windowStart, offset - this.windowStart + length);
  }

  /** Fills `target` from `offset` on. */
  readInto(target: Uint8Array, offset: number): void {
    for (let done = 0; done < target.length;) {
      const count = readSync(this.fd, target, done, Math.min(MAX_READ_BYTES, target.length - done), offset + done);
      if (count === 0) throw truncated(this.name, offset + target.length, offset + done);
      done += count;
    }
  }

  close(): void {
    closeSync(this.fd);
  }

  private moveWindow(offset: number): void {
    const length = Math.min(WINDOW_BYTES, this.sizeBytes - offset);
    this.windowLength = 0;
    this.readInto(this.window.subarray(0, length), offset);
    this.windowStart = offset;
    this.windowLength = length;
  }
}

function openForReading(path: string): number {
  try {
    // O_NONBLOCK: a named pipe is refused below instead of blocking. Windows has no such flag.
    return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const problem =
      code === 'ENOENT' || code === 'ENOTDIR' ? 'does not exist' : `cannot be read (${code ?? 'unknown error'})`;
    throw new WorkbenchError('not-found', `${path} ${problem}`, { cause: error });
  }
}

function truncated(name: string, expectedBytes: number, foundBytes: number): WorkbenchError {
  return new WorkbenchError(
    'model-invalid',
    `${name} is shorter than it was: expected at least ${expectedBytes} bytes, found ${foundBytes}`,
  );
}

/** Opens the source of a range of an origin again. @throws WorkbenchError when the file changed since it was read. */
export function reopen(origin: ByteOrigin): ByteSource {
  if (origin.kind === 'bytes') return bufferSource(origin.bytes, 'model');
  const source = new FileSource(origin.path);
  if (
    source.origin.kind === 'file' &&
    source.sizeBytes === origin.sizeBytes &&
    source.origin.mtimeMs === origin.mtimeMs
  )
    return source;
  source.close();
  throw new WorkbenchError('model-invalid', `${origin.path} changed on disk since it was read; read the model again`);
}
