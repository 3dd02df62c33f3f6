import { WorkbenchError } from '../../../src-shared/base/errors';
import type { ByteSource } from './byte-source';

/** Protobuf wire types that occur in ONNX files (encoding.proto: groups, 3 and 4, do not). */
export const WireType = { VARINT: 0, FIXED64: 1, LENGTH: 2, FIXED32: 5 } as const;

const WIRE_TYPE_NAMES: Readonly<Record<number, string>> = {
  0: 'a number',
  1: 'a 64-bit value',
  2: 'a text, list or message',
  3: 'a group',
  4: 'a group',
  5: 'a 32-bit value',
};

const MAX_FIELD_NUMBER = 0x1fff_ffff;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lossyUtf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const scratch = new DataView(new ArrayBuffer(8));

/** `NAME is not an ONNX model: expected ... at byte N, found ...` */
export function notOnnx(source: ByteSource, offset: number, expected: string, found: string): WorkbenchError {
  return new WorkbenchError(
    'model-invalid',
    `${source.name} is not an ONNX model: expected ${expected} at byte ${offset}, found ${found}`,
    {
      hint: 'The file may be truncated, or of another format. Export or download it again.',
    },
  );
}

/** Walks through varints of a byte range. */
export class VarintCursor {
  position: number;
  private low = 0;
  private middle = 0;
  private high = 0;

  constructor(
    protected readonly source: ByteSource,
    start: number,
    protected readonly end: number,
  ) {
    this.position = start;
  }

  atEnd(): boolean {
    return this.position >= this.end;
  }

  /** A signed 64-bit value; beyond 2^53 it is rounded. */
  int(): number {
    this.read();
    if (this.high === 0 && this.middle < 0x200_0000) return this.low + this.middle * 0x1000_0000;
    return Number(this.compose());
  }

  int64(): bigint {
    this.read();
    return this.compose();
  }

  private compose(): bigint {
    return BigInt.asIntN(64, BigInt(this.low) | (BigInt(this.middle) << 28n) | (BigInt(this.high) << 56n));
  }

  /** Splits the next varint into 28 + 28 + 8 bits, which stay exact in doubles. */
  private read(): void {
    const start = this.position;
    this.low = this.middle = this.high = 0;
    for (let i = 0; i < 10; i++) {
      if (this.position >= this.end) throw notOnnx(this.source, start, 'a number', 'the end of the data');
      const byte = this.source.byte(this.position++);
      const bits = byte & 0x7f;
      if (i < 4) this.low += bits * 2 ** (7 * i);
      else if (i < 8) this.middle += bits * 2 ** (7 * (i - 4));
      else this.high += bits * 2 ** (7 * (i - 8));
      if (byte < 0x80) return;
    }
    throw notOnnx(this.source, start, 'a number of at most 10 bytes', 'a longer one');
  }
}

/** Walks through the fields of a message that lies in [start, end) of the source. */
export class FieldCursor {
  number = 0;
  wireType = 0;
  /** Where the field's tag begins. */
  start = 0;
  valueStart = 0;
  valueEnd = 0;
  private readonly cursor: VarintCursor;
  private value = 0;

  constructor(
    readonly source: ByteSource,
    start: number,
    private readonly end: number,
    private readonly messageName: string,
  ) {
    this.cursor = new VarintCursor(source, start, end);
  }

  /** Moves to the next field; false at the end of the message. */
  next(): boolean {
    if (this.cursor.atEnd()) return false;
    this.start = this.cursor.position;
    const tag = this.cursor.int();
    this.number = Math.floor(tag / 8);
    this.wireType = tag % 8;
    if (tag < 0 || this.number < 1 || this.number > MAX_FIELD_NUMBER) {
      throw notOnnx(this.source, this.start, `a field of ${this.messageName}`, `tag ${tag}`);
    }
    this.findValue();
    return true;
  }

  private findValue(): void {
    this.valueStart = this.cursor.position;
    switch (this.wireType) {
      case WireType.VARINT:
        this.value = this.cursor.int();
        this.valueEnd = this.cursor.position;
        return;
      case WireType.FIXED64:
        this.skip(8);
        return;
      case WireType.FIXED32:
        this.skip(4);
        return;
      case WireType.LENGTH: {
        const length = this.cursor.int();
        this.valueStart = this.cursor.position;
        this.skip(length);
        return;
      }
      default:
        throw notOnnx(
          this.source,
          this.start,
          `a field of ${this.messageName}`,
          `an unknown field kind (${this.wireType})`,
        );
    }
  }

  private skip(length: number): void {
    const available = this.end - this.valueStart;
    if (length < 0 || length > available) {
      const found = length < 0 ? `a length of ${length}` : `only ${available} (truncated?)`;
      throw notOnnx(
        this.source,
        this.valueStart,
        `${length < 0 ? 'the' : length} bytes of field ${this.number} of ${this.messageName}`,
        found,
      );
    }
    this.valueEnd = this.valueStart + length;
    this.cursor.position = this.valueEnd;
  }

  get length(): number {
    return this.valueEnd - this.valueStart;
  }

  expect(wireType: number, fieldName: string): void {
    if (this.wireType === wireType) return;
    const expected = `${this.messageName}.${fieldName} (${WIRE_TYPE_NAMES[wireType] ?? 'a value'})`;
    throw notOnnx(this.source, this.start, expected, WIRE_TYPE_NAMES[this.wireType] ?? 'something else');
  }

  int(fieldName: string): number {
    this.expect(WireType.VARINT, fieldName);
    return this.value;
  }

  int64(fieldName: string): bigint {
    this.expect(WireType.VARINT, fieldName);
    return new VarintCursor(this.source, this.valueStart, this.valueEnd).int64();
  }

  float(fieldName: string): number {
    this.expect(WireType.FIXED32, fieldName);
    return floatAt(this.source, this.valueStart);
  }

  bytes(fieldName: string): Uint8Array {
    this.expect(WireType.LENGTH, fieldName);
    return this.source.slice(this.valueStart, this.length);
  }

  /** UTF-8 text that has to be exact because others refer to it. */
  name(fieldName: string): string {
    try {
      return strictUtf8.decode(this.bytes(fieldName));
    } catch (error) {
      if (error instanceof WorkbenchError) throw error;
      throw notOnnx(this.source, this.valueStart, `${this.messageName}.${fieldName} in UTF-8`, 'other bytes');
    }
  }

  /** Text for people; bytes that are not UTF-8 are replaced. */
  text(fieldName: string): string {
    return lossyUtf8.decode(this.bytes(fieldName));
  }

  /** The field as it stands, tag included. */
  raw(): Uint8Array {
    return this.source.slice(this.start, this.valueEnd - this.start);
  }
}

export function floatAt(source: ByteSource, offset: number): number {
  for (let i = 0; i < 4; i++) scratch.setUint8(i, source.byte(offset + i));
  return scratch.getFloat32(0, true);
}
