import type { PreparedImage } from '../../src-main/backends/feeds';
import type { Feeding } from '../../src-shared/domain/project/feeding';
import type { ImageInput, Preprocessing } from '../../src-shared/domain/project/preprocessing';
import { imageFeeding } from '../../src-main/calibration/inputs/feeding';

/** Pixels from 0 to 1, without any resize. */
export const UNIT_PIXELS: Preprocessing = {
  resize: { kind: 'none' },
  crop: null,
  order: 'rgb',
  scale: 1 / 255,
  mean: [0],
  std: [1],
  layout: 'nchw',
};

/** The feeding of a model with one NCHW image input. */
export function feedingFor(image: ImageInput, preprocessing: Preprocessing = UNIT_PIXELS): Feeding {
  return imageFeeding(image, { ...preprocessing, layout: image.layout });
}

/** An image of a model with one float32 input of these axes (without the batch). */
export function preparedImage(name: string, dims: readonly number[], data: Float32Array): PreparedImage {
  return { feeds: [{ name, dtype: 'float32', dims, data }], geometry: null };
}
