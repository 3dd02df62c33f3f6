import type { ImageSize } from '../../../src-shared/domain/project/image-set';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { ImageInput, Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { decodeImage, imageError } from '../images/image-decoder';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import { toGray, withoutAlpha, type Pixels } from '../images/pixels';
import type { NpyRecord } from '../images/npy';
import { NpyReader } from '../images/npy-file';
import { cropMargin, placeImage } from './image-placement';
import { channelsOf, checkPreprocessing, readAs } from './preprocessing-check';

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
 * Image files are decoded (see decodeImage), converted to gray if requested, resized (see resizePixels) and cropped.
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
  const tables = valueTables(preprocessing);
  const arrays = new NpyReader();
  const recipeFor = (name: string): Recipe => ({ preprocessing, target, tables, name });
  const loadArray = (record: NpyRecord, name: string): PreprocessedImage => {
    if (record.values.kind === 'pixels') return normalise(pixelsOfArray(record, name), recipeFor(name));
    const { values, size } = tensorValues(record.shape, record.values.data, target, name);
    return { values, dims: dimsOf(size), geometry: wholeInput(size) };
  };
  return {
    loadArray,
    load: async (entry) => {
      const name = entry.record === null ? entry.file : `${entry.file}#${entry.record}`;
      if (/\.np[yz]$/i.test(entry.path)) return loadArray(await arrays.read(entry.path, name, entry.record), name);
      return normalise(await decodeImage(entry.path, name, preprocessing.orientation), recipeFor(name));
    },
  };
}

interface Recipe {
  readonly preprocessing: Preprocessing;
  readonly target: ImageInput;
  readonly tables: readonly Float32Array[];
  readonly name: string;
}

/** The float value of every byte, one table per channel in the order of `order`. */
function valueTables({ order, scale, mean, std }: Preprocessing): readonly Float32Array[] {
  return Array.from({ length: channelsOf(order) }, (_, c) => {
    const channelMean = (mean.length === 1 ? mean[0] : mean[c]) ?? 0;
    const channelStd = (std.length === 1 ? std[0] : std[c]) ?? 1;
    return Float32Array.from({ length: 256 }, (_unused, pixel) => (pixel * scale - channelMean) / channelStd);
  });
}

function normalise(decoded: Pixels, recipe: Recipe): PreprocessedImage {
  const { preprocessing, target, name } = recipe;
  const channels = channelsOf(preprocessing.order);
  if (target.channels !== channels) {
    throw imageError(
      name,
      `"${target.name}" takes ${target.channels} channels, which no image has; ` +
        `give .npy tensors of shape ${shapeText(target)}`,
    );
  }
  const oriented = preprocessing.order === 'gray' ? toGray(decoded) : decoded;
  const placed = placeImage(oriented, preprocessing.resize);
  const sized = placed.pixels;
  const width = preprocessing.crop?.width ?? sized.width;
  const height = preprocessing.crop?.height ?? sized.height;
  if (width > sized.width || height > sized.height) {
    throw imageError(
      name,
      `the crop of ${width}x${height} is larger than the image of ${sized.width}x${sized.height}; ` +
        `resize the short side to ${Math.max(width, height)}`,
    );
  }
  const wanted = { width: target.width ?? width, height: target.height ?? height };
  if (width !== wanted.width || height !== wanted.height) {
    throw imageError(
      name,
      `expected ${wanted.width}x${wanted.height} for "${target.name}", found ${width}x${height}; ` +
        `resize to ${wanted.width}x${wanted.height}`,
    );
  }
  const sizedTarget = { ...target, width, height };
  const left = cropMargin(sized.width - width, preprocessing.cropRounding);
  const top = cropMargin(sized.height - height, preprocessing.cropRounding);
  return {
    values: toFloats(sized, { left, top }, { ...recipe, target: sizedTarget }),
    dims: dimsOf(sizedTarget),
    geometry: {
      width: decoded.width,
      height: decoded.height,
      inputWidth: width,
      inputHeight: height,
      scaleX: placed.scaleX,
      scaleY: placed.scaleY,
      offsetX: placed.left - left,
      offsetY: placed.top - top,
    },
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

/** Looks up every byte of the window and writes it in the requested layout. A gray file fills all three channels. */
function toFloats(
  source: Pixels,
  window: { readonly left: number; readonly top: number },
  recipe: Recipe & { readonly target: SizedInput },
): Float32Array {
  const { target, tables, preprocessing } = recipe;
  const { width, height, channels } = target;
  const plane = width * height;
  const out = new Float32Array(plane * channels);
  const isPlanar = target.layout === 'nchw';
  for (let c = 0; c < channels; c += 1) {
    const table = tables[c] ?? new Float32Array(256);
    const sourceChannel = source.channels === 1 ? 0 : preprocessing.order === 'bgr' ? 2 - c : c;
    const step = isPlanar ? 1 : channels;
    let to = isPlanar ? c * plane : c;
    for (let y = 0; y < height; y += 1) {
      let from = ((y + window.top) * source.width + window.left) * source.channels + sourceChannel;
      for (let x = 0; x < width; x += 1, from += source.channels, to += step)
        out[to] = table[source.data[from] ?? 0] ?? 0;
    }
  }
  return out;
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
