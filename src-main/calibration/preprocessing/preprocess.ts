import type { ImageSize } from '../../../src-shared/domain/project/image-set';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { ImageInput, Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { loadAddon } from '../../backends/addon';
import { decodeImageFile, imageError, readImageFile } from '../images/image-decoder';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import { withoutAlpha, type Pixels } from '../images/pixels';
import type { NpyRecord } from '../images/npy';
import { NpyReader } from '../images/npy-file';
import { fitImage, fittingOf, fittingText, type FittedImage } from './fit-image';
import { imageCache } from './image-cache';
import { imageCacheKey } from './image-cache-file';
import { channelsOf, checkPreprocessing, readAs } from './preprocessing-check';

const BYTE_VALUES = 256;

/** An image as an input of the model gets it. */
export interface PreprocessedImage {
  /** channels * height * width floats in the layout of the model's input, without a batch axis. */
  readonly values: Float32Array;
  /** Shape of the values. */
  readonly dims: readonly number[];
  /** The place of the image in this input. For arrays of floats, which are not resized, the input is the image. */
  readonly geometry: ImageGeometry;
}

/** Converts the images of a set to the input of the model. Each worker thread has its own; loads may overlap. */
export interface Preprocessor {
  /** Throws WorkbenchError `image-invalid` with the file name if this image cannot be used. */
  load(entry: ImageEntry): Promise<PreprocessedImage>;
  /** The same for an array that was read already; `name` is its file in messages. */
  loadArray(record: NpyRecord, name: string): PreprocessedImage;
}

/**
 * Image files are decoded (see decodeImage) and fitted (see fitImage), unless the image cache holds the result.
 * Then x = (pixel * scale - mean) / std is computed in double precision and rounded once to float32. The result differs
 * from numpy's float32 `(x / 255 - mean) / std` by at most one float32 rounding step per operation.
 *
 * .npy and .npz arrays of type uint8 are pixels (HxW, HxWxC or CxHxW with 1, 3 (RGB) or 4 channels) and are treated
 * like an image file. Arrays of floats are treated as already preprocessed; their shape must be that of the model,
 * CxHxW or HxWxC.
 *
 * Throws `preprocessing-invalid` if the result cannot be the input of the model.
 */
export function createPreprocessor(preprocessing: Preprocessing, input: ImageInput): Preprocessor {
  checkPreprocessing(preprocessing, input);
  const target = readAs(input, preprocessing.layout);
  const recipe = recipeOf(preprocessing, target);
  const fitting = fittingOf(preprocessing);
  const arrays = new NpyReader();
  const fittedFile = async (path: string, name: string): Promise<FittedImage> => {
    const file = await readImageFile(path, name);
    const cache = imageCache();
    const decode = async (): Promise<FittedImage> =>
      fitImage(await decodeImageFile(file, name, preprocessing.orientation), fitting, name);
    if (cache === null) return decode();
    const key = imageCacheKey(fittingText(preprocessing, cache.versions), file);
    const known = cache.get(key);
    if (known !== null) return known;
    const fitted = await decode();
    await cache.put(key, fitted);
    return fitted;
  };
  const loadArray = (record: NpyRecord, name: string): PreprocessedImage => {
    if (record.values.kind === 'pixels')
      return normalise(fitImage(pixelsOfArray(record, name), fitting, name), recipe, name);
    const { values, size } = tensorValues(record.shape, record.values.data, target, name);
    return { values, dims: dimsOf(size), geometry: wholeInput(size) };
  };
  return {
    loadArray,
    load: async (entry) => {
      const name = entry.record === null ? entry.file : `${entry.file}#${entry.record}`;
      if (/\.np[yz]$/i.test(entry.path)) return loadArray(await arrays.read(entry.path, name, entry.record), name);
      return normalise(await fittedFile(entry.path, name), recipe, name);
    },
  };
}

/** How pixels become the values of an input. */
interface Recipe {
  readonly target: ImageInput;
  /** For each channel of the target, the channel of a colour image. */
  readonly sources: Uint8Array;
  /** The float value of every byte: 256 values per channel of the target. */
  readonly tables: Float32Array;
  readonly channels: 1 | 3;
}

function recipeOf({ order, scale, mean, std }: Preprocessing, target: ImageInput): Recipe {
  const channels = channelsOf(order);
  const tables = new Float32Array(BYTE_VALUES * channels);
  for (let c = 0; c < channels; c += 1) {
    const channelMean = (mean.length === 1 ? mean[0] : mean[c]) ?? 0;
    const channelStd = (std.length === 1 ? std[0] : std[c]) ?? 1;
    for (let byte = 0; byte < BYTE_VALUES; byte += 1)
      tables[c * BYTE_VALUES + byte] = (byte * scale - channelMean) / channelStd;
  }
  return {
    target,
    sources: Uint8Array.from(order === 'bgr' ? [2, 1, 0] : [0, 1, 2].slice(0, channels)),
    tables,
    channels,
  };
}

/** @throws WorkbenchError image-invalid if the model takes no image of this size */
function normalise({ pixels, geometry }: FittedImage, recipe: Recipe, name: string): PreprocessedImage {
  const { target, tables } = recipe;
  if (target.channels !== recipe.channels) {
    throw imageError(
      name,
      `"${target.name}" takes ${target.channels} channels, which no image has; ` +
        `give .npy tensors of shape ${shapeText(target)}`,
    );
  }
  const { width, height, channels, data } = pixels;
  const wanted = { width: target.width ?? width, height: target.height ?? height };
  if (width !== wanted.width || height !== wanted.height) {
    throw imageError(
      name,
      `expected ${wanted.width}x${wanted.height} for "${target.name}", found ${width}x${height}; ` +
        `resize to ${wanted.width}x${wanted.height}`,
    );
  }
  // A gray file fills all channels.
  const sources = channels === 1 ? new Uint8Array(recipe.channels) : recipe.sources;
  return {
    values: loadAddon().imageValues(data, channels, sources, tables, target.layout === 'nchw'),
    dims: dimsOf({ ...target, width, height }),
    geometry,
  };
}

/** An image input whose size is known. */
type SizedInput = ImageInput & ImageSize;

function dimsOf({ channels, height, width, layout }: SizedInput): number[] {
  return layout === 'nchw' ? [channels, height, width] : [height, width, channels];
}

function wholeInput({ width, height }: SizedInput): ImageGeometry {
  const size = { width, height, inputWidth: width, inputHeight: height };
  return { ...size, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 };
}

function pixelsOfArray(record: NpyRecord, name: string): Pixels {
  const data = record.values.kind === 'pixels' ? record.values.data : new Uint8Array();
  const [a = 0, b = 0, c = 1] = record.shape;
  const isColour = (count: number): boolean => count === 1 || count === 3 || count === 4;
  if (record.shape.length === 2 || isColour(c)) return interleaved({ height: a, width: b, channels: c, data });
  if (!isColour(a)) {
    throw imageError(
      name,
      `expected uint8 pixels of shape HxW, HxWxC or CxHxW with 1, 3 or 4 channels, found ${record.shape.join('x')}`,
    );
  }
  const plane = b * c;
  const mixed = new Uint8Array(data.length);
  for (let channel = 0; channel < a; channel += 1) {
    for (let i = 0; i < plane; i += 1) mixed[i * a + channel] = data[channel * plane + i] ?? 0;
  }
  return interleaved({ height: b, width: c, channels: a, data: mixed });
}

function interleaved(image: {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Uint8Array;
}): Pixels {
  const { height, width } = image;
  return {
    height,
    width,
    channels: image.channels === 1 ? 1 : 3,
    data: image.channels === 4 ? withoutAlpha(image.data, 4) : image.data,
  };
}

function shapeText(target: ImageInput): string {
  const { channels } = target;
  const [height, width] = [target.height ?? 'H', target.width ?? 'W'];
  return target.layout === 'nchw' ? `${channels}x${height}x${width}` : `${height}x${width}x${channels}`;
}

/** A preprocessed tensor in the layout of the model; it is transposed if necessary (CxHxW or HxWxC). */
function tensorValues(
  shape: readonly number[],
  data: Float32Array,
  target: ImageInput,
  name: string,
): { readonly values: Float32Array; readonly size: SizedInput } {
  const found = shape.length === 2 ? (target.layout === 'nchw' ? [1, ...shape] : [...shape, 1]) : shape;
  const chw = sizedBy(target, [found[0], found[1], found[2]]);
  const hwc = sizedBy(target, [found[2], found[0], found[1]]);
  const kept = target.layout === 'nchw' ? chw : hwc;
  if (kept !== null) return { values: data, size: kept };
  const size = chw ?? hwc;
  if (size === null)
    throw imageError(
      name,
      `expected a float tensor of shape ${shapeText(target)} for "${target.name}", found ${shape.join('x')}`,
    );
  const { channels } = target;
  const plane = size.height * size.width;
  const values = new Float32Array(data.length);
  for (let c = 0; c < channels; c += 1) {
    for (let i = 0; i < plane; i += 1) {
      if (chw) values[i * channels + c] = data[c * plane + i] ?? 0;
      else values[c * plane + i] = data[i * channels + c] ?? 0;
    }
  }
  return { values, size };
}

/** The input with the size of a tensor; null if it does not take a tensor of this size. */
function sizedBy(
  target: ImageInput,
  [channels, height = 0, width = 0]: readonly [number | undefined, number | undefined, number | undefined],
): SizedInput | null {
  const isTaken =
    channels === target.channels && (target.height ?? height) === height && (target.width ?? width) === width;
  return isTaken ? { ...target, height, width } : null;
}
