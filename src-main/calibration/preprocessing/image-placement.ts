import type { ImageSize } from '../../../src-shared/domain/project/image-set';
import { outputSize, type Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import type { Pixels } from '../images/pixels';
import { resizePixels } from './preprocess-resize';

type Resize = Preprocessing['resize'];
type Letterbox = Extract<Resize, { readonly kind: 'letterbox' }>;
type LongSide = Extract<Resize, { readonly kind: 'long' }>;

/** An image after the resize, and where the original image lies in it. */
export interface PlacedImage {
  readonly pixels: Pixels;
  /** Pixels of the result per pixel of the original. */
  readonly scaleX: number;
  readonly scaleY: number;
  /** The pixel of the result at which the image begins. */
  readonly left: number;
  readonly top: number;
}

/** Resizes an image; a letterbox is filled up. */
export function placeImage(pixels: Pixels, resize: Resize): PlacedImage {
  switch (resize.kind) {
    case 'none':
      return placed(pixels, pixels);
    case 'stretch':
      return placed(pixels, resizePixels(pixels, resize.width, resize.height));
    case 'short': {
      const { width, height } = shortSideSize(pixels, resize.shortSide);
      return placed(pixels, resizePixels(pixels, width, height));
    }
    case 'long':
      return longSide(pixels, resize);
    case 'letterbox':
      return letterbox(pixels, resize);
  }
}

function placed(original: Pixels, pixels: Pixels): PlacedImage {
  return {
    pixels,
    scaleX: pixels.width / original.width,
    scaleY: pixels.height / original.height,
    left: 0,
    top: 0,
  };
}

function letterbox(pixels: Pixels, box: Letterbox): PlacedImage {
  if (pixels.width === box.width && pixels.height === box.height) return placed(pixels, pixels);
  const isCentred = box.align === 'center';
  const ratio = Math.min(box.width / pixels.width, box.height / pixels.height);
  // A letterbox at the top left rounds down, as YOLOX does with int(). A centred one rounds to the nearest whole
  // number and puts the odd pixel right and below, as the letterbox of YOLOv5 and its successors does with round().
  const rounded = (side: number): number => (isCentred ? roundHalfToEven(side) : Math.floor(side + 1e-9));
  const fit = (side: number, limit: number): number => Math.min(limit, Math.max(1, rounded(side * ratio)));
  const inner = resizePixels(pixels, fit(pixels.width, box.width), fit(pixels.height, box.height));
  const left = isCentred ? halfDown(box.width - inner.width) : 0;
  const top = isCentred ? halfDown(box.height - inner.height) : 0;
  return { ...placed(pixels, inner), pixels: padded(inner, box, { left, top }), left, top };
}

/** The image within a larger one whose other pixels have the value `pad`. */
function padded(
  inner: Pixels,
  box: { readonly width: number; readonly height: number; readonly pad: number },
  { left, top }: { readonly left: number; readonly top: number },
): Pixels {
  const { channels } = inner;
  const data = new Uint8Array(box.width * box.height * channels).fill(box.pad);
  for (let y = 0; y < inner.height; y += 1) {
    data.set(
      inner.data.subarray(y * inner.width * channels, (y + 1) * inner.width * channels),
      ((y + top) * box.width + left) * channels,
    );
  }
  return { width: box.width, height: box.height, channels, data };
}

function longSide(pixels: Pixels, resize: LongSide): PlacedImage {
  const { inner, width, height } = longSideSizes(pixels, resize);
  const resized = resizePixels(pixels, inner.width, inner.height);
  const isPadded = width !== inner.width || height !== inner.height;
  const box = { width, height, pad: resize.pad };
  return {
    ...placed(pixels, resized),
    pixels: isPadded ? padded(resized, box, { left: 0, top: 0 }) : resized,
  };
}

/** The size of the resized image, and that of the result, whose sides are multiples. */
function longSideSizes(
  { width, height }: ImageSize,
  { longSide: side, multiple }: LongSide,
): ImageSize & { readonly inner: ImageSize } {
  const ratio = side / Math.max(width, height);
  const scaled = (length: number): number => Math.max(1, Math.round(length * ratio));
  const up = (length: number): number => Math.ceil(length / multiple) * multiple;
  const inner = { width: scaled(width), height: scaled(height) };
  return { width: up(inner.width), height: up(inner.height), inner };
}

/** The size that an image of this size has after the preprocessing. */
export function sizeAfter(preprocessing: Pick<Preprocessing, 'resize' | 'crop'>, image: ImageSize): ImageSize {
  const fixed = outputSize(preprocessing);
  if (fixed !== null) return { width: fixed.width, height: fixed.height };
  const { resize } = preprocessing;
  if (resize.kind === 'long') {
    const { width, height } = longSideSizes(image, resize);
    return { width, height };
  }
  return resize.kind === 'short' ? shortSideSize(image, resize.shortSide) : image;
}

/** The long side is rounded down, as in torchvision. */
function shortSideSize({ width, height }: ImageSize, side: number): ImageSize {
  const scaled = (length: number): number => Math.max(1, Math.floor((length * side) / Math.min(width, height)));
  return { width: scaled(width), height: scaled(height) };
}

/** Half of the margin of a centre crop, in whole pixels. */
export function cropMargin(margin: number, rounding: Preprocessing['cropRounding']): number {
  return rounding === 'half-even' ? roundHalfToEven(margin / 2) : halfDown(margin);
}

function halfDown(margin: number): number {
  return Math.floor(margin / 2);
}

/** Rounds to the nearest whole number, and to the even one of two, as Python's round() does. */
function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
