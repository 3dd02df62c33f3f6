import { inflate } from 'node:zlib';
import { promisify } from 'node:util';

/** A mask of more pixels is refused, like an image. */
const MAX_PIXELS = 100e6;
const MAX_UNPACKED_BYTES = 400e6;
const SIGNATURE = '\x89PNG\r\n\x1a\n';
const inflateAsync = promisify(inflate);

/** Colour types of PNG (ISO/IEC 15948, table 11.1). */
const GRAY = 0;
const RGB = 2;
const PALETTE = 3;
const CHANNELS: Readonly<Record<number, number>> = { [GRAY]: 1, [RGB]: 3, [PALETTE]: 1, 4: 2, 6: 4 };

/** What is wrong with the file; the message continues "Cannot read FILE: ". */
export class PngError extends Error {}

/** The numbers of an image as they are stored, row by row: palette indices or gray values. */
export interface StoredIndices {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint16Array;
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  readonly isInterlaced: boolean;
}

/**
 * Decodes a PNG file to palette indices or gray values without any scaling: a pixel of a 1-bit file is 0 or 1. Image
 * libraries replace palette indices by colours, so that they cannot read masks. Colours are accepted if every pixel is
 * gray. The size is checked before memory is allocated. @throws PngError
 */
export async function decodePngIndices(bytes: Buffer): Promise<StoredIndices> {
  const { header, compressed } = chunksOf(bytes);
  const { width, height, depth, colourType } = header;
  const channels = CHANNELS[colourType] ?? 0;
  const passes = header.isInterlaced ? ADAM7 : [{ x: 0, y: 0, dx: 1, dy: 1 }];
  const sizes = passes.map(({ x, y, dx, dy }) => ({
    columns: Math.max(0, Math.ceil((width - x) / dx)),
    rows: Math.max(0, Math.ceil((height - y) / dy)),
  }));
  const rowBytes = (columns: number): number => Math.ceil((columns * channels * depth) / 8);
  const total = sizes.reduce((sum, { columns, rows }) => sum + (columns === 0 ? 0 : rows * (1 + rowBytes(columns))), 0);
  if (total > MAX_UNPACKED_BYTES)
    throw new PngError(`its pixels take ${Math.round(total / 1e6)} MB, more than ${MAX_UNPACKED_BYTES / 1e6} MB`);
  const raw = await inflateAsync(compressed, { maxOutputLength: total + 1 }).catch((error: unknown) => {
    throw new PngError(`its pixels cannot be unpacked (${error instanceof Error ? error.message : String(error)})`);
  });
  if (raw.length < total) throw new PngError('it ends before its last row');
  const data = depth === 16 ? new Uint16Array(width * height) : new Uint8Array(width * height);
  let at = 0;
  for (const [i, { x, y, dx, dy }] of passes.entries()) {
    const { columns = 0, rows = 0 } = sizes[i] ?? {};
    if (columns === 0) continue;
    const stride = rowBytes(columns);
    let above = new Uint8Array(stride);
    for (let row = 0; row < rows; row += 1) {
      const line = raw.subarray(at + 1, at + 1 + stride);
      unfilter(line, above, { filter: raw[at] ?? 0, step: Math.max(1, (channels * depth) >> 3) });
      const to = (y + row * dy) * width + x;
      if (channels === 1 && depth === 8 && dx === 1) data.set(line, to);
      else
        for (let column = 0; column < columns; column += 1)
          data[to + column * dx] = valueAt(line, column, header, channels);
      above = line;
      at += 1 + stride;
    }
  }
  return { width, height, data };
}

/** Start and step of the passes of interlacing (ISO/IEC 15948, clause 8.2). */
const ADAM7 = [
  { x: 0, y: 0, dx: 8, dy: 8 },
  { x: 4, y: 0, dx: 8, dy: 8 },
  { x: 0, y: 4, dx: 4, dy: 8 },
  { x: 2, y: 0, dx: 4, dy: 4 },
  { x: 0, y: 2, dx: 2, dy: 4 },
  { x: 1, y: 0, dx: 2, dy: 2 },
  { x: 0, y: 1, dx: 1, dy: 2 },
];

function chunksOf(bytes: Buffer): { readonly header: Header; readonly compressed: Buffer } {
  if (bytes.toString('latin1', 0, 8) !== SIGNATURE) throw new PngError('it is not a PNG file');
  let header: Header | null = null;
  const parts: Buffer[] = [];
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    const content = bytes.subarray(at + 8, at + 8 + length);
    if (content.length < length) throw new PngError('it is cut off');
    if (type === 'IHDR') header = headerOf(content);
    else if (type === 'IDAT') parts.push(content);
    else if (type === 'IEND') break;
    at += 12 + length;
  }
  if (header === null) throw new PngError('it has no header');
  return { header, compressed: Buffer.concat(parts) };
}

function headerOf(content: Buffer): Header {
  if (content.length < 13) throw new PngError('its header is cut off');
  const [width, height] = [content.readUInt32BE(0), content.readUInt32BE(4)];
  const depth = content[8] ?? 0;
  const colourType = content[9] ?? 0;
  if (width < 1 || height < 1 || width * height > MAX_PIXELS)
    throw new PngError(`expected 1 to ${MAX_PIXELS / 1e6} million pixels, found ${width}x${height}`);
  const depths = colourType === GRAY ? [1, 2, 4, 8, 16] : colourType === PALETTE ? [1, 2, 4, 8] : [8, 16];
  if (CHANNELS[colourType] === undefined || !depths.includes(depth) || (content[12] ?? 0) > 1)
    throw new PngError(`expected a colour type and depth of the PNG standard, found ${colourType} and ${depth}`);
  return { width, height, depth, colourType, isInterlaced: content[12] === 1 };
}

/** Undoes the filter of a row in place (ISO/IEC 15948, clause 9.2). `step`: bytes of a pixel, at least 1. */
function unfilter(
  line: Uint8Array,
  above: Uint8Array,
  { filter, step }: { readonly filter: number; readonly step: number },
): void {
  if (filter > 4) throw new PngError(`a row has the unknown filter ${filter}`);
  if (filter === 0) return;
  if (filter === 2) {
    for (let i = 0; i < line.length; i += 1) line[i] = (line[i] ?? 0) + (above[i] ?? 0);
    return;
  }
  for (let i = 0; i < line.length; i += 1) {
    const left = i < step ? 0 : (line[i - step] ?? 0);
    const up = above[i] ?? 0;
    const corner = i < step ? 0 : (above[i - step] ?? 0);
    const predicted = filter === 1 ? left : filter === 3 ? (left + up) >> 1 : paeth(left, up, corner);
    line[i] = (line[i] ?? 0) + predicted; // modulo 256, as the array stores bytes
  }
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const toLeft = Math.abs(estimate - left);
  const toUp = Math.abs(estimate - up);
  const toCorner = Math.abs(estimate - corner);
  return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
}

/** The number of a pixel in a row; the alpha channel is ignored. */
function valueAt(line: Uint8Array, column: number, { depth, colourType }: Header, channels: number): number {
  if (depth < 8) {
    const bit = column * depth;
    return ((line[bit >> 3] ?? 0) >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
  }
  const sample = (channel: number): number => {
    const at = (column * channels + channel) * (depth >> 3);
    return depth === 16 ? ((line[at] ?? 0) << 8) | (line[at + 1] ?? 0) : (line[at] ?? 0);
  };
  const value = sample(0);
  if ((colourType & RGB) !== 0 && colourType !== PALETTE && (sample(1) !== value || sample(2) !== value))
    throw new PngError('its pixels are colours; expected class indices as palette or gray values');
  return value;
}
