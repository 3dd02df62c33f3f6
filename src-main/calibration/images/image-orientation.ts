import { open } from 'node:fs/promises';
import { formatCountOf } from '../../../src-shared/base/units';
import type { ImageEntry, SetNote } from '../../../src-shared/domain/project/image-set';
import type { Pixels } from './pixels';

/** EXIF's numbers for the orientation in which the stored pixels are shown; 1 means as stored. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const ORIENTATION_TAG = 0x0112;
const SHORT = 3;
const EXIF_HEADER = 'Exif\0\0';
const PNG_SIGNATURE = '\x89PNG\r\n\x1a\n';
const START_OF_SCAN = 0xda;
const APP1 = 0xe1;

/** One segment in front of the pixels of a JPEG file: a marker and its content. */
interface JpegSegment {
  readonly marker: number;
  readonly content: Buffer;
}

/** True for the markers of frame headers, which contain the size of the image (ITU-T T.81, table B.1). */
export function isFrameMarker(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** The segments in front of the first scan; empty if the bytes are not a JPEG file. */
export function jpegSegments(bytes: Buffer): readonly JpegSegment[] {
  const segments: JpegSegment[] = [];
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return segments;
  for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1; // a fill byte
      continue;
    }
    if (marker === START_OF_SCAN) break;
    const length = bytes.readUInt16BE(at + 2);
    if (length < 2) break;
    segments.push({ marker, content: bytes.subarray(at + 4, at + 2 + length) });
    at += 2 + length;
  }
  return segments;
}

/** The orientation in the EXIF data of a JPEG, PNG or WebP file, or in the tags of a TIFF file; 1 if there is none. */
export function orientationOf(bytes: Buffer): Orientation {
  const magic = bytes.toString('latin1', 0, 12);
  if (magic.startsWith('II') || magic.startsWith('MM')) return tiffOrientation(bytes);
  const exif = magic.startsWith(PNG_SIGNATURE)
    ? pngExif(bytes)
    : magic.startsWith('RIFF') && magic.endsWith('WEBP')
      ? webpExif(bytes)
      : jpegExif(bytes);
  return exif === null ? 1 : tiffOrientation(exif);
}

function jpegExif(bytes: Buffer): Buffer | null {
  const segment = jpegSegments(bytes).find(
    ({ marker, content }) => marker === APP1 && content.toString('latin1', 0, 6) === EXIF_HEADER,
  );
  return segment?.content.subarray(EXIF_HEADER.length) ?? null;
}

function pngExif(bytes: Buffer): Buffer | null {
  for (let at = PNG_SIGNATURE.length; at + 12 <= bytes.length;) {
    const length = bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) === 'eXIf') return bytes.subarray(at + 8, at + 8 + length);
    at += 12 + length;
  }
  return null;
}

function webpExif(bytes: Buffer): Buffer | null {
  for (let at = 12; at + 8 <= bytes.length;) {
    const length = bytes.readUInt32LE(at + 4);
    if (bytes.toString('latin1', at, at + 4) === 'EXIF') {
      const content = bytes.subarray(at + 8, at + 8 + length);
      return content.toString('latin1', 0, 6) === EXIF_HEADER ? content.subarray(6) : content;
    }
    at += 8 + length + (length % 2);
  }
  return null;
}

/**
 * The orientation tag in the first directory of a TIFF structure. EXIF data has the same structure (TIFF 6.0, section
 * 2).
 */
function tiffOrientation(tiff: Buffer): Orientation {
  const isLittle = tiff.toString('latin1', 0, 2) === 'II';
  const u16 = (at: number): number =>
    at + 2 > tiff.length ? 0 : isLittle ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at);
  const u32 = (at: number): number =>
    at + 4 > tiff.length ? 0 : isLittle ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at);
  if (u16(2) !== 42) return 1;
  const directory = u32(4);
  const count = u16(directory);
  for (let i = 0; i < count; i += 1) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.length) break;
    if (u16(entry) !== ORIENTATION_TAG || u16(entry + 2) !== SHORT) continue;
    const value = u16(entry + 8);
    return value >= 1 && value <= 8 ? (value as Orientation) : 1;
  }
  return 1;
}

/** Number of images, spread evenly over a set, whose orientation is read. */
const LOOKED_AT = 64;
/**
 * Number of bytes that contain the EXIF data of a JPEG from a camera. It is at the beginning and includes a thumbnail.
 */
const HEAD_BYTES = 256 * 1024;

/**
 * The warning for a set whose images contain an orientation that is ignored. TIFF files are not counted, because their
 * orientation is applied. Of a large set, only some images are read.
 */
export async function orientationNotes(entries: readonly ImageEntry[]): Promise<readonly SetNote[]> {
  const files = entries.filter(
    ({ path, listing }) => /\.(jpe?g|jpe|jfif|png|webp)$/i.test(path) && listing === undefined,
  );
  const step = Math.max(1, files.length / LOOKED_AT);
  const chosen = Array.from(
    { length: Math.min(files.length, LOOKED_AT) },
    (_, i) => files[Math.floor(i * step)],
  ).filter((entry) => entry !== undefined);
  const found = await Promise.all(
    chosen.map(async (entry) => ({ entry, orientation: orientationOf(await headOf(entry.path)) })),
  );
  const turned = found.filter(({ orientation }) => orientation !== 1);
  const [first] = turned;
  if (first === undefined) return [];
  const of =
    chosen.length < files.length
      ? `${chosen.length} images that were looked at`
      : formatCountOf(chosen.length, 'image');
  return [
    {
      code: 'images-turned',
      message:
        `${turned.length} of ${of} state an orientation (EXIF) that is ignored, as Pillow does when it opens ` +
        `them; the first one: ${first.entry.file} (${first.orientation}). If the model was trained on images ` +
        'that were turned upright, set orientation to apply.',
    },
  ];
}

/** Empty for a file that cannot be read; the decoder reports the reason. */
async function headOf(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const buffer = Buffer.allocUnsafe(HEAD_BYTES);
      const { bytesRead } = await file.read(buffer, 0, HEAD_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return Buffer.alloc(0);
  }
}

/**
 * The pixels in the orientation in which they are shown: mirrored and rotated like Pillow's `ImageOps.exif_transpose`.
 */
export function oriented(pixels: Pixels, orientation: Orientation): Pixels {
  if (orientation === 1) return pixels;
  const { width, height, channels, data } = pixels;
  const isTurned = orientation >= 5;
  const outWidth = isTurned ? height : width;
  const outHeight = isTurned ? width : height;
  const out = new Uint8Array(data.length);
  // Bits that say which axes of the stored image are read backwards.
  const isMirroredX = [2, 3, 7, 8].includes(orientation);
  const isMirroredY = [3, 4, 6, 7].includes(orientation);
  for (let y = 0, to = 0; y < outHeight; y += 1) {
    for (let x = 0; x < outWidth; x += 1, to += channels) {
      const column = isTurned ? y : x;
      const row = isTurned ? x : y;
      const from =
        ((isMirroredY ? height - 1 - row : row) * width + (isMirroredX ? width - 1 - column : column)) * channels;
      for (let c = 0; c < channels; c += 1) out[to + c] = data[from + c] ?? 0;
    }
  }
  return { width: outWidth, height: outHeight, channels, data: out };
}
