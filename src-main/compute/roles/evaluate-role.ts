import type { ImageInput, Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { VariantEvaluator, type ImageAnswer } from '../../analysis/variant-evaluator';
import type { OnnxVariant } from '../../backends/runnable-variant';
import { createPreprocessor } from '../../calibration/preprocessing/preprocess';
import type { StopFlag, WorkerRole } from '../pool/worker-role';
import { imageRole } from './image-role';

export interface EvaluateInit {
  readonly variants: readonly OnnxVariant[];
  readonly input: ImageInput;
  readonly preprocessing: Preprocessing;
}

/** Runs every variant on every image and compares it with the first one. There is no state to flush. */
export async function createEvaluateRole(init: EvaluateInit, stop: StopFlag): Promise<WorkerRole> {
  const preprocessor = createPreprocessor(init.preprocessing, init.input);
  const evaluator = await VariantEvaluator.open(init.variants, init.input);
  return imageRole<readonly ImageAnswer[], null>(
    {
      preprocessor,
      process: (images) => evaluator.evaluate(images.map((image) => image.data)),
      flush: () => null,
    },
    stop,
  );
}
