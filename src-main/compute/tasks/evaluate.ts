import { WorkbenchError } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { imageId, type SkippedImage } from '../../../src-shared/domain/project/image-set';
import { classOrderDoubt, type LabelledDetections } from '../../../src-shared/domain/measures/class-order';
import { summarizeAnswers } from '../../analysis/answers';
import type { ImageAnswer } from '../../analysis/variant-evaluator';
import { isOnnx } from '../../backends/runnable-variant';
import { batchesOf, runImagePool } from '../pool/image-pool';
import type { EvaluateParams, EvaluateResult, VariantPredictions } from '../pool/protocol';
import { answersOnGpu, type Answers } from './evaluate-on-gpu';

/** Runs every variant over the set. The first variant is the reference of all comparisons. */
export async function evaluate(params: EvaluateParams, context: TaskContext): Promise<EvaluateResult> {
  const usesGpu = params.variants.some((variant) => variant.kind === 'engine' || variant.gpu !== undefined);
  return resultOf(params, await (usesGpu ? answersOnGpu(params, context) : answersOnCpu(params, context)));
}

/** Every worker opens all variants and runs them on one batch after the other. */
async function answersOnCpu(params: EvaluateParams, context: TaskContext): Promise<Answers> {
  const { entries } = params.set;
  const answers: (readonly ImageAnswer[] | null)[] = entries.map(() => null);
  const skipped: SkippedImage[] = [...params.set.skipped];
  const size = params.feeding.fixedBatch ?? 1;
  let finished = 0;
  const report = (): void =>
    context.onProgress?.({ phase: 'validating', done: finished, total: entries.length, unit: 'images' });
  report();
  await runImagePool({
    role: 'evaluate',
    init: {
      variants: params.variants.filter(isOnnx),
      feeding: params.feeding,
      task: params.task,
      metricHash: params.metricHash,
    },
    threads: params.threads,
    batches: batchesOf(entries, size),
    signal: context.signal,
    onBatch: (batch, outcomes) => {
      for (const [i, entry] of batch.entries.entries()) {
        const outcome = outcomes[i];
        if (outcome?.ok) answers[batch.index * size + i] = outcome.value;
        else skipped.push({ file: imageId(entry), reason: outcome?.reason ?? 'no result' });
      }
      finished += batch.entries.length;
      report();
    },
  });
  return { answers, skipped };
}

function resultOf(params: EvaluateParams, { answers, skipped: found }: Answers): EvaluateResult {
  const { entries } = params.set;
  const skipped = [...found];
  if (answers.every((answer) => answer === null)) {
    const first = skipped[0];
    throw new WorkbenchError(
      'images-empty',
      `None of ${entries.length} validation images could be used; the first one: ` +
        `${first?.file ?? ''}: ${first?.reason ?? ''}`,
    );
  }
  skipped.sort((a, b) => (a.file < b.file ? -1 : 1));
  const variants = params.variants.map((variant, i): VariantPredictions => ({
    variant: variant.variant,
    ...summarizeAnswers(answers.map((answer) => answer?.[i] ?? null)),
  }));
  const doubt = classOrderDoubt(labelledDetections(params.set, answers), params.set.classNames);
  return {
    variants,
    skipped,
    classCount: params.variants.length > 0 ? classCountOf(answers) : 0,
    ...(doubt === null ? {} : { classOrderDoubt: doubt }),
  };
}

function classCountOf(answers: readonly (readonly ImageAnswer[] | null)[]): number {
  const first = answers.find((answer) => answer !== null)?.[0]?.answer;
  return first?.kind === 'classification' ? first.classCount : 0;
}

/** The detections of FP32 beside the boxes of the labels. */
function labelledDetections(
  { entries }: EvaluateParams['set'],
  answers: readonly (readonly ImageAnswer[] | null)[],
): readonly LabelledDetections[] {
  return entries.flatMap(({ truth }, i) => {
    const fp32 = answers[i]?.[0]?.answer;
    return truth?.kind === 'boxes' && fp32?.kind === 'detection'
      ? [{ detections: fp32.detections, truth: truth.boxes }]
      : [];
  });
}
