import { open, type FileHandle } from 'node:fs/promises';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatBytes, formatCount } from '../../../src-shared/base/units';
import { errnoOf } from '../../base/file-errors';
import {
  bytesPerElement,
  decodeNpyRecord,
  elementCount,
  NPY_HEADER_BYTES,
  parseNpyHeader,
  recordsOf,
  type NpyHeader,
  type NpyRecord,
} from './npy';
import { inflateZipMember, listZip, readRange, readStoredPart, readZipStart, type ZipMember } from './npy-zip';

/** An array of images and its place in the file. */
interface ImageArray {
  readonly header: NpyHeader;
  /** null if the file itself is the array. */
  readonly member: ZipMember | null;
  readonly count: number;
  readonly isBatch: boolean;
}

/** Limit on the number of records, because a set has one entry for each record. */
const MAX_RECORDS = 1_000_000;
/** Limit on the size of one record, which is read as a whole. It is larger than any image that is decoded. */
const MAX_RECORD_BYTES = 512e6;

const invalid = (name: string, why: string): WorkbenchError =>
  new WorkbenchError('image-invalid', `Cannot read ${name}: ${why}`);

/**
 * Number of records of an .npy or .npz file; null if it contains one image without a batch axis. In an .npz file the
 * arrays of rank 2 to 4 with a supported element type are images, in archive order. Other arrays (labels, names) are
 * ignored.
 */
export async function countRecords(path: string, name: string): Promise<number | null> {
  return withFile(path, name, async (file) => {
    const arrays = await imageArrays(file, name);
    const [first] = arrays;
    if (arrays.length === 1 && first !== undefined && !first.isBatch) return null;
    return arrays.reduce((sum, array) => sum + array.count, 0);
  });
}

async function withFile<T>(path: string, name: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    throw new WorkbenchError('image-invalid', `Cannot read ${name}: ${errnoOf(error) ?? String(error)}`, {
      cause: error,
    });
  }
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function imageArrays(file: FileHandle, name: string): Promise<readonly ImageArray[]> {
  const { size } = await file.stat();
  const start = await readRange(file, { offset: 0, length: Math.min(size, NPY_HEADER_BYTES) }, name);
  if (start.toString('latin1', 0, 2) !== 'PK')
    return [arrayOf(parseNpyHeader(start, name), { member: null, sizeBytes: size }, name)];
  const arrays: ImageArray[] = [];
  const reasons: string[] = [];
  for (const member of await listZip(file, name)) {
    try {
      arrays.push(
        arrayOf(
          parseNpyHeader(await readZipStart(file, member, name), `${name}/${member.name}`),
          { member, sizeBytes: member.sizeBytes },
          `${name}/${member.name}`,
        ),
      );
    } catch (error) {
      if (!(error instanceof WorkbenchError)) throw error;
      reasons.push(error.message);
    }
  }
  if (arrays.length === 0) throw invalid(name, reasons[0] ?? 'the archive holds no array');
  return arrays;
}

/** The position of an array in the file, and its size in bytes including the header. */
interface ArrayPlace {
  readonly member: ZipMember | null;
  readonly sizeBytes: number;
}

/** Compares the sizes in the header with the bytes that exist, before memory is allocated. */
function arrayOf(header: NpyHeader, { member, sizeBytes }: ArrayPlace, name: string): ImageArray {
  const records = recordsOf(header);
  if (records === null)
    throw invalid(name, `expected an array of rank 2 to 4, found shape (${header.shape.join(', ')})`);
  if (header.shape.includes(0)) throw invalid(name, `the array is empty: shape (${header.shape.join(', ')})`);
  const recordBytes = (elementCount(header.shape) / records.count) * bytesPerElement(header.type);
  const promised = header.dataOffsetBytes + recordBytes * records.count;
  if (promised > sizeBytes)
    throw invalid(
      name,
      `the header promises shape (${header.shape.join(', ')}), ${formatBytes(promised)}, and ` +
        `${formatBytes(sizeBytes)} are there`,
    );
  if (records.count > MAX_RECORDS)
    throw invalid(
      name,
      `expected at most ${formatCount(MAX_RECORDS)} records in one array, found ${formatCount(records.count)}`,
    );
  if (recordBytes > MAX_RECORD_BYTES)
    throw invalid(
      name,
      `expected records of at most ${formatBytes(MAX_RECORD_BYTES)}, found ${formatBytes(recordBytes)}`,
    );
  return { header, member, ...records };
}

/** The arrays of one file, and a value that identifies this state of the file. */
interface ListedArrays {
  readonly key: string;
  readonly arrays: readonly ImageArray[];
}

/**
 * Reads records of .npy and .npz files. Only the requested record is read from disk. A deflated .npz array is inflated
 * once and kept until another array is read, because its records are usually read one after the other.
 */
export class NpyReader {
  private inflated: { readonly key: string; readonly bytes: Promise<Buffer> } | null = null;
  private listed: ListedArrays | null = null;

  /** Throws WorkbenchError `image-invalid` that names the file. */
  async read(path: string, name: string, record: number | null): Promise<NpyRecord> {
    return withFile(path, name, async (file) => {
      const { key, arrays } = await this.arraysOf(file, path, name);
      const { array, index } = locate(arrays, record, name);
      const shape = array.isBatch ? array.header.shape.slice(1) : array.header.shape;
      const length = elementCount(shape) * bytesPerElement(array.header.type);
      const part = { offset: array.header.dataOffsetBytes + index * length, length };
      return decodeNpyRecord(array.header, shape, await this.readPart(file, array, part, { key, name }));
    });
  }

  /** The arrays of a file. They are listed again only if the file changed or another one was read in between. */
  private async arraysOf(file: FileHandle, path: string, name: string): Promise<ListedArrays> {
    const { size, mtimeMs, ino } = await file.stat();
    const key = JSON.stringify([path, size, mtimeMs, ino]);
    if (this.listed?.key === key) return this.listed;
    const listed = { key, arrays: await imageArrays(file, name) };
    this.listed = listed;
    return listed;
  }

  private async readPart(
    file: FileHandle,
    array: ImageArray,
    part: { readonly offset: number; readonly length: number },
    source: { readonly key: string; readonly name: string },
  ): Promise<Buffer> {
    const { member } = array;
    if (member === null) return readRange(file, part, source.name);
    const stored = await readStoredPart(file, member, part, source.name);
    if (stored !== null) return stored;
    const key = JSON.stringify([source.key, member.name]);
    if (this.inflated?.key !== key) this.inflated = { key, bytes: inflateZipMember(file, member, source.name) };
    const bytes = await this.inflated.bytes;
    if (part.offset + part.length > bytes.length)
      throw invalid(source.name, `${member.name} is shorter than its shape says`);
    return bytes.subarray(part.offset, part.offset + part.length);
  }
}

function locate(
  arrays: readonly ImageArray[],
  record: number | null,
  name: string,
): { readonly array: ImageArray; readonly index: number } {
  let index = record ?? 0;
  for (const array of arrays) {
    if (index < array.count) return { array, index };
    index -= array.count;
  }
  throw invalid(name, `expected a record ${record ?? 0}, the file holds fewer`);
}
