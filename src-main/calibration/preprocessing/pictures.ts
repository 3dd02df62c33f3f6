import type { Picture, PreprocessingPreview } from '../../../src-shared/contract/views';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { ImageInput, Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { imageFeed, type Feeding } from '../../../src-shared/domain/project/feeding';
import type { ImageSize } from '../../../src-shared/domain/project/image-set';
import { decodeImage, imageError } from '../images/image-decoder';
import type { Pixels } from '../images/pixels';
import { sharpLibrary } from '../images/sharp-library';
import { createFeedLoader } from '../inputs/feed-loader';
import { readAs } from './preprocessing-check';

const MAX_ORIGINAL_SIDE = 1024;
const SHOWN_VALUES = 8;

/**
 * An image of a set as a PNG with at most `size` pixels per side. An array is shown in the form that the model gets.
 */
export async function thumbnail(entry: ImageEntry, size: number, feeding: Feeding): Promise<Picture> {
  const fed = imageFeed(feeding);
  const pixels =
    isArray(entry) || fed === null
      ? tensorPixels(await tensorOf(entry, feeding))
      : await decodeImage(entry.path, entry.file, fed.preprocessing.orientation);
  return asPicture(pixels, size);
}

/** The image on disk, and the tensor that the network gets from it. */
export async function preview(entry: ImageEntry, feeding: Feeding): Promise<PreprocessingPreview> {
  const shown = await tensorOf(entry, feeding);
  const { values, target, preprocessing } = shown;
  const tensor = tensorPixels(shown);
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

type SizedInput = ImageInput & ImageSize;

/** The values of the first input that takes an image. */
interface ShownTensor {
  readonly values: Float32Array;
  readonly target: SizedInput;
  readonly preprocessing: Preprocessing;
}

/** @throws WorkbenchError image-invalid if no input of the model takes an image. */
async function tensorOf(entry: ImageEntry, feeding: Feeding): Promise<ShownTensor> {
  const fed = imageFeed(feeding);
  const { feeds, geometry } = await createFeedLoader(feeding).load(entry);
  const feed = feeds.find(({ name }) => name === fed?.image.name);
  if (fed === null || feed === undefined || geometry === null)
    throw imageError(entry.file, 'no input of the model takes an image, so that there is no picture');
  const { inputWidth: width, inputHeight: height } = geometry;
  const target = { ...readAs(fed.image, fed.preprocessing.layout), width, height };
  return { values: Float32Array.from(feed.data, Number), target, preprocessing: fed.preprocessing };
}

function isArray(entry: ImageEntry): boolean {
  return /\.np[yz]$/i.test(entry.path);
}

async function asPicture(pixels: Pixels, maxSide: number): Promise<Picture> {
  const { width, height, channels } = pixels;
  const { data, info } = await sharpLibrary()(pixels.data, { raw: { width, height, channels } })
    .resize({ width: maxSide, height: maxSide, fit: 'inside', withoutEnlargement: true })
    .png()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, bytes: new Uint8Array(data) };
}

function channelValues(values: Float32Array, input: SizedInput, channel: number): Float32Array {
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
function tensorPixels({ values, target: input, preprocessing: { order } }: ShownTensor): Pixels {
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
