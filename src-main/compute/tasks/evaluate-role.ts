import { createPreprocessor } from '../../calibration/preprocessing/preprocess';
import { VariantEvaluator } from '../../analysis/variant-evaluator';
import type { ImageInput, Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import type { OnnxVariant } from '../../backends/runnable-variant';
import type { Role } from '../pool/worker';

export interface EvaluateInit {
  readonly variants: readonly OnnxVariant[];
  readonly input: ImageInput;
  readonly preprocessing: Preprocessing;
}

/** Runs every variant on every image and compares it with the first one. A flush has no state. */
export async function createEvaluateRole(init: EvaluateInit): Promise<Role> {
  const preprocessor = createPreprocessor(init.preprocessing, init.input);
  const evaluator = await VariantEvaluator.open(init.variants, init.input);
  return {
    load: (entry) => preprocessor.load(entry),
    process: (images) => evaluator.evaluate(images.map((image) => image.data)),
    flush: () => null,
  };
}
