import sharp from 'sharp';
import type { Picture, PreprocessingPreview } from '../../../src-shared/contract/views';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { ImageInput, Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { decodeImage } from '../images/image-decoder';
import type { Pixels } from '../images/pixels';
import { createPreprocessor } from './preprocess';
import { readAs } from './preprocessing-check';

const MAX_ORIGINAL_SIDE = 1024;
const SHOWN_VALUES = 8;

/**
 * An image of a set as a PNG with at most `size` pixels per side. An .npy tensor is shown in the form that
 * preprocessing gets.
 */
export async function thumbnail(
  entry: ImageEntry,
  size: number,
  preprocessing: Preprocessing,
  input: ImageInput,
): Promise<Picture> {
  const pixels = isArray(entry)
    ? tensorPixels(
        (await createPreprocessor(preprocessing, input).load(entry)).values,
        readAs(input, preprocessing.layout),
      )
    : await decodeImage(entry.path, entry.file, preprocessing.orientation);
  return asPicture(pixels, size);
}

/** The image on disk, and the tensor that the network gets from it. */
export async function preview(
  entry: ImageEntry,
  preprocessing: Preprocessing,
  input: ImageInput,
): Promise<PreprocessingPreview> {
  const target = readAs(input, preprocessing.layout);
  const { values } = await createPreprocessor(preprocessing, input).load(entry);
  const tensor = tensorPixels(values, target, preprocessing.order);
  const original = isArray(entry) ? tensor : await decodeImage(entry.path, entry.file, preprocessing.orientation);
  const channels = Array.from({ length: target.channels }, (_, channel) => channelValues(values, target, channel));
  return {
    original: await asPicture(original, MAX_ORIGINAL_SIDE),
    originalWidth: original.width,
    originalHeight: original.height,
    tensor: await asPicture(tensor, Math.max(tensor.width, tensor.height)),
    channels: channels.map(statistics),
    values: channels.map((channel) => [...channel.subarray(0, SHOWN_VALUES)]),
  };
}

function isArray(entry: ImageEntry): boolean {
  return /\.np[yz]$/i.test(entry.path);
}

async function asPicture(pixels: Pixels, maxSide: number): Promise<Picture> {
  const { width, height, channels } = pixels;
  const { data, info } = await sharp(pixels.data, { raw: { width, height, channels } })
    .resize({ width: maxSide, height: maxSide, fit: 'inside', withoutEnlargement: true })
    .png()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, bytes: new Uint8Array(data) };
}

function channelValues(values: Float32Array, input: ImageInput, channel: number): Float32Array {
  const plane = input.width * input.height;
  if (input.layout === 'nchw') return values.subarray(channel * plane, (channel + 1) * plane);
  return Float32Array.from({ length: plane }, (_, i) => values[i * input.channels + channel] ?? 0);
}

function statistics(values: Float32Array): { min: number; max: number; mean: number } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  return { min, max, mean: sum / values.length };
}

/**
 * Converts the tensor to pixels: [min, max] over all channels becomes 0..255. Three channels are shown in colour (in
 * the order of the model); otherwise the first channel is shown in gray.
 */
function tensorPixels(values: Float32Array, input: ImageInput, order: Preprocessing['order'] = 'rgb'): Pixels {
  const { min, max } = statistics(values);
  const scale = max > min ? 255 / (max - min) : 0;
  const shown = input.channels === 3 ? 3 : 1;
  const channels = Array.from({ length: shown }, (_, channel) =>
    channelValues(values, input, order === 'bgr' ? shown - 1 - channel : channel),
  );
  const plane = input.width * input.height;
  const data = new Uint8Array(plane * shown);
  for (let i = 0; i < plane; i++) {
    for (let channel = 0; channel < shown; channel++)
      data[i * shown + channel] = Math.round(((channels[channel]?.[i] ?? 0) - min) * scale);
  }
  return { width: input.width, height: input.height, channels: shown, data };
}
