import { imageFeed, type Feeding, type ImageSizes } from '../../../src-shared/domain/project/feeding';
import type { ImageSize } from '../../../src-shared/domain/project/image-set';
import type { TensorrtOptions } from '../../../src-shared/domain/engines/tensorrt-options';
import { imageSizes } from '../../calibration/images/image-size';
import { sizeAfter } from '../../calibration/preprocessing/image-placement';
import { loadSet, type Workspace } from '../projects/workspace';

/**
 * The sizes of images for engines and benchmarks, if the size of an input depends on the image; null if it does not.
 * Smallest and largest width and height of the calibration and validation sets after the preprocessing, and the median
 * of the calibration set; the options replace them.
 */
export async function projectImageSizes(
  workspace: Workspace,
  feeding: Feeding,
  chosen: Partial<Pick<TensorrtOptions, 'minSize' | 'optSize' | 'maxSize'>> = {},
): Promise<ImageSizes | null> {
  const isOpen = feeding.inputs.some(({ dims }) => dims.some((dim) => typeof dim !== 'number' && 'image' in dim));
  const fed = imageFeed(feeding);
  if (!isOpen || fed === null) return null;
  const sizesOf = async (which: 'calibration' | 'validation'): Promise<ImageSize[]> => {
    const { entries } = await loadSet(workspace, which, undefined);
    const paths = entries.map(({ path }) => path);
    const found = await imageSizes(paths, fed.preprocessing.orientation);
    return found.flatMap((size) => (size === null ? [] : [sizeAfter(fed.preprocessing, size)]));
  };
  const calibration = await sizesOf('calibration');
  const validation = workspace.file.validationSet === null ? [] : await sizesOf('validation');
  const all = [...calibration, ...validation];
  const usual = {
    width: median(calibration.map(({ width }) => width)),
    height: median(calibration.map(({ height }) => height)),
  };
  const opt = chosen.optSize ?? usual;
  const bound = (of: (...values: number[]) => number): ImageSize => ({
    width: all.reduce((bounded, { width }) => of(bounded, width), opt.width),
    height: all.reduce((bounded, { height }) => of(bounded, height), opt.height),
  });
  return { min: chosen.minSize ?? bound(Math.min), opt, max: chosen.maxSize ?? bound(Math.max) };
}

/** The usual side if no image could be read. */
const DEFAULT_SIDE = 640;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? DEFAULT_SIDE;
}

/** The feeding of a benchmark: every image has the usual size. */
export function atUsualSize(feeding: Feeding, sizes: ImageSizes | null): Feeding {
  if (sizes === null) return feeding;
  return {
    ...feeding,
    inputs: feeding.inputs.map((input) => ({
      ...input,
      dims: input.dims.map((dim) => (typeof dim !== 'number' && 'image' in dim ? sizes.opt[dim.image] : dim)),
    })),
  };
}
