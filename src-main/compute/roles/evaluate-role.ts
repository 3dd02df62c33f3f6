import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { Task } from '../../../src-shared/domain/tasks/task';
import { createTaskReader } from '../../analysis/task-reader';
import { VariantEvaluator, type ImageAnswer } from '../../analysis/variant-evaluator';
import type { OnnxVariant } from '../../backends/runnable-variant';
import { createFeedLoader } from '../../calibration/inputs/feed-loader';
import { maskOf } from '../../calibration/labels/mask-labels';
import type { StopFlag, WorkerRole } from '../pool/worker-role';
import { imageRole } from './image-role';

export interface EvaluateInit {
  readonly variants: readonly OnnxVariant[];
  readonly feeding: Feeding;
  /** null: not decided. */
  readonly task: Task | null;
  readonly metricHash?: string | undefined;
}

/** Runs every variant on every image and compares it with the first one. There is no state to flush. */
export async function createEvaluateRole(init: EvaluateInit, stop: StopFlag): Promise<WorkerRole> {
  const loader = createFeedLoader(init.feeding);
  const reader = createTaskReader(init.task, { metricHash: init.metricHash, isStopped: () => stop.isSet });
  const evaluator = await VariantEvaluator.open(init.variants, { feeding: init.feeding, reader });
  return imageRole<readonly ImageAnswer[], null>(
    {
      loader,
      process: async (images) =>
        evaluator.evaluate(
          await Promise.all(images.map(async (own) => ({ ...own, mask: await maskOf(own.entry, own.image.geometry) }))),
        ),
      flush: () => null,
      close: () => reader.close(),
    },
    stop,
  );
}
