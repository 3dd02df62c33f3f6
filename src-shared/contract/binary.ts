import { WorkbenchError } from '../base/errors';
import { ownValue } from '../base/records';

/**
 * One value as bytes: a little-endian u32 with the length of the header, the header as JSON in UTF-8, then the content
 * of all typed arrays. The header is `{"value": ..., "$table": [[offset, length], ...]}`, both in bytes, with offsets
 * from the end of the header. Inside `value`
 *   {"$bytes": [index, "Float64Array"]}  is the typed array at that index of the table,
 *   {"$number": "NaN"}                   is a number that JSON cannot represent (also Infinity, -Infinity, -0),
 *   {"$object": {...}}                   is a plain object that would otherwise be read as one of these.
 * Undefined properties are omitted, as in JSON.
 */
export const ENVELOPE_TYPE = 'application/vnd.calib';

const LENGTH_BYTES = 4;
/** Greater than the depth of any value of the contract; it prevents a hostile header from overflowing the stack. */
const MAX_DEPTH = 100;

const ARRAY_TYPES = {
  Uint8Array,
  Int8Array,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
} as const;
type ArrayName = keyof typeof ARRAY_TYPES;
type CarriedArray = InstanceType<(typeof ARRAY_TYPES)[ArrayName]>;

const NUMBERS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '-0': -0,
};

type Table = readonly (readonly [offset: number, length: number])[];

/** @throws WorkbenchError internal for values that cannot be sent (functions, maps, nesting beyond 100 levels) */
export function encodeEnvelope(value: unknown): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  const table: [number, number][] = [];
  let bodyBytes = 0;
  const addArray = (array: CarriedArray): number => {
    chunks.push(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    table.push([bodyBytes, array.byteLength]);
    bodyBytes += array.byteLength;
    return table.length - 1;
  };
  const plain = toPlain(value ?? null, addArray, 0);
  const header = new TextEncoder().encode(JSON.stringify({ value: plain, $table: table }));
  const bytes = new Uint8Array(LENGTH_BYTES + header.length + bodyBytes);
  new DataView(bytes.buffer).setUint32(0, header.length, true);
  bytes.set(header, LENGTH_BYTES);
  let offset = LENGTH_BYTES + header.length;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

function toPlain(value: unknown, addArray: (array: CarriedArray) => number, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new WorkbenchError('internal', `A reply is nested deeper than ${MAX_DEPTH} levels`);
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $number: Object.is(value, -0) ? '-0' : String(value) };
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'object':
      return value === null ? null : objectToPlain(value, addArray, depth);
    default:
      throw new WorkbenchError('internal', `A reply holds a ${typeof value}, which cannot be sent`);
  }
}

function objectToPlain(value: object, addArray: (array: CarriedArray) => number, depth: number): unknown {
  if (Array.isArray(value)) return value.map((entry: unknown) => toPlain(entry, addArray, depth + 1));
  if (ArrayBuffer.isView(value)) {
    const name = arrayNameOf(value);
    if (name === null)
      throw new WorkbenchError('internal', `A reply holds a ${value.constructor.name}, which cannot be sent`);
    return { $bytes: [addArray(value as CarriedArray), name] };
  }
  if (Object.prototype.toString.call(value) !== '[object Object]') {
    throw new WorkbenchError('internal', `A reply holds a ${value.constructor.name}, which cannot be sent`);
  }
  const plain = Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, toPlain(entry, addArray, depth + 1)]),
  );
  return markOf(plain) === null ? plain : { $object: plain };
}

/** The name of the class or of its superclass, because a Node Buffer is a Uint8Array. */
function arrayNameOf(view: ArrayBufferView): ArrayName | null {
  const names = Object.keys(ARRAY_TYPES) as ArrayName[];
  return names.find((name) => view instanceof ARRAY_TYPES[name]) ?? null;
}

