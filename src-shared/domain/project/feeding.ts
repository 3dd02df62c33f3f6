import { FEED_BYTES, type FeedType } from './feed-types';
import type { ImageSize } from './image-set';
import type { InputSource, SizeRule } from './inputs';
import type { ImageInput, Preprocessing } from './preprocessing';

/** Where the values of one input come from, with everything that is needed to make them. */
export type FedSource =
  /** The image of an entry of the set, preprocessed. */
  | { readonly kind: 'images'; readonly image: ImageInput; readonly preprocessing: Preprocessing }
  /** An array of the entry's .npz file. With `image` it is an image: bytes are preprocessed like an image file. */
  | {
      readonly kind: 'npz';
      readonly field: string;
      /** Whether the .npz file lies beside the image file of the entry, with the same name. */
      readonly isBeside: boolean;
      readonly image?: ImageInput;
      readonly preprocessing?: Preprocessing;
    }
  | Extract<InputSource, { readonly kind: 'value' | SizeRule }>;

/**
 * The size of an axis: fixed; that of the image; or the name of a symbol (`seq`), which has the same size in all inputs
 * of one record.
 */
export type FedDim = number | { readonly image: 'height' | 'width' } | { readonly symbol: string };

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

/** The smallest, the usual and the largest size of images, side by side. */
export interface ImageSizes {
  readonly min: ImageSize;
  readonly opt: ImageSize;
  readonly max: ImageSize;
}

/** The first input that takes images, from files or from arrays; null if the model has none. */
export function imageFeed({
  inputs,
}: Feeding): { readonly image: ImageInput; readonly preprocessing: Preprocessing } | null {
  for (const { source } of inputs) {
    if (source.kind !== 'images' && source.kind !== 'npz') continue;
    const { image, preprocessing } = source;
    if (image !== undefined && preprocessing !== undefined) return { image, preprocessing };
  }
  return null;
}

/** The fields of .npz files that a set must have; empty if the entries of the set are image files. */
export function fieldsOf({ inputs }: Feeding): string[] {
  const fields = inputs.flatMap(({ source }) => (source.kind === 'npz' && !source.isBeside ? [source.field] : []));
  return [...new Set(fields)];
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
