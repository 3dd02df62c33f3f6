import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { errnoOf, messageOf } from '../../base/file-errors';
import { BmpError, decodeBmp } from './image-decoder-bmp';
import { isFrameMarker, jpegSegments, oriented, orientationOf } from './image-orientation';
import { withoutAlpha, type Pixels } from './pixels';
import { sharpLibrary } from './sharp-library';

/** Limit of 300 MB of pixels: larger images are refused before they are decoded. */
const MAX_PIXELS = 100e6;
const MAX_FILE_BYTES = 1e9;
/** Smaller files are read at once: that takes less time than handing them to another thread. */
const SYNC_READ_BYTES = 512 * 1024;

/**
 * Decodes a JPEG, PNG, WebP, TIFF or BMP file to the pixels that training loaders get from Pillow's
 * `Image.open(...).convert("RGB")`: no ICC conversion, no alpha, 16-bit samples scaled to 8 bits, CMYK converted as in
 * Pillow, the first page or frame only. The orientation in a JPEG, PNG or WebP file is ignored unless `orientation` is
 * `apply`; the orientation of a TIFF file is always applied, because Pillow applies it when it opens one. Throws
 * `image-invalid` with `name` (the file name for messages) if the file is missing, truncated, of another format or
 * larger than 100 million pixels.
 */
export async function decodeImage(
  path: string,
  name: string,
  orientation?: Preprocessing['orientation'],
): Promise<Pixels> {
  return decodeImageFile(await readImageFile(path, name), name, orientation);
}

/** The bytes of an image file. Throws `image-invalid` with `name` if it cannot be read. */
export async function readImageFile(path: string, name: string): Promise<Buffer> {
  try {
    const { size } = statSync(path);
    if (size === 0) throw imageError(name, 'the file is empty');
    if (size > MAX_FILE_BYTES) throw imageError(name, `the file is too large (${Math.round(size / 1e6)} MB)`);
    return size <= SYNC_READ_BYTES ? readFileSync(path) : await readFile(path);
  } catch (error) {
    throw invalidImage(error, name);
  }
}

/** The same as decodeImage for the bytes of a file. */
export async function decodeImageFile(
  bytes: Buffer,
  name: string,
  orientation: Preprocessing['orientation'] = 'ignore',
): Promise<Pixels> {
  try {
    // libvips would render an SVG file, and even a small one can take any amount of time and memory.
    if (/^[\s\uFEFF]*</.test(bytes.toString('utf8', 0, 256)))
      throw imageError(name, 'expected JPEG, PNG, WebP, BMP, TIFF or .npy content, found something else');
    if (bytes.toString('latin1', 0, 2) === 'BM') return decodeBmp(bytes, MAX_PIXELS);
    const pixels = await decodeWithSharp(bytes, name);
    return orientation === 'apply' || isTiff(bytes) ? oriented(pixels, orientationOf(bytes)) : pixels;
  } catch (error) {
    throw invalidImage(error, name);
  }
}

function invalidImage(error: unknown, name: string): WorkbenchError {
  if (error instanceof WorkbenchError) return error;
  if (error instanceof BmpError) return imageError(name, error.message);
  return imageError(name, reasonOf(error), error);
}

export function imageError(name: string, why: string, cause?: unknown): WorkbenchError {
  return new WorkbenchError('image-invalid', `Cannot read ${name}: ${why}`, cause === undefined ? {} : { cause });
}

async function decodeWithSharp(bytes: Buffer, name: string): Promise<Pixels> {
  const sharp = sharpLibrary();
  const options = { failOn: 'error', limitInputPixels: MAX_PIXELS, sequentialRead: true, ignoreIcc: true } as const;
  let isCmyk = isCmykJpeg(bytes);
  if (isTiff(bytes)) {
    const { depth, space } = await sharp(bytes, options).metadata();
    isCmyk = space === 'cmyk';
    if (depth !== 'uchar' && depth !== 'ushort')
      throw imageError(name, `expected 8- or 16-bit samples, found ${depth}; save such tensors as .npy`);
  }
  if (isCmyk) {
    const { data, info } = await sharp(bytes, options)
      .pipelineColourspace('cmyk')
      .toColourspace('cmyk')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, channels: 3, data: rgbOfCmyk(data, info.channels) };
  }
  const { data, info } = await sharp(bytes, options)
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels === 1 || channels === 3) return { width, height, channels, data };
  return { width, height, channels: channels === 2 ? 1 : 3, data: withoutAlpha(data, channels) };
}

/** The frame header contains the number of components. */
function isCmykJpeg(bytes: Buffer): boolean {
  const frame = jpegSegments(bytes).find(({ marker }) => isFrameMarker(marker));
  return frame?.content[5] === 4;
}

/**
 * Converts inks to RGB with the integer arithmetic of Pillow. The first four of `channels` interleaved channels are
 * cyan, magenta, yellow and black; 255 is full ink. With w = 255 - black, each colour is w - ink * w / 255, rounded.
 */
function rgbOfCmyk(inks: Uint8Array, channels: number): Uint8Array {
  const count = inks.length / channels;
  const rgb = new Uint8Array(3 * count);
  for (let i = 0; i < count; i += 1) {
    const white = 255 - (inks[i * channels + 3] ?? 0);
    for (let c = 0; c < 3; c += 1) {
      const product = (inks[i * channels + c] ?? 0) * white + 128;
      rgb[3 * i + c] = white - (((product >> 8) + product) >> 8);
    }
  }
  return rgb;
}

function isTiff(bytes: Buffer): boolean {
  const magic = bytes.toString('latin1', 0, 2);
  return magic === 'II' || magic === 'MM';
}

function reasonOf(error: unknown): string {
  const errno = errnoOf(error);
  if (errno === 'ENOENT') return 'the file does not exist';
  if (errno !== null) return errno;
  const message = messageOf(error);
  if (message.includes('exceeds pixel limit')) return `it exceeds the limit of ${MAX_PIXELS / 1e6} million pixels`;
  if (message.includes('unsupported image format'))
    return 'expected JPEG, PNG, WebP, BMP, TIFF or .npy content, found something else';
  return message.trim().split('\n')[0] ?? message;
}
