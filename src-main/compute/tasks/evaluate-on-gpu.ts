import { throwIfAborted, WorkbenchError } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { imageId, type ImageEntry, type SkippedImage } from '../../../src-shared/domain/project/image-set';
import { VariantEvaluator, type ImageAnswer } from '../../analysis/variant-evaluator';
import type { ModelSession } from '../../backends/model-session';
import { OrtSession } from '../../backends/ort-session';
import type { RunnableVariant } from '../../backends/runnable-variant';
import { EngineSession } from '../../backends/tensorrt/engine-session';
import { createPreprocessor, type Preprocessor } from '../../calibration/preprocessing/preprocess';
import type { Answers } from './evaluate';
import type { EvaluateParams } from '../pool/protocol';

type Loaded =
  | { readonly ok: true; readonly index: number; readonly data: Float32Array }
  | { readonly ok: false; readonly index: number; readonly reason: string };

/** A variant that runs on a GPU. */
function openSession(variant: RunnableVariant, batch: number): Promise<ModelSession> {
  return variant.kind === 'engine'
    ? EngineSession.open(variant, batch)
    : OrtSession.open({ ...variant, model: variant.modelPath, threads: 1 });
}

/** Runs variants over the set, batch by batch on the GPU, while the next batch is decoded. */
export async function answersOnGpu(params: EvaluateParams, context: TaskContext): Promise<Answers> {
  const { entries } = params.set;
  const batch = params.input.fixedBatch ?? params.batch;
  const preprocessor = createPreprocessor(params.preprocessing, params.input);
  const answers: (readonly ImageAnswer[] | null)[] = entries.map(() => null);
  const skipped: SkippedImage[] = [...params.set.skipped];
  const sessions: ModelSession[] = [];
  try {
    for (const variant of params.variants) sessions.push(await openSession(variant, batch));
    const evaluator = new VariantEvaluator(sessions, params.input, batch);
    let next = loadBatch(preprocessor, entries, 0, batch);
    for (let start = 0; start < entries.length; start += batch) {
      throwIfAborted(context.signal);
      context.onProgress?.({ phase: 'validating', done: start, total: entries.length, unit: 'images' });
      const loaded = await next;
      next = loadBatch(preprocessor, entries, start + batch, batch);
      next.catch(() => undefined); // met when it is waited for
      const usable = loaded.filter((image) => image.ok);
      const found = await evaluator.evaluate(usable.map(({ data }) => data));
      for (const [i, { index }] of usable.entries()) answers[index] = found[i] ?? null;
      for (const image of loaded) {
        const entry = entries[image.index];
        if (!image.ok && entry) skipped.push({ file: imageId(entry), reason: image.reason });
      }
    }
    context.onProgress?.({ phase: 'validating', done: entries.length, total: entries.length, unit: 'images' });
    return { answers, skipped };
  } finally {
    for (const session of sessions) await session.close();
  }
}

function loadBatch(
  preprocessor: Preprocessor,
  entries: readonly ImageEntry[],
  start: number,
  batch: number,
): Promise<Loaded[]> {
  return Promise.all(
    entries.slice(start, start + batch).map(async (entry, i): Promise<Loaded> => {
      const index = start + i;
      try {
        return { ok: true, index, data: await preprocessor.load(entry) };
      } catch (error) {
        // Only the image is at fault: it is named and skipped. Everything else ends the job.
        if (error instanceof WorkbenchError && error.code === 'image-invalid')
          return { ok: false, index, reason: error.message };
        throw error;
      }
    }),
  );
}
