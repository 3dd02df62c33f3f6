import type { SizeRule } from '../../../src-shared/domain/project/inputs';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import { elementsOf } from '../../backends/feeds';

/** The values of an input that is computed from the size of the image, for an input of shape `dims`. */
export function sizeRuleValues(rule: SizeRule, dims: readonly number[], geometry: ImageGeometry): Float64Array {
  if (rule === 'pixel-mask') return pixelMask(dims, geometry);
  const pair = pairOf(rule, geometry);
  return Float64Array.from({ length: elementsOf(dims) }, (_, i) => pair[i % 2] ?? 0);
}

function pairOf(rule: Exclude<SizeRule, 'pixel-mask'>, geometry: ImageGeometry): readonly [number, number] {
  const { width, height, scaleX, scaleY } = geometry;
  const resized = resizedSize(geometry);
  switch (rule) {
    case 'original-size':
      return [height, width];
    case 'original-size-wh':
      return [width, height];
    case 'resized-size':
      return [resized.height, resized.width];
    case 'scale-factor':
      return [scaleY, scaleX];
  }
}

function resizedSize({ width, height, scaleX, scaleY }: ImageGeometry): { width: number; height: number } {
  return { width: Math.round(width * scaleX), height: Math.round(height * scaleY) };
}

/**
 * 1 where the image lies and 0 where it was padded. A mask of another size than the input (a feature map) is sampled at
 * the centres of its cells.
 */
function pixelMask(dims: readonly number[], geometry: ImageGeometry): Float64Array {
  const { inputWidth, inputHeight, offsetX, offsetY } = geometry;
  const resized = resizedSize(geometry);
  const [height = 1, width = 1] = dims.slice(-2);
  /** The pixel of the input at the centre of a cell. */
  const centre = (at: number, cells: number, pixels: number): number => Math.floor(((at + 0.5) * pixels) / cells);
  const within = (pixel: number, offset: number, length: number): boolean => pixel >= offset && pixel < offset + length;
  return Float64Array.from({ length: elementsOf(dims) }, (_, i) => {
    const x = i % width;
    const y = Math.floor(i / width) % height;
    const isInside =
      within(centre(x, width, inputWidth), offsetX, resized.width) &&
      within(centre(y, height, inputHeight), offsetY, resized.height);
    return Number(isInside);
  });
}
