import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import { imageError } from '../images/image-decoder';
import { toGray, type Pixels } from '../images/pixels';
import type { DecoderVersions } from '../images/sharp-library';
import { cropMargin, placeImage } from './image-placement';

/** The part of the preprocessing that decides about the pixels; the rest decides about their values. */
export interface Fitting {
  /** Whether colours become luma first. */
  readonly isGray: boolean;
  readonly resize: Preprocessing['resize'];
  readonly crop: Preprocessing['crop'];
  readonly cropRounding: Preprocessing['cropRounding'];
}

/** The pixels that the model sees, and where the image lies among them. */
export interface FittedImage {
  readonly pixels: Pixels;
  readonly geometry: ImageGeometry;
}

export function fittingOf({ order, resize, crop, cropRounding }: Preprocessing): Fitting {
  return { isGray: order === 'gray', resize, crop, cropRounding };
}

/** Part of fittingText: increase it if decoding, fitting or the form of a cached image changes. */
const FITTING_VERSION = 1;

/**
 * Everything besides the content of an image file on which the fitted pixels depend: how it is decoded, and by which
 * libraries. Scale, mean, standard deviation, layout and the order of colours are applied afterwards.
 */
export function fittingText(preprocessing: Preprocessing, versions: DecoderVersions): string {
  const { orientation = 'ignore' } = preprocessing;
  return JSON.stringify([FITTING_VERSION, versions, orientation, fittingOf(preprocessing)]);
}

/**
 * Converts a decoded image to gray if requested, resizes and crops it.
 * @param name of the file, for messages
 * @throws WorkbenchError image-invalid if the image is smaller than the crop
 */
export function fitImage(decoded: Pixels, { isGray, resize, crop, cropRounding }: Fitting, name: string): FittedImage {
  const placed = placeImage(isGray ? toGray(decoded) : decoded, resize);
  const { pixels } = placed;
  const width = crop?.width ?? pixels.width;
  const height = crop?.height ?? pixels.height;
  if (width > pixels.width || height > pixels.height) {
    throw imageError(
      name,
      `the crop of ${width}x${height} is larger than the image of ${pixels.width}x${pixels.height}; ` +
        `resize the short side to ${Math.max(width, height)}`,
    );
  }
  const left = cropMargin(pixels.width - width, cropRounding);
  const top = cropMargin(pixels.height - height, cropRounding);
  return {
    pixels: cropped(pixels, { left, top, width, height }),
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

function cropped(
  pixels: Pixels,
  { left, top, width, height }: { left: number; top: number; width: number; height: number },
): Pixels {
  if (width === pixels.width && height === pixels.height) return pixels;
  const { channels } = pixels;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y += 1) {
    const from = ((y + top) * pixels.width + left) * channels;
    data.set(pixels.data.subarray(from, from + width * channels), y * width * channels);
  }
  return { width, height, channels, data };
}
