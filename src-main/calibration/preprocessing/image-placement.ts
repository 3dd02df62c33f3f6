import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import type { Pixels } from '../images/pixels';
import { resizePixels } from './preprocess-resize';

type Resize = Preprocessing['resize'];
type Letterbox = Extract<Resize, { readonly kind: 'letterbox' }>;

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
      // The long side is rounded down, as in torchvision.
      const short = Math.min(pixels.width, pixels.height);
      const scaled = (side: number): number => Math.max(1, Math.floor((side * resize.shortSide) / short));
      return placed(pixels, resizePixels(pixels, scaled(pixels.width), scaled(pixels.height)));
    }
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
  const { channels } = inner;
  const data = new Uint8Array(box.width * box.height * channels).fill(box.pad);
  for (let y = 0; y < inner.height; y += 1) {
    data.set(
      inner.data.subarray(y * inner.width * channels, (y + 1) * inner.width * channels),
      ((y + top) * box.width + left) * channels,
    );
  }
  return { ...placed(pixels, inner), pixels: { width: box.width, height: box.height, channels, data }, left, top };
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
