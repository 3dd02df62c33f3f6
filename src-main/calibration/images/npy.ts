import { WorkbenchError } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';

/** Element types that are read from .npy files. */
export type NpyType = 'uint8' | 'float32' | 'float64';

/** Header of one NumPy array (format versions 1 to 3, numpy.lib.format). */
export interface NpyHeader {
  readonly type: NpyType;
  readonly littleEndian: boolean;
  readonly shape: readonly number[];
  /** Offset of the values in bytes, from the start of the array file. */
  readonly dataOffsetBytes: number;
}

/** Number of bytes that contain the header of every array with a plain dtype that NumPy writes. */
export const NPY_HEADER_BYTES = 4096;

const TYPES: Readonly<Record<string, NpyType>> = { u1: 'uint8', f4: 'float32', f8: 'float64' };
const BYTES: Readonly<Record<NpyType, number>> = { uint8: 1, float32: 4, float64: 8 };

export function bytesPerElement(type: NpyType): number {
  return BYTES[type];
}

const invalid = (name: string, why: string): WorkbenchError =>
  new WorkbenchError('image-invalid', `Cannot read ${name}: ${why}`);

/**
 * Reads the header from the first bytes of an array file; `name` is the file name for messages. Throws `image-invalid`.
 */
export function parseNpyHeader(bytes: Buffer, name: string): NpyHeader {
  const { code, dtype, ...header } = parseAnyHeader(bytes, name);
  const type = ownValue(TYPES, code);
  if (type === undefined) throw invalid(name, `expected element type uint8, float32 or float64, found '${dtype}'`);
  return { ...header, type };
}

/**
 * The header of an array of numbers of any type. `code` is NumPy's, for example `i8`, and `dtype` has the byte order,
 * too. Throws `image-invalid` for arrays of records, strings or objects, and for arrays in Fortran order.
 */
export function parseAnyHeader(
  bytes: Buffer,
  name: string,
): Omit<NpyHeader, 'type'> & {
  readonly code: string;
  readonly dtype: string;
} {
  if (bytes.length < 10 || bytes.toString('latin1', 0, 6) !== '\x93NUMPY')
    throw invalid(name, 'expected a NumPy array (.npy), found other content');
  const major = bytes.readUInt8(6);
  if (major < 1 || major > 3) throw invalid(name, `expected .npy format version 1 to 3, found ${major}`);
  if (major > 1 && bytes.length < 12) throw invalid(name, 'the .npy header is truncated');
  const headerStart = major === 1 ? 10 : 12;
  const headerLength = major === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  const dataOffsetBytes = headerStart + headerLength;
  if (dataOffsetBytes > bytes.length) throw invalid(name, 'the .npy header is truncated');
  const text = bytes.toString('latin1', headerStart, dataOffsetBytes);
  const descr = /'descr':\s*'([<>|=])([a-zA-Z]\d+)'/.exec(text);
  const [, order, code] = descr ?? [];
  if (code === undefined) {
    const found = /'descr':\s*('[^']*'|\[)/.exec(text)?.[1] ?? 'none';
    throw invalid(
      name,
      `expected element type uint8, float32 or float64, found ${found === '[' ? 'a structured type' : found}`,
    );
  }
  if (!/'fortran_order':\s*False/.test(text))
    throw invalid(name, 'the array is in Fortran order; save numpy.ascontiguousarray(x)');
  return {
    code,
    dtype: `${order ?? ''}${code}`,
    littleEndian: order !== '>',
    shape: parseShape(text, name),
    dataOffsetBytes,
  };
}

function parseShape(header: string, name: string): readonly number[] {
  const inner = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (inner === undefined) throw invalid(name, 'the .npy header names no shape');
  const shape = inner.split(',').flatMap((part) => (part.trim() === '' ? [] : [Number(part)]));
  if (!Number.isSafeInteger(shape.reduce((product, dim) => product * dim, 8)))
    throw invalid(name, `shape ${shape.join('x')} is too large`);
  return shape;
}

/**
 * The number of images in an array. Rank 4 has a leading batch axis; rank 2 (HxW) and 3 (CxHxW, HxWxC) are one image;
 * null for other ranks.
 */
export function recordsOf(header: NpyHeader): { readonly count: number; readonly isBatch: boolean } | null {
  const rank = header.shape.length;
  if (rank === 2 || rank === 3) return { count: 1, isBatch: false };
  return rank === 4 ? { count: header.shape[0] ?? 0, isBatch: true } : null;
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** One image of an array file: pixels as bytes, anything else as float32. */
export interface NpyRecord {
  readonly shape: readonly number[];
  readonly values:
    | { readonly kind: 'pixels'; readonly data: Uint8Array }
    | { readonly kind: 'floats'; readonly data: Float32Array };
}

/** Values of one record. `bytes` contains exactly its elements. float64 values are rounded to float32. */
export function decodeNpyRecord(header: NpyHeader, shape: readonly number[], bytes: Buffer): NpyRecord {
  if (header.type === 'uint8') return { shape, values: { kind: 'pixels', data: bytes } };
  const data = new Float32Array(elementCount(shape));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (header.type === 'float32')
    for (let i = 0; i < data.length; i += 1) data[i] = view.getFloat32(4 * i, header.littleEndian);
  else for (let i = 0; i < data.length; i += 1) data[i] = view.getFloat64(8 * i, header.littleEndian);
  return { shape, values: { kind: 'floats', data } };
}
