import { loadAddon } from '../../backends/addon';
import type { Pixels } from '../images/pixels';

/**
 * Resizes with a triangle filter that is widened for downscaling (bilinear with antialiasing). The result is
 * bit-identical to torchvision's default and to Pillow's BILINEAR: rows are resized first and rounded to bytes, then
 * columns. The addon implements it, so that the pixels, and therefore all thresholds, do not depend on the version of
 * an image library.
 */
export function resizePixels(source: Pixels, width: number, height: number): Pixels {
  if (width === source.width && height === source.height) return source;
  const { channels } = source;
  const data = loadAddon().resizeImage(source.data, source.width, source.height, channels, width, height);
  return { width, height, channels, data };
}
