import type { FeedType } from './feed-types';
import {
  list,
  nullable,
  number,
  numberWhere,
  object,
  oneOf,
  optional,
  partial,
  variant,
  where,
  type InferOutput,
} from '../../base/schema';

const pixels = numberWhere('a whole number of pixels above 0', (value) => Number.isInteger(value) && value > 0);
const notZero = numberWhere('a number that is not 0', (value) => value !== 0);
const padValue = numberWhere('a pixel value from 0 to 255', (value) => value >= 0 && value <= 255);
const size = { width: pixels, height: pixels };

export const ORIENTATIONS = ['ignore', 'apply'] as const;
export const LETTERBOX_ALIGNMENTS = ['top-left', 'center'] as const;
export const CROP_ROUNDINGS = ['half-even', 'down'] as const;

/** A gray image has one channel, all others have three. */
const isOneOrThree = ({ length }: { readonly length: number }): boolean => length === 1 || length === 3;
const ONE_OR_THREE = 'an array of 1 or 3 numbers';

const preprocessingFields = {
  /** Applied first. An image that already has the target size is not resized. */
  resize: variant({
    none: object({ kind: oneOf('none') }),
    stretch: object({ kind: oneOf('stretch'), ...size }),
    short: object({ kind: oneOf('short'), shortSide: pixels }),
    /**
     * The long side becomes `longSide` pixels and the other one follows (rounded to the nearest number); then the rest
     * to the next multiple of `multiple` is filled with `pad`, right and below. The size depends on the image.
     */
    long: object({ kind: oneOf('long'), longSide: pixels, multiple: pixels, pad: padValue }),
    /** The image is scaled to fit, placed at the top left or in the centre, and the rest is filled with `pad`. */
    letterbox: object({
      kind: oneOf('letterbox'),
      ...size,
      pad: padValue,
      /**
       * Default: top-left, whose scaled sides are rounded down (YOLOX). With `center` they are rounded to the nearest
       * whole number, and an odd margin puts its extra pixel right and below (YOLOv5 and its successors).
       */
      align: optional(oneOf(...LETTERBOX_ALIGNMENTS)),
    }),
  }),
  /** Centre crop after the resize. */
  crop: nullable(object(size)),
  order: oneOf('rgb', 'bgr', 'gray'),
  scale: notZero,
  /** One value for all channels or one per channel, in the order of `order`. */
  mean: where(list(number), ONE_OR_THREE, isOneOrThree),
  std: where(list(notZero), ONE_OR_THREE, isOneOrThree),
  layout: oneOf('nchw', 'nhwc'),
  /**
   * Whether an image file is first turned by its EXIF orientation; if omitted, it is ignored, as Pillow does when it
   * opens files.
   */
  orientation: optional(oneOf(...ORIENTATIONS)),
  /**
   * How half of an odd crop margin becomes a whole number of pixels. `half-even`: rounded to the nearest even number,
   * as Python's round() does in torchvision's center_crop. `down` (the default): rounded down, as Keras and OpenCV
   * recipes do with `//`.
   */
  cropRounding: optional(oneOf(...CROP_ROUNDINGS)),
};

export const preprocessingSchema = object(preprocessingFields);
/** How an image becomes the model's input: x = (pixel * scale - mean) / std, with pixel values 0..255. */
export type Preprocessing = InferOutput<typeof preprocessingSchema>;

export const partialPreprocessingSchema = partial(preprocessingFields);
/** The preprocessing that a person specified; the other fields are guessed from the model. */
export type PartialPreprocessing = InferOutput<typeof partialPreprocessingSchema>;

/** The preprocessing in the form in which it is stored and compared: fields with default values are omitted. */
export function normalPreprocessing(preprocessing: Preprocessing): Preprocessing {
  const { orientation, cropRounding, resize, ...rest } = preprocessing;
  return {
    resize: normalResize(resize),
    ...rest,
    ...(orientation === 'apply' ? { orientation } : {}),
    ...(cropRounding === 'half-even' && rest.crop !== null ? { cropRounding } : {}),
  };
}

function normalResize(resize: Preprocessing['resize']): Preprocessing['resize'] {
  if (resize.kind !== 'letterbox') return resize;
  const { align, ...rest } = resize;
  return align === 'center' ? { ...rest, align } : rest;
}

/** The size of every image after the preprocessing; null if it depends on the image. */
export function outputSize({
  resize,
  crop,
}: Pick<Preprocessing, 'resize' | 'crop'>): { readonly width: number; readonly height: number } | null {
  if (crop !== null) return crop;
  return resize.kind === 'stretch' || resize.kind === 'letterbox' ? resize : null;
}

/** The image input of a model, as far as preprocessing needs it. */
export interface ImageInput {
  readonly name: string;
  /** Default: float32. */
  readonly dtype?: FeedType;
  /** Set if the input takes one image without a batch axis. */
  readonly isUnbatched?: true;
  /** Batch size if the model fixes it, else null. */
  readonly fixedBatch: number | null;
  readonly channels: number;
  /** null: the model leaves the size open. */
  readonly height: number | null;
  readonly width: number | null;
  readonly layout: 'nchw' | 'nhwc';
}