/** The mark of an object whose only key is a mark; null for every other object. */
function markOf(value: object): '$bytes' | '$number' | '$object' | null {
  const [key, ...others] = Object.keys(value);
  return others.length === 0 && (key === '$bytes' || key === '$number' || key === '$object') ? key : null;
}

/** @throws WorkbenchError internal if the bytes are not a complete envelope */
export function decodeEnvelope(bytes: Uint8Array): unknown {
  if (bytes.length < LENGTH_BYTES) throw broken(`${bytes.length} bytes`);
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (headerBytes > bytes.length - LENGTH_BYTES) throw broken(`a header of ${headerBytes} bytes in ${bytes.length}`);
  const header = parseHeader(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + headerBytes));
  const body = bytes.subarray(LENGTH_BYTES + headerBytes);
  return fromPlain(header.value, { table: header.table, body }, 0);
}

interface Body {
  readonly table: Table;
  readonly body: Uint8Array;
}

function parseHeader(bytes: Uint8Array): { readonly value: unknown; readonly table: Table } {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw broken('a header that is not JSON');
  }
  if (typeof header !== 'object' || header === null || !Object.hasOwn(header, 'value'))
    throw broken('a header without a value');
  const table: unknown = Reflect.get(header, '$table');
  if (!Array.isArray(table) || !table.every(isRange)) throw broken('a header without a table');
  return { value: Reflect.get(header, 'value'), table };
}

function isRange(entry: unknown): entry is readonly [number, number] {
  return (
    Array.isArray(entry) &&
    entry.length === 2 &&
    entry.every((part) => Number.isSafeInteger(part) && (part as number) >= 0)
  );
}

function fromPlain(value: unknown, body: Body, depth: number): unknown {
  if (depth > MAX_DEPTH * 2) throw broken('values nested too deeply');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((entry: unknown) => fromPlain(entry, body, depth + 1));
  switch (markOf(value)) {
    case '$bytes':
      return readArray(Reflect.get(value, '$bytes'), body);
    case '$number':
      return readNumber(Reflect.get(value, '$number'));
    case '$object': {
      const inner: unknown = Reflect.get(value, '$object');
      if (typeof inner !== 'object' || inner === null || Array.isArray(inner))
        throw broken('an escaped value that is not an object');
      return readObject(inner, body, depth + 1);
    }
    case null:
      return readObject(value, body, depth);
  }
}

/** `fromEntries` defines own properties, so that a tensor named `__proto__` stays a property. */
function readObject(value: object, body: Body, depth: number): unknown {
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, fromPlain(entry, body, depth + 1)]));
}

function readNumber(name: unknown): number {
  const value = typeof name === 'string' ? ownValue(NUMBERS, name) : undefined;
  if (value === undefined) throw broken('an unknown number');
  return value;
}

function readArray(mark: unknown, { table, body }: Body): CarriedArray {
  if (!Array.isArray(mark) || mark.length !== 2) throw broken('a typed array without index and type');
  const [index, name] = mark as readonly unknown[];
  const range = typeof index === 'number' ? table[index] : undefined;
  if (range === undefined) throw broken('a typed array that is not in the table');
  if (typeof name !== 'string' || !Object.hasOwn(ARRAY_TYPES, name)) throw broken('a typed array of an unknown type');
  const type = ARRAY_TYPES[name as ArrayName];
  const [offset, length] = range;
  if (offset + length > body.length || length % type.BYTES_PER_ELEMENT !== 0)
    throw broken('a typed array beyond the end');
  // The bytes are copied, so that they are aligned and do not keep the whole reply in memory; `slice` of a Node Buffer
  // would not copy.
  return new type(new Uint8Array(body.subarray(offset, offset + length)).buffer);
}

function broken(found: string): WorkbenchError {
  return new WorkbenchError('internal', `Expected an envelope of ${ENVELOPE_TYPE}, found ${found}`, {
    hint: 'Reload the page; the application may have been updated.',
  });
}
