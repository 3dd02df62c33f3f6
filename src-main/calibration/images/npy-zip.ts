import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import { constants, inflateRaw, inflateRawSync } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatBytes } from '../../../src-shared/base/units';
import { NPY_HEADER_BYTES } from './npy';

/** One array inside an .npz file, which is a zip archive of .npy files, stored or deflated. */
export interface ZipMember {
  readonly name: string;
  readonly isDeflated: boolean;
  readonly compressedBytes: number;
  readonly sizeBytes: number;
  /** Offset of the (compressed) bytes from the start of the archive. */
  readonly dataOffsetBytes: number;
}

/** Limit on the number of entries, because all entries of the directory are kept in memory. */
const MAX_ENTRIES = 65_535;
const LOCAL_HEADER_BYTES = 30;
/** Deflate expands data at most 1032 times (RFC 1951: two bits can represent 258 bytes). */
const MAX_DEFLATE_RATIO = 1032;
/** Images do not compress this well. A large member with a higher ratio was made to exhaust the memory. */
const LARGE_MEMBER_BYTES = 256e6;
const MAX_LARGE_RATIO = 100;
/** Limit on the size of a deflated member, because it is inflated as a whole. */
const MAX_INFLATED_BYTES = 2e9;

const inflate = promisify(inflateRaw);

const invalid = (name: string, why: string): WorkbenchError =>
  new WorkbenchError('image-invalid', `Cannot read ${name}: ${why}`);

/** Reads `length` bytes at `offset`. Throws `image-invalid` before it allocates anything if the file is too short. */
export async function readRange(
  file: FileHandle,
  range: { readonly offset: number; readonly length: number },
  name: string,
): Promise<Buffer> {
  const { size } = await file.stat();
  if (range.offset + range.length > size)
    throw invalid(name, `the file is truncated: expected ${range.offset + range.length} bytes, found ${size}`);
  const buffer = Buffer.alloc(range.length);
  let filled = 0;
  while (filled < range.length) {
    const { bytesRead } = await file.read(buffer, filled, range.length - filled, range.offset + filled);
    if (bytesRead === 0)
      throw invalid(
        name,
        `the file is truncated: expected ${range.offset + range.length} bytes, found ${range.offset + filled}`,
      );
    filled += bytesRead;
  }
  return buffer;
}

/**
 * The .npy members of a zip archive (ZIP64 included) in the order of its directory. `name` is the file as shown to the
 * user.
 * @throws WorkbenchError image-invalid if the archive is damaged or claims sizes that it cannot hold
 */
export async function listZip(file: FileHandle, name: string): Promise<readonly ZipMember[]> {
  const zip = await openZip(file, name);
  if (zip.entryCount > MAX_ENTRIES)
    throw invalid(name, `the archive lists more than ${MAX_ENTRIES} files; save one array of many images instead`);
  const members: ZipMember[] = [];
  const entries = zip.eachEntry();
  for (;;) {
    const next = await entries.next().catch((error: unknown) => {
      throw invalid(name, `the file is truncated or its zip directory is damaged (${messageOf(error)})`);
    });
    if (next.done === true) return members;
    const memberName = next.value.fileNameRaw.toString('utf8');
    if (memberName.endsWith('.npy')) members.push(await memberOf(zip, next.value, { memberName, file: name }));
  }
}

/** Opens the archive. The file handle stays open and belongs to the caller. */
async function openZip(file: FileHandle, name: string): Promise<ZipFile> {
  // Loaded when it is needed, because most commands never read an archive.
  const { fromFdPromise } = await import('yauzl');
  try {
    // Sizes are checked below, with better messages. Names are never used as paths, so yauzl need not refuse
    // `../x.npy`.
    return await fromFdPromise(file.fd, { autoClose: false, decodeStrings: false, validateEntrySizes: false });
  } catch (error) {
    throw invalid(
      name,
      `expected a zip archive of arrays (.npz), found other content or a truncated file (${messageOf(error)})`,
    );
  }
}

interface MemberSource {
  readonly memberName: string;
  readonly file: string;
}

/** Refuses sizes in the directory that the file cannot contain. */
async function memberOf(zip: ZipFile, entry: Entry, { memberName, file }: MemberSource): Promise<ZipMember> {
  const { compressionMethod, compressedSize, uncompressedSize, relativeOffsetOfLocalHeader } = entry;
  if (entry.isEncrypted()) throw invalid(file, `${memberName} is encrypted; save it without a password`);
  if (compressionMethod !== 0 && compressionMethod !== 8)
    throw invalid(file, `${memberName} uses zip method ${compressionMethod}; expected stored or deflated`);
  const isDeflated = compressionMethod === 8;
  if (relativeOffsetOfLocalHeader + LOCAL_HEADER_BYTES + compressedSize > zip.fileSize)
    throw invalid(file, `${memberName} lies beyond the end of the archive`);
  const largest = isDeflated ? MAX_DEFLATE_RATIO * compressedSize : compressedSize;
  if (uncompressedSize > largest)
    throw invalid(
      file,
      `${memberName} claims ${formatBytes(uncompressedSize)}, more than its ${formatBytes(compressedSize)} ` +
        'in the archive can hold',
    );
  if (uncompressedSize > LARGE_MEMBER_BYTES && uncompressedSize > MAX_LARGE_RATIO * compressedSize)
    throw invalid(
      file,
      `${memberName} inflates ${formatBytes(compressedSize)} to ${formatBytes(uncompressedSize)}; save it ` +
        'uncompressed (numpy.savez)',
    );
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true }).catch((error: unknown) => {
    throw invalid(file, `the archive is damaged at ${memberName} (${messageOf(error)})`);
  });
  return {
    name: memberName,
    isDeflated,
    compressedBytes: compressedSize,
    sizeBytes: uncompressedSize,
    dataOffsetBytes: fileDataStart,
  };
}

/** The first bytes of a member, enough for its array header. */
export async function readZipStart(file: FileHandle, member: ZipMember, name: string): Promise<Buffer> {
  const length = Math.min(member.compressedBytes, NPY_HEADER_BYTES);
  const start = await readRange(file, { offset: member.dataOffsetBytes, length }, name);
  if (!member.isDeflated) return start;
  try {
    return inflateRawSync(start, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw notInflated(name, member, error);
  }
}

/** A part of a stored member; null for a deflated one, which must be inflated as a whole (inflateZipMember). */
export async function readStoredPart(
  file: FileHandle,
  member: ZipMember,
  part: { readonly offset: number; readonly length: number },
  name: string,
): Promise<Buffer | null> {
  if (member.isDeflated) return null;
  if (part.offset + part.length > member.sizeBytes)
    throw invalid(name, `${member.name} is shorter than its shape says`);
  return readRange(file, { offset: member.dataOffsetBytes + part.offset, length: part.length }, name);
}

/** All bytes of a deflated member, limited to the size in the directory. */
export async function inflateZipMember(file: FileHandle, member: ZipMember, name: string): Promise<Buffer> {
  if (member.sizeBytes > MAX_INFLATED_BYTES)
    throw invalid(name, `${member.name} is above 2 GB; save it uncompressed (numpy.savez)`);
  const packed = await readRange(file, { offset: member.dataOffsetBytes, length: member.compressedBytes }, name);
  try {
    return await inflate(packed, { maxOutputLength: Math.max(1, member.sizeBytes) });
  } catch (error) {
    throw notInflated(name, member, error);
  }
}

function notInflated(name: string, member: ZipMember, error: unknown): WorkbenchError {
  return invalid(name, `${member.name} cannot be inflated (${messageOf(error)})`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
