import { open, type FileHandle } from 'node:fs/promises';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { ownValue } from '../../../src-shared/base/records';
import { errnoOf } from '../../base/file-errors';
import { elementCount, NPY_HEADER_BYTES, parseAnyHeader } from './npy';
import { inflateZipMember, listZip, readRange, readStoredPart, readZipStart, type ZipMember } from './npy-zip';

/** One record of an array: numbers of any type, for an input of a model. */
export interface FieldRecord {
  readonly shape: readonly number[];
  /** Whole numbers of 64 bits as bigint. */
  readonly values: ArrayLike<number> | BigInt64Array | BigUint64Array;
  /** Whether the elements are bytes (uint8), which may be pixels. */
  readonly isBytes: boolean;
}

type Header = ReturnType<typeof parseAnyHeader>;

interface FoundArray {
  readonly header: Header;
  /** null if the file itself is the array. */
  readonly member: ZipMember | null;
}

const MAX_RECORD_BYTES = 512e6;
const MAX_RECORDS = 1_000_000;

const invalid = (name: string, why: string): WorkbenchError =>
  new WorkbenchError('image-invalid', `Cannot read ${name}: ${why}`);

/**
 * Number of records of a file, which is the size of the first axis of all its fields.
 * @throws WorkbenchError image-invalid if a field is missing, or if fields differ in the number of records
 */
export async function countFieldRecords(path: string, name: string, fields: readonly string[]): Promise<number> {
  return withFile(path, name, async (file) => {
    let count: number | null = null;
    for (const field of fields) {
      const { header } = await findField(file, field, name);
      const own = header.shape[0];
      if (own === undefined || own === 0)
        throw invalid(
          name,
          `array "${field}" has shape (${header.shape.join(', ')}); its first axis counts the records`,
        );
      if (own > MAX_RECORDS)
        throw invalid(name, `array "${field}" has ${own} records, expected at most ${MAX_RECORDS}`);
      if (count !== null && count !== own)
        throw invalid(
          name,
          `arrays "${fields[0] ?? ''}" and "${field}" have ${count} and ${own} records; the first axis of all arrays ` +
            'counts the same records',
        );
      count = own;
    }
    return count ?? 0;
  });
}

/** Reads records of the fields of .npz files. Deflated arrays of the file that was read last are kept inflated. */
export class FieldReader {
  private inflated = new Map<string, Promise<Buffer>>();
  private inflatedKey = '';

  /**
   * @param record index along the first axis of the array
   * @throws WorkbenchError image-invalid that names the file and the field
   */
  read(path: string, name: string, { field, record }: { field: string; record: number }): Promise<FieldRecord> {
    return withFile(path, name, async (file) => {
      const { mtimeMs, size, ino } = await file.stat();
      const key = JSON.stringify([path, size, mtimeMs, ino]);
      if (key !== this.inflatedKey) this.inflated = new Map();
      this.inflatedKey = key;
      const { header, member } = await findField(file, field, name);
      const [records = 0, ...shape] = header.shape;
      if (record >= records) throw invalid(name, `array "${field}" has ${records} records, expected record ${record}`);
      const type = ownValue(NUMBERS, header.code);
      if (type === undefined)
        throw invalid(name, `array "${field}" has the element type '${header.code}', expected numbers`);
      const length = elementCount(shape) * type.bytes;
      if (length > MAX_RECORD_BYTES) throw invalid(name, `a record of array "${field}" has ${length} bytes`);
      const part = { offset: header.dataOffsetBytes + record * length, length };
      const bytes = await this.partOf(file, member, part, name);
      return {
        shape,
        values: type.read(bytes, elementCount(shape), header.littleEndian),
        isBytes: header.code === 'u1',
      };
    });
  }

  private async partOf(
    file: FileHandle,
    member: ZipMember | null,
    part: { readonly offset: number; readonly length: number },
    name: string,
  ): Promise<Buffer> {
    if (member === null) return readRange(file, part, name);
    const stored = await readStoredPart(file, member, part, name);
    if (stored !== null) return stored;
    const whole = this.inflated.get(member.name) ?? inflateZipMember(file, member, name);
    this.inflated.set(member.name, whole);
    const bytes = await whole;
    if (part.offset + part.length > bytes.length) throw invalid(name, `${member.name} is shorter than its shape says`);
    return bytes.subarray(part.offset, part.offset + part.length);
  }
}

async function withFile<T>(path: string, name: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw new WorkbenchError('image-invalid', `Cannot read ${name}: ${errnoOf(error) ?? String(error)}`, {
      cause: error,
    });
  });
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** An array of an .npz file by its name; an .npy file is its only array, whatever the name. */
async function findField(file: FileHandle, field: string, name: string): Promise<FoundArray> {
  const { size } = await file.stat();
  const start = await readRange(file, { offset: 0, length: Math.min(size, NPY_HEADER_BYTES) }, name);
  if (start.toString('latin1', 0, 2) !== 'PK') return { header: parseAnyHeader(start, name), member: null };
  const members = await listZip(file, name);
  const member = members.find((candidate) => candidate.name === `${field}.npy`);
  if (member === undefined) {
    const found = members.map((candidate) => `"${candidate.name.replace(/\.npy$/, '')}"`).join(', ');
    throw invalid(name, `the archive has no array "${field}"${found === '' ? '' : `; it has ${found}`}`);
  }
  return { header: parseAnyHeader(await readZipStart(file, member, name), `${name}/${field}`), member };
}

interface NumberType {
  readonly bytes: number;
  readonly read: (bytes: Buffer, count: number, littleEndian: boolean) => FieldRecord['values'];
}

function numbers(bytes: number, at: (view: DataView, offset: number, littleEndian: boolean) => number): NumberType {
  return {
    bytes,
    read: (buffer, count, littleEndian) => {
      const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
      const values = new Float64Array(count);
      for (let i = 0; i < count; i++) values[i] = at(view, i * bytes, littleEndian);
      return values;
    },
  };
}

function bigNumbers(isSigned: boolean): NumberType {
  return {
    bytes: 8,
    read: (buffer, count, littleEndian) => {
      const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
      const values = isSigned ? new BigInt64Array(count) : new BigUint64Array(count);
      for (let i = 0; i < count; i++)
        values[i] = isSigned ? view.getBigInt64(i * 8, littleEndian) : view.getBigUint64(i * 8, littleEndian);
      return values;
    },
  };
}

/** NumPy's codes of element types. */
const NUMBERS: Readonly<Record<string, NumberType | undefined>> = {
  b1: numbers(1, (view, at) => view.getUint8(at)),
  u1: { bytes: 1, read: (buffer) => buffer },
  i1: numbers(1, (view, at) => view.getInt8(at)),
  u2: numbers(2, (view, at, order) => view.getUint16(at, order)),
  i2: numbers(2, (view, at, order) => view.getInt16(at, order)),
  u4: numbers(4, (view, at, order) => view.getUint32(at, order)),
  i4: numbers(4, (view, at, order) => view.getInt32(at, order)),
  u8: bigNumbers(false),
  i8: bigNumbers(true),
  f4: numbers(4, (view, at, order) => view.getFloat32(at, order)),
  f8: numbers(8, (view, at, order) => view.getFloat64(at, order)),
};
