import { describe, expect, it } from 'vitest';
import { decodeEnvelope, encodeEnvelope } from '../../../src-shared/contract/binary';

const roundTrip = (value: unknown): unknown => decodeEnvelope(encodeEnvelope(value));

/** An envelope around any header, for what no encoder of ours writes. */
function envelope(header: string, body: readonly number[] = [], headerBytes?: number): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(4 + text.length + body.length);
  new DataView(bytes.buffer).setUint32(0, headerBytes ?? text.length, true);
  bytes.set(text, 4);
  bytes.set(body, 4 + text.length);
  return bytes;
}

describe('envelope', () => {
  it('keeps typed arrays with their type, bit by bit', () => {
    const value = {
      counts: new Float64Array([1, Number.NaN, -0, 5e-324]),
      amax: new Float32Array([0.1]),
      empty: new Int32Array(0),
      groups: [{ day: new Uint8Array([1, 2, 3]) }, new Uint32Array([4_294_967_295])],
    };
    expect(roundTrip(value)).toEqual(value);
  });

  it('carries a view of part of a buffer as that part only', () => {
    const whole = new Uint8Array([9, 9, 1, 2, 9, 9]);
    expect(roundTrip(whole.subarray(2, 4))).toEqual(new Uint8Array([1, 2]));
    expect(roundTrip(Buffer.from('ab'))).toEqual(new Uint8Array([97, 98]));
  });

  it('reads an envelope out of a Buffer, which may be part of a larger one', () => {
    const value = { a: new Float32Array([1.5]), b: new Uint8Array([1]) };
    const bytes = encodeEnvelope(value);
    const whole = Buffer.alloc(bytes.length + 16, 9);
    whole.set(bytes, 7);
    expect(decodeEnvelope(whole.subarray(7, 7 + bytes.length))).toEqual(value);
  });

  it('carries the numbers that JSON cannot', () => {
    const value = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, -0, 0, 1.5, Number.MAX_VALUE];
    expect(roundTrip(value)).toEqual(value);
  });

  it('keeps objects that look like its own marks', () => {
    const value = {
      a: { $bytes: [0, 'Float64Array'] },
      b: { $number: 'NaN' },
      c: { $object: { $object: 1 } },
      d: { $number: 1, other: 2 },
    };
    expect(roundTrip(value)).toEqual(value);
  });

  it('keeps a key that would otherwise set the prototype', () => {
    const value: unknown = JSON.parse('{"__proto__":{"polluted":1}}');
    const result = roundTrip(value) as object;
    expect(Object.keys(result)).toEqual(['__proto__']);
    expect(Reflect.get(Object.prototype, 'polluted')).toBeUndefined();
  });

  it('leaves undefined properties out and keeps null', () => {
    expect(roundTrip({ a: undefined, b: null })).toEqual({ b: null });
    expect(roundTrip(undefined)).toBeNull();
  });

  it('is laid out as documented', () => {
    const bytes = encodeEnvelope({ a: new Uint8Array([7, 8]) });
    const headerBytes = new DataView(bytes.buffer).getUint32(0, true);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + headerBytes)))).toEqual({
      value: { a: { $bytes: [0, 'Uint8Array'] } },
      $table: [[0, 2]],
    });
    expect([...bytes.subarray(4 + headerBytes)]).toEqual([7, 8]);
  });

  it('refuses what no link carries', () => {
    expect(() => encodeEnvelope({ run: () => 1 })).toThrow(/function/);
    expect(() => encodeEnvelope(new Map())).toThrow(/Map/);
    expect(() => encodeEnvelope(1n)).toThrow(/bigint/);
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(() => encodeEnvelope(circle)).toThrow(/nested/);
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['a cut length', new Uint8Array([1, 0])],
    ['a header longer than the message', envelope('{}', [], 4_000_000_000)],
    ['no JSON', envelope('{"value":')],
    ['bytes that are not UTF-8', new Uint8Array([1, 0, 0, 0, 0xff])],
    ['no value', envelope('{"$table":[]}')],
    ['no table', envelope('{"value":1}')],
    ['a table of text', envelope('{"value":1,"$table":["x"]}')],
    ['a negative offset', envelope('{"value":{"$bytes":[0,"Uint8Array"]},"$table":[[-1,1]]}', [1])],
    ['an index beyond the table', envelope('{"value":{"$bytes":[3,"Uint8Array"]},"$table":[[0,1]]}', [1])],
    ['an array beyond the end', envelope('{"value":{"$bytes":[0,"Uint8Array"]},"$table":[[0,9]]}', [1])],
    [
      'a length that cuts an element',
      envelope('{"value":{"$bytes":[0,"Float64Array"]},"$table":[[0,4]]}', [1, 2, 3, 4]),
    ],
    ['a type of its own', envelope('{"value":{"$bytes":[0,"constructor"]},"$table":[[0,1]]}', [1])],
    ['a mark without content', envelope('{"value":{"$bytes":null},"$table":[]}')],
    ['a number that is a name of Object', envelope('{"value":{"$number":"toString"},"$table":[]}')],
    ['an escape around a list', envelope('{"value":{"$object":[1]},"$table":[]}')],
    ['endless nesting', envelope(`{"value":${'['.repeat(50_000)}${']'.repeat(50_000)},"$table":[]}`)],
  ])('refuses %s with one error', (_, bytes) => {
    expect(() => decodeEnvelope(bytes)).toThrow(
      expect.objectContaining({ name: 'WorkbenchError', code: 'internal' }) as Error,
    );
  });
});
