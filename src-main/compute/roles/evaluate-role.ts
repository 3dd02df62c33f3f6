import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { Task } from '../../../src-shared/domain/tasks/task';
import { createTaskReader } from '../../analysis/task-reader';
import { VariantEvaluator, type ImageAnswer } from '../../analysis/variant-evaluator';
import type { OnnxVariant } from '../../backends/runnable-variant';
import { createFeedLoader } from '../../calibration/inputs/feed-loader';
import { maskOf } from '../../calibration/labels/mask-labels';
import type { StopFlag, WorkerRole } from '../pool/worker-role';
import { imageRole } from './image-role';
import { KeepingSession, type KnownRuns, type RunsOfWorker } from './kept-outputs';

export interface EvaluateInit {
  readonly variants: readonly OnnxVariant[];
  readonly feeding: Feeding;
  /** null: not decided. */
  readonly task: Task | null;
  readonly metricHash?: string | undefined;
  /** Known outputs of the first variant; null: none are kept. */
  readonly known: KnownRuns | null;
}

/** Runs every variant on every image and compares it with the first one. The state are outputs of the first one. */
export async function createEvaluateRole(init: EvaluateInit, stop: StopFlag): Promise<WorkerRole> {
  const loader = createFeedLoader(init.feeding);
  const reader = createTaskReader(init.task, { metricHash: init.metricHash, isStopped: () => stop.isSet });
  let keeping: KeepingSession | null = null;
  const evaluator = await VariantEvaluator.open(init.variants, { feeding: init.feeding, reader }, (session) => {
    if (init.known === null) return session;
    keeping = new KeepingSession(session, init.known);
    return keeping;
  });
  return imageRole<readonly ImageAnswer[], RunsOfWorker | null>(
    {
      loader,
      process: async (images) =>
        evaluator.evaluate(
          await Promise.all(images.map(async (own) => ({ ...own, mask: await maskOf(own.entry, own.image.geometry) }))),
        ),
      flush: () => keeping?.flush() ?? null,
      close: () => reader.close(),
    },
    stop,
  );
}
