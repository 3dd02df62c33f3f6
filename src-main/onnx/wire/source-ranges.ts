import type { ByteOrigin } from './byte-source';

/** Where a decoded message lies in what it was read from. */
export interface SourceRange {
  readonly origin: ByteOrigin;
  readonly offset: number;
  readonly length: number;
}

const ranges = new WeakMap<object, SourceRange>();

/** Remembers where `message` was read, so that it is written back verbatim as long as nobody replaces it. */
export function rememberRange(message: object, range: SourceRange): void {
  ranges.set(message, range);
}

export function rangeOf(message: object): SourceRange | undefined {
  return ranges.get(message);
}
