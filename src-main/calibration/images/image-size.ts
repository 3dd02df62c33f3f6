import { open, readFile, type FileHandle } from 'node:fs/promises';
import type { ImageSize } from '../../../src-shared/domain/project/image-set';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { FileMemory } from '../../base/file-memory';
import { isFrameMarker, orientationOf } from './image-orientation';

/** Contains the size in every format except in JPEG files with a long header, which are searched further. */
const HEAD_BYTES = 64 * 1024;
/** Contains the EXIF data of a JPEG file; PNG and WebP files may have it at their end and are read whole. */
const EXIF_BYTES = 256 * 1024;
/** Segments in front of the pixels of a JPEG file that are searched for its size. */
const MAX_SEGMENTS = 10_000;
const REMEMBERED_SIZES = 100_000;
/** Number of files that are open at the same time. */
const BATCH = 64;

type Orientation = Preprocessing['orientation'];

const remembered = new FileMemory<ImageSize | null>(REMEMBERED_SIZES);

/**
 * Sizes of images in pixels as `decodeImage` would decode them, from their headers. null for arrays, and for files that
 * cannot be read or are not images: the decoder reports the reason. A header is read again only if the file changed.
 */
export async function imageSizes(
  paths: readonly string[],
  orientation: Orientation,
): Promise<readonly (ImageSize | null)[]> {
  const sizes: (ImageSize | null)[] = [];
  for (let start = 0; start < paths.length; start += BATCH)
    sizes.push(...(await Promise.all(paths.slice(start, start + BATCH).map((path) => imageSize(path, orientation)))));
  return sizes;
}

async function imageSize(path: string, orientation: Orientation = 'ignore'): Promise<ImageSize | null> {
  if (/\.np[yz]$/i.test(path)) return null;
  try {
    return await remembered.get(path, () => readSize(path, orientation), orientation);
  } catch {
    return null;
  }
}

async function readSize(path: string, orientation: Orientation): Promise<ImageSize | null> {
  const file = await open(path, 'r');
  try {
    const head = await readAt(file, 0, HEAD_BYTES);
    const format = formatOf(head);
    const stored =
      format === 'jpeg'
        ? await jpegSize(file, head)
        : format === 'tiff'
          ? await tiffSize(file, head)
          : sizeInHead(head, format);
    if (stored === null || stored.width < 1 || stored.height < 1) return null;
    // The orientation of a TIFF file is always applied.
    if (orientation !== 'apply' || format === 'bmp' || format === 'tiff') return stored;
    const isAtEnd = format === 'png' || format === 'webp';
    return turned(stored, orientationOf(isAtEnd ? await readFile(path) : await readAt(file, 0, EXIF_BYTES)) >= 5);
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

type Format = 'png' | 'jpeg' | 'webp' | 'bmp' | 'tiff' | null;

function formatOf(head: Buffer): Format {
  const magic = head.toString('latin1', 0, 12);
  if (magic.startsWith('\x89PNG')) return 'png';
  if (magic.startsWith('\xff\xd8')) return 'jpeg';
  if (magic.startsWith('RIFF') && magic.endsWith('WEBP')) return 'webp';
  if (magic.startsWith('BM')) return 'bmp';
  return magic.startsWith('II') || magic.startsWith('MM') ? 'tiff' : null;
}

/** The stored size of a PNG, BMP or WebP file. Throws RangeError if the header is cut off. */
function sizeInHead(head: Buffer, format: Format): ImageSize | null {
  switch (format) {
    case 'png': // IHDR is always the first chunk (PNG specification, 11.2.2)
      return { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
    case 'bmp':
      return head.readUInt32LE(14) === 12
        ? { width: head.readUInt16LE(18), height: head.readUInt16LE(20) }
        : { width: head.readInt32LE(18), height: Math.abs(head.readInt32LE(22)) };
    case 'webp':
      return webpSize(head);
    default:
      return null;
  }
}

/** RFC 9649, sections 2.5 to 2.7: lossy, lossless and extended files. */
function webpSize(head: Buffer): ImageSize | null {
  switch (head.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return { width: head.readUInt16LE(26) & 0x3fff, height: head.readUInt16LE(28) & 0x3fff };
    case 'VP8L': {
      const bits = head.readUInt32LE(21);
      return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      return { width: head.readUIntLE(24, 3) + 1, height: head.readUIntLE(27, 3) + 1 };
    default:
      return null;
  }
}

const TIFF_WIDTH = 256;
const TIFF_HEIGHT = 257;
const TIFF_ORIENTATION = 274;
const TIFF_SHORT = 3;

/** Tags of the first directory (TIFF 6.0, section 2), which many writers put at the end of the file. */
async function tiffSize(file: FileHandle, head: Buffer): Promise<ImageSize | null> {
  const isLittle = head.toString('latin1', 0, 2) === 'II';
  const u16 = (bytes: Buffer, at: number): number => (isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const u32 = (bytes: Buffer, at: number): number => (isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  if (u16(head, 2) !== 42) return null;
  const position = u32(head, 4);
  const tags = u16(await readAt(file, position, 2), 0);
  const directory = await readAt(file, position + 2, 12 * tags);
  const found = new Map<number, number>();
  for (let entry = 0; entry + 12 <= directory.length; entry += 12) {
    const isShort = u16(directory, entry + 2) === TIFF_SHORT;
    found.set(u16(directory, entry), isShort ? u16(directory, entry + 8) : u32(directory, entry + 8));
  }
  const width = found.get(TIFF_WIDTH);
  const height = found.get(TIFF_HEIGHT);
  if (width === undefined || height === undefined) return null;
  return turned({ width, height }, (found.get(TIFF_ORIENTATION) ?? 1) >= 5);
}

function turned({ width, height }: ImageSize, isTurned: boolean): ImageSize {
  return isTurned ? { width: height, height: width } : { width, height };
}

/** The size in the frame header (ITU-T T.81, B.2.2), which follows segments of any number and length. */
async function jpegSize(file: FileHandle, head: Buffer): Promise<ImageSize | null> {
  let at = 2;
  for (let segment = 0; segment < MAX_SEGMENTS; segment += 1) {
    const bytes = at + 9 <= head.length ? head.subarray(at, at + 9) : await readAt(file, at, 9);
    if (bytes.length < 4 || bytes[0] !== 0xff) return null;
    const marker = bytes[1] ?? 0;
    if (marker === 0xff) {
      at += 1; // a fill byte
      continue;
    }
    if (isFrameMarker(marker))
      return bytes.length < 9 ? null : { width: bytes.readUInt16BE(7), height: bytes.readUInt16BE(5) };
    const length = bytes.readUInt16BE(2);
    if (length < 2) return null;
    at += 2 + length;
  }
  return null;
}
