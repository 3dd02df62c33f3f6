import { WorkbenchError } from '../../src-shared/base/errors';
import { ownValue } from '../../src-shared/base/records';
import { roundHalfEven } from '../../src-shared/base/rounding';
import { DataType } from '../onnx/graph/model';
import type { FeedType } from '../../src-shared/domain/project/feed-types';
import type { FedDim, Feeding } from '../../src-shared/domain/project/feeding';
import type { ImageSize } from '../../src-shared/domain/project/image-set';
import type { ImageGeometry } from '../../src-shared/domain/tasks/answer';

/** The values of a tensor: the array that ONNX Runtime uses for its element type; float16 as bits. */
export type FeedData =
  | Float32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** The values of one input of a model. */
export interface Feed {
  readonly name: string;
  readonly dtype: FeedType;
  readonly dims: readonly number[];
  /** In row-major order, of shape `dims`. */
  readonly data: FeedData;
}

/** Everything that a model gets for one image of a set. */
export interface PreparedImage {
  /** One per input of the model, in the order of its graph, without the batch axis. */
  readonly feeds: readonly Feed[];
  /** Where the image lies in the input; null if no input takes an image file. */
  readonly geometry: ImageGeometry | null;
}

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const satisfies Readonly<Record<FeedType, unknown>>;

/** Element types as numbers: onnx.TensorProto.DataType. */
export const FEED_ELEMENT_TYPES: Readonly<Record<FeedType, number>> = {
  float32: DataType.FLOAT,
  uint8: DataType.UINT8,
  int8: DataType.INT8,
  uint16: DataType.UINT16,
  int16: DataType.INT16,
  int32: DataType.INT32,
  int64: DataType.INT64,
  bool: DataType.BOOL,
  float16: DataType.FLOAT16,
  float64: DataType.DOUBLE,
  uint32: DataType.UINT32,
  uint64: DataType.UINT64,
};

/**
 * The feeds with float inputs quantized to INT8 as QuantizeLinear does: round(x / scale), ties to even, in float32.
 * @param scales input -> scale; other inputs, and INT8 values, stay as they are.
 */
export function quantizedFeeds(feeds: readonly Feed[], scales: Readonly<Record<string, number>>): readonly Feed[] {
  return feeds.map((feed) => {
    const scale = ownValue(scales, feed.name);
    if (scale === undefined || feed.dtype !== 'float32') return feed;
    const step = Math.fround(scale);
    const data = Int8Array.from(feed.data as Float32Array, (value) =>
      Math.min(127, Math.max(-128, roundHalfEven(Math.fround(value / step)))),
    );
    return { ...feed, dtype: 'int8', data };
  });
}

/** An array of zeros for `length` elements. */
export function zeros(dtype: FeedType, length: number): FeedData {
  return new ARRAYS[dtype](length);
}

/** An array over memory that threads can share. */
function sharedZeros(dtype: FeedType, length: number): FeedData {
  // The type checker does not choose among the constructors of a union.
  const array = ARRAYS[dtype] as Float32ArrayConstructor;
  return new array(new SharedArrayBuffer(length * array.BYTES_PER_ELEMENT));
}

export function elementsOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** The values of `from` written into `to` from element `at` on; both have the same element type. */
function copyInto(to: FeedData, from: FeedData, at: number): void {
  (to as Float32Array).set(from as Float32Array, at);
}

/** Bytes of the values of one image. */
export function bytesOf({ feeds }: PreparedImage): number {
  return feeds.reduce((sum, { data }) => sum + data.byteLength, 0);
}

/**
 * The same image with its values in memory that threads can share, so that messages do not copy them.
 */
export function inSharedMemory(image: PreparedImage): PreparedImage {
  return {
    ...image,
    feeds: image.feeds.map(inSharedArray),
  };
}

/** The same values in memory that threads can share. */
export function inSharedArray(feed: Feed): Feed {
  const data = sharedZeros(feed.dtype, feed.data.length);
  copyInto(data, feed.data, 0);
  return { ...feed, data };
}

/** The values in memory that native code takes: Node-API refuses views of shared memory. */
function unshared(data: FeedData): FeedData {
  return data.buffer instanceof SharedArrayBuffer ? data.slice() : data;
}

/** Shapes of all feeds as one text; images with the same text fit into one batch. */
export function shapeKey({ feeds }: PreparedImage): string {
  return feeds.map(({ dims }) => dims.join('x')).join(' ');
}

/** Indices of the images, divided into groups of equal shapes, in the order of their first images. */
export function equalShapes(images: readonly PreparedImage[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [i, image] of images.entries()) {
    const key = shapeKey(image);
    const group = groups.get(key);
    if (group) group.push(i);
    else groups.set(key, [i]);
  }
  return [...groups.values()];
}

/**
 * One batch of `batch` slots. Slots without an image of their own repeat the last image. An input without a batch axis
 * gets the values of the first image.
 * @param images at least one; all of the same shapes.
 */
export function stackImages(feeding: Feeding, images: readonly PreparedImage[], batch: number): Feed[] {
  const last = images.at(-1);
  if (!last) throw new WorkbenchError('internal', 'A batch needs at least one image');
  return feeding.inputs.map(({ name, dtype, hasBatch }, i) => {
    const feedOf = (image: PreparedImage): Feed => {
      const feed = image.feeds[i];
      if (!feed) throw new WorkbenchError('internal', `An image has no values for input "${name}"`);
      return feed;
    };
    const first = feedOf(images[0] ?? last);
    if (!hasBatch) return { ...first, data: unshared(first.data) };
    const dims = [batch, ...first.dims];
    if (batch === 1) return { name, dtype, dims, data: unshared(first.data) };
    const data = zeros(dtype, first.data.length * batch);
    for (let slot = 0; slot < batch; slot++)
      copyInto(data, feedOf(images[slot] ?? last).data, slot * first.data.length);
    return { name, dtype, dims, data };
  });
}

/** Length of an axis with a name, such as a sequence, when a model is only timed or tried. */
const SYNTHETIC_LENGTH = 16;

function sizeOf(dim: FedDim, size: ImageSize): number {
  if (typeof dim === 'number') return dim;
  return 'image' in dim ? size[dim.image] : SYNTHETIC_LENGTH;
}

/**
 * Values for timing and trying a model: floats between -0.5 and 0.5, bytes of all sizes, and zeros for every other
 * type, because an arbitrary integer may be no valid index.
 * @param size of the image, for axes whose size depends on it.
 */
export function syntheticFeeds(feeding: Feeding, batch: number, size: ImageSize = { width: 1, height: 1 }): Feed[] {
  return feeding.inputs.map((input) => {
    const { name, dtype, hasBatch } = input;
    const own = input.dims.map((dim) => sizeOf(dim, size));
    const dims = hasBatch ? [batch, ...own] : own;
    const data = zeros(dtype, elementsOf(dims));
    if (data instanceof Float32Array || data instanceof Float64Array)
      for (let i = 0; i < data.length; i++) data[i] = ((i * 37) % 255) / 255 - 0.5;
    else if (dtype === 'uint8') for (let i = 0; i < data.length; i++) data[i] = (i * 37) % 255;
    return { name, dtype, dims, data };
  });
}
