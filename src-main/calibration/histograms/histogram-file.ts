import { open, type FileHandle } from 'node:fs/promises';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { ownValue, setOwnValue } from '../../../src-shared/base/records';
import {
  list,
  nullable,
  number,
  object,
  optional,
  parse,
  SchemaError,
  string,
  strings,
  type InferOutput,
} from '../../../src-shared/base/schema';
import { shardSchema } from '../../../src-shared/contract/job-specs';
import { skippedImageSchema } from '../../../src-shared/domain/project/image-set';
import { channelMaximaBytes, decodeChannelMaxima, encodeChannelMaxima, type ChannelMaxima } from './channel-maxima';
import { decodeGridFile, encodeGridFile, type TensorrtGridFile } from '../tensorrt/tensorrt-grid-file';

/**
 * The file of collected histograms (finished, a shard, or the checkpoint of an unfinished pass):
 * ```
 * 8 bytes  "CALIBHST"     u32 LE  format version     u32 LE  length of the header
 * header   JSON (HistogramFileHeader), UTF-8
 * records  for each group, for each tensor: u32 LE length, encoded histogram (see domain/histogram-codec)
 * amax     float32 LE [images][tensors]: largest finite |x| of each image in each tensor, NaN if it has none
 * channels the channel maxima, in shards and checkpoints: a file of channel maxima (channel-maxima)
 * grids    only if collected, in shards and checkpoints: a file of TensorRT's grids (tensorrt-grid-file)
 * ```
 */
export const HISTOGRAM_FILE_VERSION = 1;
const MAGIC = 'CALIBHST';
const PREFIX_BYTES = 16;
const MAX_HEADER_BYTES = 512 * 1024 * 1024;
/** The file is scanned in blocks of this size. */
const SCAN_BYTES = 1024 * 1024;

const headerSchema = object({
  /** Identity of model, set, preprocessing and collector. */
  key: string,
  tensors: strings,
  /** Group names; one empty name if the set has no groups. */
  groups: strings,
  /** Ids of the counted images, see imageId. */
  images: strings,
  skipped: list(skippedImageSchema),
  /** Images that produced NaN or infinity, with the tensors that contain it. */
  nonFinite: list(object({ file: string, tensors: strings })),
  shard: nullable(shardSchema),
  /**
   * Seconds that the collection has taken so far, including interrupted passes. Only in the checkpoint of an unfinished
   * pass, so that other files are a function of the images alone.
   */
  seconds: optional(number),
});
export type HistogramFileHeader = InferOutput<typeof headerSchema>;
export type NonFiniteImage = HistogramFileHeader['nonFinite'][number];

export interface HistogramFile {
  readonly header: HistogramFileHeader;
  /** Group -> encoded histogram per tensor. */
  readonly records: Readonly<Record<string, readonly Uint8Array[]>>;
  /** [images][tensors] */
  readonly amax: Float32Array;
  /** null if they are stored in a separate file (for a finished calibration). */
  readonly channels: ChannelMaxima | null;
  /** null if the grids were not collected, or if they are stored in a separate file (for a finished calibration). */
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
  if (file.channels) parts.push(encodeChannelMaxima(file.channels));
  if (file.grid) parts.push(encodeGridFile(file.grid));
  return Buffer.concat(parts);
}

function brokenFile(path: string, what: string): WorkbenchError {
  return new WorkbenchError('calibration-mismatch', `Expected a file of collected histograms, but ${path} ${what}`, {
    hint: advise('calibrate-fresh'),
  });
}

/** Length of the header in bytes. @throws WorkbenchError calibration-mismatch */
function headerBytesOf(prefix: Buffer, path: string): number {
  if (prefix.length < PREFIX_BYTES || prefix.toString('latin1', 0, 8) !== MAGIC)
    throw brokenFile(path, 'does not begin like one');
  const version = prefix.readUInt32LE(8);
  if (version !== HISTOGRAM_FILE_VERSION)
    throw brokenFile(path, `has format version ${version}; this version reads ${HISTOGRAM_FILE_VERSION}`);
  const headerBytes = prefix.readUInt32LE(12);
  if (headerBytes > MAX_HEADER_BYTES) throw brokenFile(path, 'is truncated in its header');
  return headerBytes;
}

/** Decodes a whole file. @throws WorkbenchError calibration-mismatch that names `path` if the bytes are not complete */
export function decodeHistogramFile(bytes: Uint8Array, path: string): HistogramFile {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = headerBytesOf(buffer, path);
  if (PREFIX_BYTES + headerBytes > buffer.length) throw brokenFile(path, 'is truncated in its header');
  const header = parseHeader(buffer.toString('utf8', PREFIX_BYTES, PREFIX_BYTES + headerBytes), path);
  let offset = PREFIX_BYTES + headerBytes;
  const records: Record<string, Uint8Array[]> = {};
  for (const group of header.groups) {
    const list: Uint8Array[] = [];
    for (let i = 0; i < header.tensors.length; i++) {
      if (offset + 4 > buffer.length) throw brokenFile(path, 'is truncated in its histograms');
      const length = buffer.readUInt32LE(offset);
      if (offset + 4 + length > buffer.length) throw brokenFile(path, 'is truncated in its histograms');
      list.push(buffer.subarray(offset + 4, offset + 4 + length));
      offset += 4 + length;
    }
    setOwnValue(records, group, list);
  }
  const amaxCount = header.images.length * header.tensors.length;
  const end = offset + 4 * amaxCount;
  if (buffer.length < end) throw brokenFile(path, 'is truncated in its image maxima');
  const amax = decodeFloats(buffer.subarray(offset, end));
  const channelsEnd = end + channelMaximaBytes(buffer.subarray(end), path);
  const channels = channelsEnd > end ? decodeChannelMaxima(buffer.subarray(end, channelsEnd), path) : null;
  const grid = buffer.length > channelsEnd ? decodeGridFile(buffer.subarray(channelsEnd), path) : null;
  return { header, records, amax, channels, grid };
}

