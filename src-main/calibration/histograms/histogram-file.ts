import { WorkbenchError } from '../../../src-shared/base/errors';
import { ownValue, setOwnValue } from '../../../src-shared/base/records';
import type { Shard } from '../../../src-shared/contract/job-specs';
import type { SkippedImage } from '../../../src-shared/domain/project/image-set';
import { decodeGridFile, encodeGridFile, type TensorrtGridFile } from '../tensorrt/tensorrt-grid-file';

/**
 * The file of collected histograms (finished, a shard, or the checkpoint of an unfinished pass):
 * ```
 * 8 bytes  "CALIBHST"     u32 LE  format version     u32 LE  length of the header
 * header   JSON (HistogramFileHeader), UTF-8
 * records  for each group, for each tensor: u32 LE length, encoded histogram (see domain/histogram-codec)
 * amax     float32 LE [images][tensors]: largest finite |x| of each image in each tensor, NaN where it has none
 * grids    a file of TensorRT's grids (tensorrt-grid-file) over the same images, in shards and checkpoints that collect them
 * ```
 */
export const HISTOGRAM_FILE_VERSION = 1;
const MAGIC = 'CALIBHST';
const PREFIX_BYTES = 16;
const MAX_HEADER_BYTES = 512 * 1024 * 1024;

export interface HistogramFileHeader {
  /** Identity of model, set, preprocessing and collector. */
  readonly key: string;
  readonly tensors: readonly string[];
  /** Group names; one empty name when the set has no groups. */
  readonly groups: readonly string[];
  /** Ids of the images that are counted, see imageId. */
  readonly images: readonly string[];
  readonly skipped: readonly SkippedImage[];
  /** Images that made NaN or infinity, with the tensors in which they did. */
  readonly nonFinite: readonly NonFiniteImage[];
  readonly shard: Shard | null;
  /** Seconds of collecting so far, over all sittings. */
  readonly seconds: number;
}

export interface NonFiniteImage {
  readonly file: string;
  readonly tensors: readonly string[];
}

export interface HistogramFile {
  readonly header: HistogramFileHeader;
  /** Group -> encoded histogram per tensor. */
  readonly records: Readonly<Record<string, readonly Uint8Array[]>>;
  /** [images][tensors] */
  readonly amax: Float32Array;
  /** null: not collected, or (in a finished file) kept in a file of its own. */
  readonly grid: TensorrtGridFile | null;
}

export function encodeHistogramFile(file: HistogramFile): Uint8Array {
  const header = Buffer.from(JSON.stringify(file.header), 'utf8');
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.write(MAGIC, 0, 'latin1');
  prefix.writeUInt32LE(HISTOGRAM_FILE_VERSION, 8);
  prefix.writeUInt32LE(header.length, 12);
  const parts: Uint8Array[] = [prefix, header];
  for (const group of file.header.groups) {
    for (const record of ownValue(file.records, group) ?? []) {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(record.length);
      parts.push(length, record);
    }
  }
  parts.push(new Uint8Array(file.amax.buffer, file.amax.byteOffset, file.amax.byteLength));
  if (file.grid) parts.push(encodeGridFile(file.grid));
  return Buffer.concat(parts);
}

/** @throws WorkbenchError calibration-mismatch naming `path` when the bytes are not a complete histogram file. */
export function decodeHistogramFile(bytes: Uint8Array, path: string): HistogramFile {
  const broken = (what: string): WorkbenchError =>
    new WorkbenchError('calibration-mismatch', `Expected a histogram file of calib calibrate, but ${path} ${what}`, {
      hint: 'Make a new one: calib calibrate PROJECT --fresh',
    });
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < PREFIX_BYTES || buffer.toString('latin1', 0, 8) !== MAGIC)
    throw broken('does not begin like one');
  const version = buffer.readUInt32LE(8);
  if (version !== HISTOGRAM_FILE_VERSION)
    throw broken(`has format version ${version}; this version reads ${HISTOGRAM_FILE_VERSION}`);
  const headerBytes = buffer.readUInt32LE(12);
  if (headerBytes > MAX_HEADER_BYTES || PREFIX_BYTES + headerBytes > buffer.length)
    throw broken('is truncated in its header');
  const header = parseHeader(buffer.toString('utf8', PREFIX_BYTES, PREFIX_BYTES + headerBytes), broken);
  let offset = PREFIX_BYTES + headerBytes;
  const records: Record<string, Uint8Array[]> = {};
  for (const group of header.groups) {
    const list: Uint8Array[] = [];
    for (let i = 0; i < header.tensors.length; i++) {
      if (offset + 4 > buffer.length) throw broken('is truncated in its histograms');
      const length = buffer.readUInt32LE(offset);
      if (offset + 4 + length > buffer.length) throw broken('is truncated in its histograms');
      list.push(buffer.subarray(offset + 4, offset + 4 + length));
      offset += 4 + length;
    }
    setOwnValue(records, group, list);
  }
  const amaxCount = header.images.length * header.tensors.length;
  const end = offset + 4 * amaxCount;
  if (buffer.length < end) throw broken('is truncated in its image maxima');
  const amax = new Float32Array(amaxCount);
  for (let i = 0; i < amaxCount; i++) amax[i] = buffer.readFloatLE(offset + 4 * i);
  const grid = buffer.length > end ? decodeGridFile(buffer.subarray(end), path) : null;
  return { header, records, amax, grid };
}

function parseHeader(text: string, broken: (what: string) => WorkbenchError): HistogramFileHeader {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw broken('has a broken header');
  }
  if (!isHeader(value)) throw broken('has an incomplete header');
  return value;
}

function isHeader(value: unknown): value is HistogramFileHeader {
  if (typeof value !== 'object' || value === null) return false;
  const header = value as Record<string, unknown>;
  const isStrings = (list: unknown): boolean => Array.isArray(list) && list.every((item) => typeof item === 'string');
  return (
    typeof header['key'] === 'string' &&
    isStrings(header['tensors']) &&
    isStrings(header['groups']) &&
    isStrings(header['images']) &&
    Array.isArray(header['skipped']) &&
    Array.isArray(header['nonFinite']) &&
    typeof header['seconds'] === 'number' &&
    (header['shard'] === null || typeof header['shard'] === 'object')
  );
}
