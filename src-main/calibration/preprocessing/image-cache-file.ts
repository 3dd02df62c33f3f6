import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import type { FittedImage } from './fit-image';

/** "calI", read as a little-endian number. */
const MAGIC = 0x496c_6163;
const MAGIC_AT = 0;
const CHECKSUM_AT = 4;
const WIDTH_AT = 8;
const HEIGHT_AT = 12;
const CHANNELS_AT = 16;
const GEOMETRY_AT = 24;
const GEOMETRY_FIELDS = [
  'width',
  'height',
  'inputWidth',
  'inputHeight',
  'scaleX',
  'scaleY',
  'offsetX',
  'offsetY',
] as const satisfies readonly (keyof ImageGeometry)[];
export const HEADER_BYTES = GEOMETRY_AT + 8 * GEOMETRY_FIELDS.length;

/** Identity of a fitted image: 64 hex digits. @param fitting how the file is decoded and fitted, see fittingText */
export function imageCacheKey(fitting: string, file: Uint8Array): string {
  return createHash('sha256').update(fitting).update('\0').update(file).digest('hex');
}

/** The header (with a checksum of everything that follows it) and the pixels. */
export function encodeFittedImage({ pixels, geometry }: FittedImage): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + pixels.data.length);
  bytes.writeUInt32LE(MAGIC, MAGIC_AT);
  bytes.writeUInt32LE(pixels.width, WIDTH_AT);
  bytes.writeUInt32LE(pixels.height, HEIGHT_AT);
  bytes.writeUInt32LE(pixels.channels, CHANNELS_AT);
  for (const [i, field] of GEOMETRY_FIELDS.entries()) bytes.writeDoubleLE(geometry[field], GEOMETRY_AT + 8 * i);
  bytes.set(pixels.data, HEADER_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(WIDTH_AT)), CHECKSUM_AT);
  return bytes;
}

/** The pixels are a view of `bytes`. Returns null if the bytes are damaged. */
export function decodeFittedImage(bytes: Buffer): FittedImage | null {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(MAGIC_AT) !== MAGIC) return null;
  if (bytes.readUInt32LE(CHECKSUM_AT) !== crc32(bytes.subarray(WIDTH_AT))) return null;
  const width = bytes.readUInt32LE(WIDTH_AT);
  const height = bytes.readUInt32LE(HEIGHT_AT);
  const channels = bytes.readUInt32LE(CHANNELS_AT);
  const data = bytes.subarray(HEADER_BYTES);
  if ((channels !== 1 && channels !== 3) || data.length !== width * height * channels) return null;
  const [
    imageWidth = 0,
    imageHeight = 0,
    inputWidth = 0,
    inputHeight = 0,
    scaleX = 0,
    scaleY = 0,
    offsetX = 0,
    offsetY = 0,
  ] = GEOMETRY_FIELDS.map((_, i) => bytes.readDoubleLE(GEOMETRY_AT + 8 * i));
  return {
    pixels: { width, height, channels, data },
    geometry: { width: imageWidth, height: imageHeight, inputWidth, inputHeight, scaleX, scaleY, offsetX, offsetY },
  };
}
