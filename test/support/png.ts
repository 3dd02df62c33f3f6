import { deflateSync } from 'node:zlib';

interface PngOptions {
  readonly width: number;
  readonly height: number;
  /** 0 gray, 2 RGB, 3 palette. */
  readonly colourType?: number;
  readonly depth?: number;
  /** The same filter for every row, 0 (none) or 1 (difference to the left). */
  readonly filter?: 0 | 1;
}

/**
 * A PNG file (ISO/IEC 15948) with one number a pixel, row by row: a gray value or a palette index; colours take three.
 * Checksums are not computed.
 */
export function pngFile(values: readonly number[], options: PngOptions): Buffer {
  const { width, height, colourType = 0, depth = 8, filter = 0 } = options;
  const channels = colourType === 2 ? 3 : 1;
  const rows: Buffer[] = [];
  for (let y = 0; y < height; y += 1) {
    const row = packed(values.slice(y * width * channels, (y + 1) * width * channels), depth);
    const step = Math.max(1, (channels * depth) >> 3);
    const filtered = filter === 0 ? row : row.map((byte, i) => byte - (i < step ? 0 : (row[i - step] ?? 0)));
    rows.push(Buffer.from([filter]), Buffer.from(filtered));
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = depth;
  header[9] = colourType;
  const palette = Buffer.from(Array.from({ length: 256 * 3 }, (_, i) => (i * 91) % 256));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    ...(colourType === 3 ? [chunk('PLTE', palette)] : []),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function packed(values: readonly number[], depth: number): Uint8Array {
  if (depth === 16) return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 255]));
  const perByte = 8 / depth;
  return Uint8Array.from({ length: Math.ceil(values.length / perByte) }, (_, i) =>
    values
      .slice(i * perByte, (i + 1) * perByte)
      .reduce((byte, value, place) => byte | (value << (8 - depth * (place + 1))), 0),
  );
}

function chunk(type: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, Buffer.from(type, 'latin1'), content, Buffer.alloc(4)]);
}
