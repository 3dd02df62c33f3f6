import type { FileHandle } from 'node:fs/promises';
import { constants, inflateRawSync } from 'node:zlib';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatBytes } from '../../../src-shared/base/units';
import { NPY_HEADER_BYTES } from './npy';

/** One array inside an .npz (a zip archive of .npy files, stored or deflated). */
export interface ZipMember {
  readonly name: string;
  readonly isDeflated: boolean;
  readonly compressedBytes: number;
  readonly sizeBytes: number;
  readonly localHeaderOffset: number;
}

const END_RECORD = 0x06054b50;
const CENTRAL_RECORD = 0x02014b50;
const LOCAL_RECORD = 0x04034b50;
const END_RECORD_BYTES = 22;
const CENTRAL_RECORD_BYTES = 46;
const LOCAL_RECORD_BYTES = 30;
const MAX_COMMENT_BYTES = 65_535;
const IN_ZIP64 = 0xffffffff;
const MAX_DIRECTORY_BYTES = 256e6;
/** What an archive without the ZIP64 extension can list. */
const MAX_ENTRIES = 65_535;
/** Deflate makes at most 1032 bytes of one (RFC 1951: 258 bytes from two bits). */
const MAX_DEFLATE_RATIO = 1032;
/** Images do not shrink like that: a large member that does is made to fill the memory. */
const LARGE_MEMBER_BYTES = 256e6;
const MAX_LARGE_RATIO = 100;
/** Inflating a member needs all of it in memory. */
const MAX_MEMBER_BYTES = 2e9;

const invalid = (name: string, why: string): WorkbenchError =>
  new WorkbenchError('image-invalid', `Cannot read ${name}: ${why}`);

/** Reads `length` bytes at `offset`; throws `image-invalid`, before anything is allocated, when the file ends before. */
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

/** The .npy members in archive order, from the central directory (zip specification 4.3.12). `name` is the file as shown. */
export async function listZip(file: FileHandle, name: string): Promise<readonly ZipMember[]> {
  const { size } = await file.stat();
  const tailBytes = Math.min(size, END_RECORD_BYTES + MAX_COMMENT_BYTES);
  const tail = await readRange(file, { offset: size - tailBytes, length: tailBytes }, name);
  let end = tail.length - END_RECORD_BYTES;
  while (end >= 0 && tail.readUInt32LE(end) !== END_RECORD) end -= 1;
  if (end < 0) throw invalid(name, 'expected a zip archive of arrays (.npz), found other content or a truncated file');
  const length = tail.readUInt32LE(end + 12);
  const offset = tail.readUInt32LE(end + 16);
  if (offset === IN_ZIP64 || length > MAX_DIRECTORY_BYTES)
    throw invalid(name, 'archives above 4 GB are not read; save several smaller files');
  const directory = await readRange(file, { offset, length }, name);
  let entries = 0;
  const members: ZipMember[] = [];
  for (let at = 0; at + CENTRAL_RECORD_BYTES <= directory.length && directory.readUInt32LE(at) === CENTRAL_RECORD;) {
    const nameBytes = directory.readUInt16LE(at + 28);
    const memberName = directory.toString('utf8', at + CENTRAL_RECORD_BYTES, at + CENTRAL_RECORD_BYTES + nameBytes);
    if ((entries += 1) > MAX_ENTRIES) throw invalid(name, `the archive lists more than ${MAX_ENTRIES} files`);
    if (memberName.endsWith('.npy')) members.push(memberAt(directory, at, { memberName, file: name, fileBytes: size }));
    at += CENTRAL_RECORD_BYTES + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return members;
}

interface MemberPlace {
  readonly memberName: string;
  readonly file: string;
  readonly fileBytes: number;
}

/** Sizes are what the directory claims; those that the file cannot hold are refused here. */
function memberAt(directory: Buffer, at: number, { memberName, file, fileBytes }: MemberPlace): ZipMember {
  const method = directory.readUInt16LE(at + 10);
  if (method !== 0 && method !== 8)
    throw invalid(file, `${memberName} uses zip method ${method}; expected stored or deflated`);
  const member = {
    name: memberName,
    isDeflated: method === 8,
    compressedBytes: directory.readUInt32LE(at + 20),
    sizeBytes: directory.readUInt32LE(at + 24),
    localHeaderOffset: directory.readUInt32LE(at + 42),
  };
  if ([member.compressedBytes, member.sizeBytes, member.localHeaderOffset].includes(IN_ZIP64)) {
    throw invalid(file, `${memberName} is above 4 GB; save several smaller files`);
  }
  const { compressedBytes, sizeBytes, localHeaderOffset, isDeflated } = member;
  if (localHeaderOffset + LOCAL_RECORD_BYTES + compressedBytes > fileBytes)
    throw invalid(file, `${memberName} lies beyond the end of the archive`);
  const largest = isDeflated ? MAX_DEFLATE_RATIO * compressedBytes : compressedBytes;
  if (sizeBytes > largest)
    throw invalid(
      file,
      `${memberName} claims ${formatBytes(sizeBytes)}, more than its ${formatBytes(compressedBytes)} in the archive can hold`,
    );
  if (sizeBytes > LARGE_MEMBER_BYTES && sizeBytes > MAX_LARGE_RATIO * compressedBytes) {
    throw invalid(
      file,
      `${memberName} inflates ${formatBytes(compressedBytes)} to ${formatBytes(sizeBytes)}; save it uncompressed (numpy.savez)`,
    );
  }
  return member;
}

async function dataOffset(file: FileHandle, member: ZipMember, name: string): Promise<number> {
  const header = await readRange(file, { offset: member.localHeaderOffset, length: LOCAL_RECORD_BYTES }, name);
  if (header.readUInt32LE(0) !== LOCAL_RECORD) throw invalid(name, `the archive is damaged at ${member.name}`);
  return member.localHeaderOffset + LOCAL_RECORD_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
}

/** The first bytes of a member, enough for its array header. */
export async function readZipStart(file: FileHandle, member: ZipMember, name: string): Promise<Buffer> {
  const offset = await dataOffset(file, member, name);
  const length = Math.min(member.compressedBytes, NPY_HEADER_BYTES);
  const start = await readRange(file, { offset, length }, name);
  if (!member.isDeflated) return start;
  try {
    return inflateRawSync(start, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    throw invalidData(name, member, error);
  }
}

/** A part of a stored member, or null when it must be inflated as a whole first (readZipMember). */
export async function readStoredPart(
  file: FileHandle,
  member: ZipMember,
  part: { readonly offset: number; readonly length: number },
  name: string,
): Promise<Buffer | null> {
  if (member.isDeflated) return null;
  if (part.offset + part.length > member.sizeBytes)
    throw invalid(name, `${member.name} is shorter than its shape says`);
  return readRange(file, { offset: (await dataOffset(file, member, name)) + part.offset, length: part.length }, name);
}

/** All of a deflated member, never more than the size that the directory states. */
export async function inflateZipMember(file: FileHandle, member: ZipMember, name: string): Promise<Buffer> {
  if (member.sizeBytes > MAX_MEMBER_BYTES)
    throw invalid(name, `${member.name} is above 2 GB; save it uncompressed (numpy.savez)`);
  const packed = await readRange(
    file,
    { offset: await dataOffset(file, member, name), length: member.compressedBytes },
    name,
  );
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, member.sizeBytes) });
  } catch (error) {
    throw invalidData(name, member, error);
  }
}

function invalidData(name: string, member: ZipMember, error: unknown): WorkbenchError {
  return invalid(name, `${member.name} cannot be inflated (${error instanceof Error ? error.message : String(error)})`);
}
