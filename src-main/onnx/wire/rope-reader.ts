import { resolve } from 'node:path';
import { bufferSource, FileSource, reopen, type ByteSource } from './byte-source';
import type { CopiedRange, Rope } from './rope';

const CHUNK_BYTES = 4 * 1024 * 1024;
/** Smaller parts are collected in a buffer, to avoid many small writes for a graph of many nodes. */
const SMALL_BYTES = 64 * 1024;

/** Reads the parts of a rope; opens each file once. Close it. */
export class RopeReader {
  private readonly sources = new Map<string, ByteSource>();

  /** The rope in chunks of at most 4 MB; a chunk is only valid until the next one is requested. */
  *chunks(rope: Rope): Generator<Uint8Array> {
    const buffer = new Uint8Array(CHUNK_BYTES);
    let used = 0;
    for (const part of rope.parts) {
      const isArray = part instanceof Uint8Array;
      if (used > 0 && (part.length >= SMALL_BYTES || used + part.length > CHUNK_BYTES)) {
        yield buffer.subarray(0, used);
        used = 0;
      }
      if (part.length >= SMALL_BYTES) {
        yield* isArray ? pieces(part) : this.rangePieces(part);
      } else {
        buffer.set(isArray ? part : this.read(part, part.offset, part.length), used);
        used += part.length;
      }
    }
    if (used > 0) yield buffer.subarray(0, used);
  }

  close(): void {
    for (const source of this.sources.values()) source.close();
    this.sources.clear();
  }

  private *rangePieces(range: CopiedRange): Generator<Uint8Array> {
    for (let done = 0; done < range.length; done += CHUNK_BYTES) {
      yield this.read(range, range.offset + done, Math.min(CHUNK_BYTES, range.length - done));
    }
  }

  private read(range: CopiedRange, offset: number, length: number): Uint8Array {
    const { origin } = range;
    if (origin.kind === 'bytes') return bufferSource(origin.bytes, 'model').slice(offset, length);
    const key = `${origin.kind}:${resolve(origin.path)}`;
    let source = this.sources.get(key);
    if (source === undefined) {
      source = origin.kind === 'file' ? reopen(origin) : new FileSource(origin.path);
      this.sources.set(key, source);
    }
    return source.slice(offset, length);
  }
}

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let done = 0; done < bytes.length; done += CHUNK_BYTES) yield bytes.subarray(done, done + CHUNK_BYTES);
}
