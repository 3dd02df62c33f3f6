import type { ByteOrigin } from './byte-source';

/** A piece of a file or buffer that is copied as it is. */
export interface CopiedRange {
  readonly origin: ByteOrigin | { readonly kind: 'data-file'; readonly path: string };
  readonly offset: number;
  readonly length: number;
}

export type RopePart = Uint8Array | CopiedRange;

/** Bytes to write as a list of parts, so that weights are never loaded to be written. */
export interface Rope {
  readonly length: number;
  readonly parts: readonly RopePart[];
}

const utf8 = new TextEncoder();

/** Builds one protobuf message. Fields appear in the order of the calls. */
export class MessageBuilder {
  private parts: RopePart[] = [];
  private total = 0;
  private buffer = new Uint8Array(64);
  private used = 0;

  finish(): Rope {
    this.flush();
    return { length: this.total, parts: this.parts };
  }

  /** A signed integer as int32, int64 or enum. */
  int(field: number, value: number | bigint): void {
    this.tag(field, 0);
    if (typeof value === 'number' && value >= 0) this.varint(value);
    else this.varintBig(BigInt.asUintN(64, BigInt(value)));
  }

  float(field: number, value: number): void {
    this.tag(field, 5);
    this.reserve(4);
    new DataView(this.buffer.buffer).setFloat32(this.used, value, true);
    this.used += 4;
  }

  string(field: number, value: string): void {
    this.bytes(field, utf8.encode(value));
  }

  bytes(field: number, value: Uint8Array): void {
    this.tag(field, 2);
    this.varint(value.length);
    this.raw(value);
  }

  message(field: number, rope: Rope): void {
    this.tag(field, 2);
    this.varint(rope.length);
    this.append(rope);
  }

  range(field: number, range: CopiedRange): void {
    this.message(field, { length: range.length, parts: [range] });
  }

  /** Bytes that are fields already. */
  raw(value: Uint8Array): void {
    if (value.length === 0) return;
    if (value.length <= 256) {
      this.reserve(value.length);
      this.buffer.set(value, this.used);
      this.used += value.length;
      return;
    }
    this.append({ length: value.length, parts: [value] });
  }

  private append(rope: Rope): void {
    if (rope.length <= 256 && rope.parts.every((part) => part instanceof Uint8Array)) {
      for (const part of rope.parts) if (part instanceof Uint8Array) this.raw(part);
      return;
    }
    this.flush();
    for (const part of rope.parts) this.parts.push(part);
    this.total += rope.length;
  }

  private tag(field: number, wireType: number): void {
    this.varint(field * 8 + wireType);
  }

  private varint(value: number): void {
    this.reserve(10);
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.used++] = (rest % 0x80) + 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.used++] = rest;
  }

  private varintBig(value: bigint): void {
    this.reserve(10);
    let rest = value;
    while (rest >= 0x80n) {
      this.buffer[this.used++] = Number(rest & 0x7fn) + 0x80;
      rest >>= 7n;
    }
    this.buffer[this.used++] = Number(rest);
  }

  private reserve(count: number): void {
    if (this.used + count <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.used + count));
    larger.set(this.buffer.subarray(0, this.used));
    this.buffer = larger;
  }

  private flush(): void {
    if (this.used === 0) return;
    this.parts.push(this.buffer.slice(0, this.used));
    this.total += this.used;
    this.used = 0;
  }
}
