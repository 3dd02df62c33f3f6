import type { ImageInput, Preprocessing } from './preprocessing';

/** Element types of model inputs that can be fed, named as in ONNX. */
export const FEED_TYPES = [
  'float32',
  'float64',
  'float16',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
] as const;
export type FeedType = (typeof FEED_TYPES)[number];

/** Bytes of one element. */
export const FEED_BYTES: Readonly<Record<FeedType, number>> = {
  float32: 4,
  float64: 8,
  float16: 2,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  bool: 1,
};

/** Where the values of one input come from, with everything that is needed to make them. */
export interface FedSource {
  /** The image of an entry of the set, preprocessed. */
  readonly kind: 'images';
  readonly image: ImageInput;
  readonly preprocessing: Preprocessing;
}

/** The size of an axis: fixed, or that of the image; null: it depends on the record in another way. */
export type FedDim = number | 'height' | 'width' | null;

/** An input of the model's graph and the source of its values. */
export interface FedInput {
  readonly name: string;
  readonly dtype: FeedType;
  /** The axes for one image: all but the batch, if there is one. */
  readonly dims: readonly FedDim[];
  /** Whether the first axis of the model's input is the batch. If not, one tensor serves the whole batch. */
  readonly hasBatch: boolean;
  readonly source: FedSource;
}

/** How all inputs of a model are fed. Plain data. */
export interface Feeding {
  /** Batch size if the model fixes it, else null. */
  readonly fixedBatch: number | null;
  /** One per input of the graph, in its order. */
  readonly inputs: readonly FedInput[];
}

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** The smallest, the usual and the largest size of images, side by side. */
export interface ImageSizes {
  readonly min: ImageSize;
  readonly opt: ImageSize;
  readonly max: ImageSize;
}

/** The first input that takes images; null if the model has none. */
export function imageFeed({ inputs }: Feeding): FedSource | null {
  return inputs.find(({ source }) => source.kind === 'images')?.source ?? null;
}

/** Bytes of all inputs for one image. A size that depends on the image counts as `sideGuess`. */
export function bytesOfImage({ inputs }: Feeding, sideGuess = 1024): number {
  return inputs.reduce(
    (sum, { dtype, dims }) =>
      sum +
      FEED_BYTES[dtype] *
        dims.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : sideGuess), 1),
    0,
  );
}
