import type { Feeding } from '../../../src-shared/domain/project/feeding';
import { VariantEvaluator, type ImageAnswer } from '../../analysis/variant-evaluator';
import type { OnnxVariant } from '../../backends/runnable-variant';
import { createFeedLoader } from '../../calibration/inputs/feed-loader';
import type { StopFlag, WorkerRole } from '../pool/worker-role';
import { imageRole } from './image-role';

export interface EvaluateInit {
  readonly variants: readonly OnnxVariant[];
  readonly feeding: Feeding;
}

/** Runs every variant on every image and compares it with the first one. There is no state to flush. */
export async function createEvaluateRole(init: EvaluateInit, stop: StopFlag): Promise<WorkerRole> {
  const loader = createFeedLoader(init.feeding);
  const evaluator = await VariantEvaluator.open(init.variants, init.feeding);
  return imageRole<readonly ImageAnswer[], null>(
    {
      loader,
      process: (images) => evaluator.evaluate(images.map(({ image }) => image)),
      flush: () => null,
    },
    stop,
  );
}
