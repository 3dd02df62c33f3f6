import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import {
  count,
  list,
  nullable,
  object,
  parse,
  SchemaError,
  string,
  type InferOutput,
} from '../../../src-shared/base/schema';
import { tensorrtThresholdSchema } from '../../../src-shared/domain/histograms/tensorrt-grid';

/**
 * The file of TensorRT's grids, beside histograms.bin, or at the end of a shard or checkpoint:
 * ```
 * 8 bytes  "CALIBTRG"     u32 LE  format version     u32 LE  length of the header
 * header   JSON (TensorrtGridHeader), UTF-8
 * records  for each tensor: u32 LE length, encoded grid (native/core/tensorrt_grid.h)
 * ```
 */
export const TENSORRT_GRID_VERSION = 1;
const MAGIC = 'CALIBTRG';
export const GRID_PREFIX_BYTES = 16;
const MAX_HEADER_BYTES = 512 * 1024 * 1024;

const headerSchema = object({
  /** Identity of the calibration during which it was collected. */
  key: string,
  /** Number of images in the first batch, which determines the initial range of every grid. */
  batch: count,
  /** Ids of those images, sorted. */
  firstImages: list(string),
  /** Collected activations, in the order of the records. */
  tensors: list(string),
  /** Every name of a calibration cache, in cache order; null in an unfinished file. */
  thresholds: nullable(list(tensorrtThresholdSchema)),
});
export type TensorrtGridHeader = InferOutput<typeof headerSchema>;

export interface TensorrtGridFile {
  readonly header: TensorrtGridHeader;
  readonly records: readonly Uint8Array[];
}

export function encodeGridFile(file: TensorrtGridFile): Uint8Array {
  const header = Buffer.from(JSON.stringify(file.header), 'utf8');
  const prefix = Buffer.alloc(GRID_PREFIX_BYTES);
  prefix.write(MAGIC, 0, 'latin1');
  prefix.writeUInt32LE(TENSORRT_GRID_VERSION, 8);
  prefix.writeUInt32LE(header.length, 12);
  const parts: Uint8Array[] = [prefix, header];
  for (const record of file.records) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(record.length);
    parts.push(length, record);
  }
  return Buffer.concat(parts);
}

/** @throws WorkbenchError calibration-mismatch, with `path`, if the bytes are not a complete file of grids. */
export function decodeGridFile(bytes: Uint8Array, path: string): TensorrtGridFile {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = GRID_PREFIX_BYTES + headerLength(buffer, path);
  if (offset > buffer.length) throw broken(path, 'is truncated in its header');
  const header = parseGridHeader(buffer.subarray(GRID_PREFIX_BYTES, offset), path);
  const records = header.tensors.map(() => {
    const start = offset + 4;
    const end = start <= buffer.length ? start + buffer.readUInt32LE(offset) : Number.POSITIVE_INFINITY;
    if (end > buffer.length) throw broken(path, 'is truncated in its grids');
    offset = end;
    return buffer.subarray(start, end);
  });
  if (offset !== buffer.length) throw broken(path, 'goes on behind its grids');
  return { header, records };
}

/** Length of the header that follows the first GRID_PREFIX_BYTES. @throws WorkbenchError calibration-mismatch */
export function headerLength(prefix: Uint8Array, path: string): number {
  const buffer = Buffer.from(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  if (buffer.length < GRID_PREFIX_BYTES || buffer.toString('latin1', 0, 8) !== MAGIC)
    throw broken(path, 'does not begin like one');
  const version = buffer.readUInt32LE(8);
  if (version !== TENSORRT_GRID_VERSION)
    throw broken(path, `has format version ${version}; this version reads ${TENSORRT_GRID_VERSION}`);
  const length = buffer.readUInt32LE(12);
  if (length > MAX_HEADER_BYTES) throw broken(path, 'has a broken header');
  return length;
}

/** @throws WorkbenchError calibration-mismatch */
export function parseGridHeader(bytes: Uint8Array, path: string): TensorrtGridHeader {
  try {
    return parse(headerSchema, JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof SchemaError)
      throw broken(path, `has a broken header: ${error.message}`);
    throw error;
  }
}

function broken(path: string, what: string): WorkbenchError {
  return new WorkbenchError('calibration-mismatch', `Expected a file of TensorRT's grids, but ${path} ${what}`, {
    hint: advise('collect-grid-again'),
  });
}
