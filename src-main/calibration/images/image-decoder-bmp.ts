import type { Pixels } from './pixels';

/** Why a BMP file cannot be decoded; the caller names the file. */
export class BmpError extends Error {}

const FILE_HEADER_BYTES = 14;
const MIN_INFO_HEADER_BYTES = 40;
const NO_COMPRESSION = 0;
const BITFIELDS = 3;
/** Blue, green, red, unused: the only layout of 32-bit bitfields that is read. */
const BGRX_MASKS = [0x00ff0000, 0x0000ff00, 0x000000ff];

interface BmpHeader {
  readonly width: number;
  readonly height: number;
  readonly isTopDown: boolean;
  readonly bitsPerPixel: number;
  readonly paletteOffset: number;
  readonly paletteColours: number;
  readonly dataOffset: number;
  readonly strideBytes: number;
}

/**
 * Decodes an uncompressed Windows bitmap of 8 (palette), 24 or 32 bits (BITMAPINFOHEADER and later) to RGB. The fourth
 * byte of 32-bit pixels is dropped. Throws BmpError; `maxPixels` is checked before anything is allocated.
 */
export function decodeBmp(bytes: Buffer, maxPixels: number): Pixels {
  const header = parseHeader(bytes);
  const { width, height } = header;
  if (width * height > maxPixels)
    throw new BmpError(`${width}x${height} exceeds the limit of ${maxPixels / 1e6} million pixels`);
  if (header.dataOffset + header.strideBytes * height > bytes.length) {
    throw new BmpError(
      `truncated: expected ${header.dataOffset + header.strideBytes * height} bytes, found ${bytes.length}`,
    );
  }
  const data = new Uint8Array(width * height * 3);
  const step = header.bitsPerPixel / 8;
  for (let y = 0; y < height; y += 1) {
    const row = header.dataOffset + header.strideBytes * (header.isTopDown ? y : height - 1 - y);
    for (let x = 0; x < width; x += 1) {
      const source = step === 1 ? paletteAt(bytes, header, bytes[row + x] ?? 0) : row + x * step;
      const target = (y * width + x) * 3;
      data[target] = bytes[source + 2] ?? 0;
      data[target + 1] = bytes[source + 1] ?? 0;
      data[target + 2] = bytes[source] ?? 0;
    }
  }
  return { width, height, channels: 3, data };
}

function paletteAt(bytes: Buffer, header: BmpHeader, index: number): number {
  if (index >= header.paletteColours)
    throw new BmpError(`pixel value ${index} is outside the palette of ${header.paletteColours} colours`);
  const offset = header.paletteOffset + 4 * index;
  if (offset + 3 > bytes.length) throw new BmpError('the palette is truncated');
  return offset;
}

function parseHeader(bytes: Buffer): BmpHeader {
  if (bytes.length < FILE_HEADER_BYTES + MIN_INFO_HEADER_BYTES) throw new BmpError('the BMP header is truncated');
  const infoBytes = bytes.readUInt32LE(14);
  if (infoBytes < MIN_INFO_HEADER_BYTES)
    throw new BmpError(`expected a BITMAPINFOHEADER of 40 bytes or more, found ${infoBytes}`);
  const width = bytes.readInt32LE(18);
  const signedHeight = bytes.readInt32LE(22);
  const bitsPerPixel = bytes.readUInt16LE(28);
  const compression = bytes.readUInt32LE(30);
  if (width <= 0 || signedHeight === 0) throw new BmpError(`zero size: ${width}x${Math.abs(signedHeight)}`);
  if (![8, 24, 32].includes(bitsPerPixel))
    throw new BmpError(`expected 8, 24 or 32 bits per pixel, found ${bitsPerPixel}`);
  if (compression !== NO_COMPRESSION && !(compression === BITFIELDS && bitsPerPixel === 32 && hasBgrxMasks(bytes))) {
    throw new BmpError(`expected an uncompressed BMP, found compression ${compression}`);
  }
  return {
    width,
    height: Math.abs(signedHeight),
    isTopDown: signedHeight < 0,
    bitsPerPixel,
    paletteOffset: FILE_HEADER_BYTES + infoBytes,
    paletteColours: bytes.readUInt32LE(46) || 256,
    dataOffset: bytes.readUInt32LE(10),
    strideBytes: Math.ceil((width * bitsPerPixel) / 32) * 4,
  };
}

function hasBgrxMasks(bytes: Buffer): boolean {
  return bytes.length >= 66 && BGRX_MASKS.every((mask, i) => bytes.readUInt32LE(54 + 4 * i) === mask);
}
