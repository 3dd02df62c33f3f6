import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import {
  count,
  integer,
  list,
  object,
  parse,
  SchemaError,
  string,
  type InferOutput,
} from '../../../src-shared/base/schema';
import { errnoOf } from '../../base/file-errors';
import type { ChannelTensor } from '../../onnx/passes/channel-path';

/**
 * The file of channel maxima, beside histograms.bin, or near the end of a shard or checkpoint:
 * ```
 * 8 bytes  "CALIBCHM"     u32 LE  format version     u32 LE  length of the header
 * header   JSON, UTF-8: the key of the calibration, and the name, axis and number of channels of each tensor
 * maxima   float32 LE, all channels of all tensors: the largest finite |x| over all images
 * ```
 */
export const CHANNEL_MAXIMA_FILE = 'channel-maxima.bin';
const CHANNEL_MAXIMA_VERSION = 1;
const MAGIC = 'CALIBCHM';
const PREFIX_BYTES = 16;

const headerSchema = object({
  /** Identity of the calibration during which they were collected. */
  key: string,
  /** A tensor that is not float32 has no channels. */
  tensors: list(object({ tensor: string, axis: integer, channels: count })),
});

export interface ChannelMaxima {
  /** Identity of the calibration. */
  readonly key: string;
  readonly tensors: readonly (ChannelTensor & {
    /** Largest finite |x| of each channel, float32; empty if the tensor is not float32. */
    readonly maxima: Float32Array;
  })[];
}

/** Raises the maxima of a tensor in `all` to those of `more`, which may have more channels. */
export function raiseMaxima(all: Map<string, Float32Array>, tensor: string, more: Float32Array): void {
  const known = all.get(tensor) ?? new Float32Array();
  const [longer, shorter] = known.length >= more.length ? [known, more] : [more, known];
  all.set(
    tensor,
    longer.map((value, channel) => Math.max(value, shorter[channel] ?? 0)),
  );
}

/** Why collected maxima are not those of `tensors`, as the rest of a sentence; null if they are. */
export function mismatchOf(found: ChannelMaxima | null, tensors: readonly ChannelTensor[]): string | null {
  const asText = (each: readonly ChannelTensor[]): string =>
    JSON.stringify(each.map(({ tensor, axis }) => [tensor, axis]));
  return asText(found?.tensors ?? []) === asText(tensors)
    ? null
    : 'holds the maxima of the channels of other tensors: it was collected by another version';
}

export function encodeChannelMaxima({ key, tensors }: ChannelMaxima): Uint8Array {
  const stated = tensors.map(({ tensor, axis, maxima }) => ({ tensor, axis, channels: maxima.length }));
  const header = Buffer.from(JSON.stringify({ key, tensors: stated }), 'utf8');
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.write(MAGIC, 0, 'latin1');
  prefix.writeUInt32LE(CHANNEL_MAXIMA_VERSION, 8);
  prefix.writeUInt32LE(header.length, 12);
  const values = tensors.map(({ maxima }) => {
    const bytes = Buffer.alloc(4 * maxima.length);
    for (const [i, value] of maxima.entries()) bytes.writeFloatLE(value, 4 * i);
    return bytes;
  });
  return Buffer.concat([prefix, header, ...values]);
}

/**
 * Bytes of the channel maxima at the beginning of `bytes`; 0 if something else stands there.
 * @throws WorkbenchError calibration-mismatch, with `path`, if they are not complete
 */
export function channelMaximaBytes(bytes: Buffer, path: string): number {
  if (bytes.length < PREFIX_BYTES || bytes.toString('latin1', 0, 8) !== MAGIC) return 0;
  const { header, start } = readHeader(bytes, path);
  const end = start + 4 * header.tensors.reduce((sum, { channels }) => sum + channels, 0);
  if (end > bytes.length) throw broken(path, 'is truncated');
  return end;
}

/** @throws WorkbenchError calibration-mismatch, with `path`, if the bytes are not exactly a file of channel maxima */
export function decodeChannelMaxima(bytes: Buffer, path: string): ChannelMaxima {
  const size = channelMaximaBytes(bytes, path);
  if (size === 0) throw broken(path, 'does not begin like one');
  if (size !== bytes.length) throw broken(path, 'goes on after its end');
  const { header, start } = readHeader(bytes, path);
  let offset = start;
  const tensors = header.tensors.map(({ tensor, axis, channels }) => {
    const maxima = new Float32Array(channels);
    for (let i = 0; i < channels; i++, offset += 4) maxima[i] = bytes.readFloatLE(offset);
    if (!maxima.every((value) => value >= 0 && Number.isFinite(value)))
      throw broken(path, `has a maximum of "${tensor}" that is no magnitude`);
    return { tensor, axis, maxima };
  });
  return { key: header.key, tensors };
}

/**
 * The largest finite |x| of each channel over all images of a finished calibration, by tensor. Empty if the calibration
 * was made before channel maxima were collected, or if no tensor of the model needs them.
 * @throws WorkbenchError calibration-mismatch if the file is damaged
 */
export function readChannelMaxima(calibrationDir: string): ReadonlyMap<string, Float32Array> {
  const path = join(calibrationDir, CHANNEL_MAXIMA_FILE);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return new Map();
    throw error;
  }
  const { tensors } = decodeChannelMaxima(bytes, path);
  return new Map(tensors.filter(({ maxima }) => maxima.length > 0).map(({ tensor, maxima }) => [tensor, maxima]));
}

function readHeader(bytes: Buffer, path: string): { header: InferOutput<typeof headerSchema>; start: number } {
  const version = bytes.readUInt32LE(8);
  if (version !== CHANNEL_MAXIMA_VERSION)
    throw broken(path, `has format version ${version}; this version reads ${CHANNEL_MAXIMA_VERSION}`);
  const start = PREFIX_BYTES + bytes.readUInt32LE(12);
  if (start > bytes.length) throw broken(path, 'is truncated in its header');
  try {
    return { header: parse(headerSchema, JSON.parse(bytes.toString('utf8', PREFIX_BYTES, start))), start };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof SchemaError)
      throw broken(path, `has a broken header: ${error.message}`);
    throw error;
  }
}
function broken(path: string, what: string): WorkbenchError {
  return new WorkbenchError('calibration-mismatch', `Expected a file of channel maxima, but ${path} ${what}`, {
    hint: advise('calibrate-fresh'),
  });
}
