import { WorkbenchError } from '../../../src-shared/base/errors';
import type { ByteSource } from './byte-source';
import type { ExternalDataResolver } from './external-data';
import { rememberRange } from './source-ranges';
import { FieldCursor, notOnnx } from './wire-cursor';

/** Limits that no real model reaches; they prevent hostile files from exhausting the memory. */
const MAX_MESSAGES = 8_000_000;
const MAX_UNKNOWN_BYTES = 64 * 1024 * 1024;
const MAX_GRAPH_DEPTH = 32;

/** State that is shared while one model is decoded. */
export class DecodeContext {
  private messages = 0;
  private unknownBytes = 0;
  private graphDepth = 0;
  /** External tensors met so far: messages that hold one cannot be copied verbatim to another folder. */
  private externalTensors = 0;

  constructor(
    readonly source: ByteSource,
    readonly external: ExternalDataResolver | null,
  ) {}

  /** Decodes the message in [start, end) and remembers where it was. */
  message<T extends object>(name: string, start: number, end: number, decode: (fields: FieldCursor) => T): T {
    this.countMessage(start);
    const externalBefore = this.externalTensors;
    const decoded = decode(new FieldCursor(this.source, start, end, name));
    if (this.externalTensors === externalBefore)
      rememberRange(decoded, { origin: this.source.origin, offset: start, length: end - start });
    return decoded;
  }

  /** Decodes the message that the current field of `fields` holds. */
  child<T extends object>(fields: FieldCursor, name: string, decode: (fields: FieldCursor) => T): T {
    fields.expect(2, name);
    return this.message(name, fields.valueStart, fields.valueEnd, decode);
  }

  /**
   * The fields of the message that the current field of `fields` holds, for parts that are never written on their own.
   */
  enter(fields: FieldCursor, name: string): FieldCursor {
    fields.expect(2, name);
    this.countMessage(fields.valueStart);
    return new FieldCursor(this.source, fields.valueStart, fields.valueEnd, name);
  }

  private countMessage(offset: number): void {
    if (++this.messages > MAX_MESSAGES) throw notOnnx(this.source, offset, `at most ${MAX_MESSAGES} messages`, 'more');
  }

  /** Runs `decode` one graph deeper. */
  nested<T>(offset: number, decode: () => T): T {
    if (++this.graphDepth > MAX_GRAPH_DEPTH)
      throw notOnnx(this.source, offset, `graphs nested at most ${MAX_GRAPH_DEPTH} deep`, 'deeper nesting');
    const decoded = decode();
    this.graphDepth--;
    return decoded;
  }

  noteExternalTensor(): void {
    this.externalTensors++;
  }

  keepUnknown(fields: FieldCursor, into: Uint8Array[]): void {
    this.unknownBytes += fields.valueEnd - fields.start;
    if (this.unknownBytes > MAX_UNKNOWN_BYTES) {
      throw new WorkbenchError(
        'model-unsupported',
        `${this.source.name} holds more than ${MAX_UNKNOWN_BYTES} bytes of training or sparse data that is not ` +
          'understood',
      );
    }
    into.push(fields.raw());
  }
}

/** The optional part of a message object: only present when there is something. */
export function unknownPart(parts: readonly Uint8Array[]): { readonly unknownFields?: Uint8Array } {
  if (parts.length === 0) return {};
  return { unknownFields: concatBytes(parts) };
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
