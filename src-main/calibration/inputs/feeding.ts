import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { ImageInput, Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { imageInputOf } from '../../onnx/graph/image-input';
import type { Model } from '../../onnx/graph/model';

/** The feeding of a model with one image input. */
export function imageFeeding(image: ImageInput, preprocessing: Preprocessing): Feeding {
  const { name, channels, height, width, layout, fixedBatch } = image;
  const dims = layout === 'nchw' ? [channels, height, width] : [height, width, channels];
  return {
    fixedBatch,
    inputs: [{ name, dtype: 'float32', dims, hasBatch: true, source: { kind: 'images', image, preprocessing } }],
  };
}

/**
 * How the inputs of a model are fed in a project.
 * @throws WorkbenchError model-unsupported
 */
export function feedingOf(model: Model, preprocessing: Preprocessing): Feeding {
  return imageFeeding(imageInputOf(model), preprocessing);
}