function decodeFloats(bytes: Buffer): Float32Array {
  const values = new Float32Array(bytes.length / 4);
  for (let i = 0; i < values.length; i++) values[i] = bytes.readFloatLE(4 * i);
  return values;
}

/** The part of a histogram file that belongs to one tensor. */
export interface TensorRecords {
  /** The encoded histogram of every group, in the order of the header's groups. */
  readonly records: readonly Uint8Array[];
  /** Largest finite |x| of every image, in the order of the header's images. */
  readonly imageAmax: Float32Array;
}

/**
 * Reads single tensors of a histogram file without keeping the file in memory. One pass over the file builds a table of
 * the offsets of all records. After that, reading a tensor takes one positioned read per group.
 */
export class HistogramReader {
  private constructor(
    private readonly path: string,
    readonly header: HistogramFileHeader,
    /** Offset of the bytes of each record, [groups][tensors], followed by the offset of the image maxima. */
    private readonly offsets: Float64Array,
    private readonly sizeBytes: number,
  ) {}

  /** @throws WorkbenchError calibration-mismatch if the file is not complete */
  static async open(path: string): Promise<HistogramReader> {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const headerBytes = headerBytesOf(await readPart(file, 0, Math.min(size, PREFIX_BYTES), path), path);
      const start = PREFIX_BYTES + headerBytes;
      if (start > size) throw brokenFile(path, 'is truncated in its header');
      const header = parseHeader((await readPart(file, PREFIX_BYTES, headerBytes, path)).toString('utf8'), path);
      const offsets = await findRecords(
        file,
        { start, size, count: header.groups.length * header.tensors.length },
        path,
      );
      const end = (offsets.at(-1) ?? start) + 4 * header.images.length * header.tensors.length;
      if (end > size) throw brokenFile(path, 'is truncated in its image maxima');
      return new HistogramReader(path, header, offsets, size);
    } finally {
      await file.close();
    }
  }

  /** The records of the tensor at index `tensor` of the header. @throws WorkbenchError calibration-mismatch */
  async read(tensor: number): Promise<TensorRecords> {
    const { groups, tensors, images } = this.header;
    const file = await open(this.path, 'r');
    try {
      if ((await file.stat()).size !== this.sizeBytes) throw brokenFile(this.path, 'changed while it was open');
      const records: Uint8Array[] = [];
      for (let group = 0; group < groups.length; group++) {
        const at = group * tensors.length + tensor;
        const offset = this.offsets[at] ?? 0;
        // Each record is preceded by the four bytes of its length; nothing follows the last record.
        const isLast = at === groups.length * tensors.length - 1;
        const length = (this.offsets[at + 1] ?? 0) - (isLast ? 0 : 4) - offset;
        records.push(await readPart(file, offset, length, this.path));
      }
      return { records, imageAmax: await this.readMaxima(file, tensor, images.length) };
    } finally {
      await file.close();
    }
  }

  /** Reads the rows of the maxima in blocks and keeps one value per row. */
  private async readMaxima(file: FileHandle, tensor: number, images: number): Promise<Float32Array> {
    const rowBytes = 4 * this.header.tensors.length;
    const start = this.offsets.at(-1) ?? 0;
    const values = new Float32Array(images);
    const rowsAtOnce = Math.max(1, Math.floor(SCAN_BYTES / rowBytes));
    for (let row = 0; row < images; row += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, images - row);
      const block = await readPart(file, start + row * rowBytes, rows * rowBytes, this.path);
      for (let i = 0; i < rows; i++) values[row + i] = block.readFloatLE(i * rowBytes + 4 * tensor);
    }
    return values;
  }
}

interface RecordArea {
  readonly start: number;
  readonly size: number;
  readonly count: number;
}

/** Offsets of `count` consecutive records that begin at `start`, and the offset after the last one. */
async function findRecords(file: FileHandle, { start, size, count }: RecordArea, path: string): Promise<Float64Array> {
  const offsets = new Float64Array(count + 1);
  let block: Buffer = Buffer.alloc(0);
  let blockStart = start;
  let offset = start;
  for (let record = 0; record < count; record++) {
    if (offset + 4 > size) throw brokenFile(path, 'is truncated in its histograms');
    if (offset < blockStart || offset + 4 > blockStart + block.length) {
      block = await readPart(file, offset, Math.min(SCAN_BYTES, size - offset), path);
      blockStart = offset;
    }
    const length = block.readUInt32LE(offset - blockStart);
    offsets[record] = offset + 4;
    offset += 4 + length;
    if (offset > size) throw brokenFile(path, 'is truncated in its histograms');
  }
  offsets[count] = offset;
  return offsets;
}

async function readPart(file: FileHandle, offset: number, length: number, path: string): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) throw brokenFile(path, 'is truncated');
    done += bytesRead;
  }
  return bytes;
}

function parseHeader(text: string, path: string): HistogramFileHeader {
  try {
    return parse(headerSchema, JSON.parse(text));
  } catch (error) {
    if (error instanceof SchemaError) throw brokenFile(path, `has an incomplete header: ${error.message}`);
    throw brokenFile(path, 'has a broken header');
  }
}
