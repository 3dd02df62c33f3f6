import { throwIfAborted } from '../../../src-shared/base/errors';
import type { Warning } from '../../../src-shared/contract/job-results';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { imageId, type ImageEntry, type SkippedImage } from '../../../src-shared/domain/project/image-set';
import { createTaskReader } from '../../analysis/task-reader';
import { VariantEvaluator, type EvaluatedImage, type ImageAnswer } from '../../analysis/variant-evaluator';
import type { PreparedImage } from '../../backends/feeds';
import { openSession } from '../../backends/open-session';
import type { ModelSession } from '../../backends/runnable-variant';
import { maskOf } from '../../calibration/labels/mask-labels';
import { DecodedImages } from '../pool/decoded-images';
import type { EvaluateParams } from '../pool/protocol';

/** The answers of all variants for a set. */
export interface Answers {
  /** Per image of the set one answer per variant; null for a skipped image. */
  readonly answers: readonly (readonly ImageAnswer[] | null)[];
  readonly skipped: readonly SkippedImage[];
  readonly warnings?: readonly Warning[];
}

/**
 * Runs variants over the set, batch by batch, while worker threads decode the images of the batches that follow. For
 * GPUs, and for runtimes that use all cores in one session.
 */
export async function answersInBatches(params: EvaluateParams, context: TaskContext): Promise<Answers> {
  const { entries } = params.set;
  const batch = params.feeding.fixedBatch ?? params.batch;
  const answers: (readonly ImageAnswer[] | null)[] = entries.map(() => null);
  const skipped: SkippedImage[] = [...params.set.skipped];
  const sessions: ModelSession[] = [];
  const reader = createTaskReader(params.task, {
    metricHash: params.metricHash,
    isStopped: () => context.signal?.aborted === true,
  });
  const images = new DecodedImages({ ...params, entries, batch, signal: context.signal });
  try {
    await images.open();
    for (const variant of params.variants) sessions.push(await openSession(variant, params.threads));
    const evaluator = new VariantEvaluator(sessions, { feeding: params.feeding, reader, batch });
    for (let start = 0; start < entries.length; start += batch) {
      throwIfAborted(context.signal);
      context.onProgress?.({ phase: 'validating', done: start, total: entries.length, unit: 'images' });
      const decoded = await images.next();
      const usable = await Promise.all(
        decoded.flatMap((image, i) => {
          const entry = entries[start + i];
          return image.ok && entry ? [withMask(start + i, entry, image.value)] : [];
        }),
      );
      const found = await evaluator.evaluate(usable);
      for (const [i, { index }] of usable.entries()) answers[index] = found[i] ?? null;
      for (const [i, image] of decoded.entries()) {
        const entry = entries[start + i];
        if (!image.ok && entry) skipped.push({ file: imageId(entry), reason: image.reason });
      }
    }
    context.onProgress?.({ phase: 'validating', done: entries.length, total: entries.length, unit: 'images' });
    return { answers, skipped };
  } finally {
    for (const session of sessions) await session.close();
    await reader.close();
    await images.close();
  }
}

/** An image with the true class of every pixel of the input. */
async function withMask(
  index: number,
  entry: ImageEntry,
  image: PreparedImage,
): Promise<EvaluatedImage & { readonly index: number }> {
  return { index, entry, image, mask: await maskOf(entry, image.geometry) };
}
