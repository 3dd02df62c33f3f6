/** How an image becomes the model's input. x = (pixel * scale - mean) / std, pixel in 0..255. */
export interface Preprocessing {
  /** Applied first. An image that already has the target size is not resized. */
  readonly resize:
    | { readonly kind: 'none' }
    | { readonly kind: 'stretch'; readonly width: number; readonly height: number }
    | { readonly kind: 'short'; readonly shortSide: number }
    /** Fit inside, paste at the top left, fill the rest with `pad` (pixel value 0..255). */
    | { readonly kind: 'letterbox'; readonly width: number; readonly height: number; readonly pad: number };
  /** Centre crop after the resize. */
  readonly crop: { readonly width: number; readonly height: number } | null;
  readonly order: 'rgb' | 'bgr' | 'gray';
  readonly scale: number;
  /** One value for all channels or one per channel, in the order of `order`. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly layout: 'nchw' | 'nhwc';
  /** Whether the EXIF orientation of an image file turns it before anything else; absent: ignored, as Pillow opens files. */
  readonly orientation?: 'ignore' | 'apply';
  /**
   * How half of an odd crop margin becomes a whole number of pixels. `half-even`: to the nearest even number, as Python's
   * round() does in torchvision's center_crop. `down` (when absent): rounded down, as Keras and OpenCV recipes do with `//`.
   */
  readonly cropRounding?: 'half-even' | 'down';
}

export const ORIENTATIONS = ['ignore', 'apply'] as const satisfies readonly NonNullable<Preprocessing['orientation']>[];

export const CROP_ROUNDINGS = ['half-even', 'down'] as const satisfies readonly NonNullable<
  Preprocessing['cropRounding']
>[];

/** The preprocessing in the form in which it is stored and compared: what is the default is absent. */
export function normalPreprocessing(preprocessing: Preprocessing): Preprocessing {
  const { orientation, cropRounding, ...rest } = preprocessing;
  return {
    ...rest,
    ...(orientation === 'apply' ? { orientation } : {}),
    ...(cropRounding === 'half-even' && rest.crop !== null ? { cropRounding } : {}),
  };
}

/** The image input of a model as preprocessing sees it. */
export interface ImageInput {
  readonly name: string;
  /** Batch size when the model fixes it, else null. */
  readonly fixedBatch: number | null;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly layout: 'nchw' | 'nhwc';
}

/** What a person said about preprocessing; the rest is guessed from the model. */
export type PartialPreprocessing = { readonly [K in keyof Preprocessing]?: Preprocessing[K] };
