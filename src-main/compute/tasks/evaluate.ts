import { WorkbenchError } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { imageId, type SkippedImage } from '../../../src-shared/domain/project/image-set';
import {
  classOrderDoubt,
  classOrderOf,
  type LabelledDetections,
} from '../../../src-shared/domain/measures/class-order';
import { scoreVariants, type VariantScores } from '../../../src-shared/domain/runs/score-variants';
import { summarizeAnswers } from '../../analysis/answers';
import { openMetric } from '../../analysis/metric/open-metric';
import type { IsStopped } from '../../analysis/metric/user-metric';
import type { ImageAnswer } from '../../analysis/variant-evaluator';
import { isOnnx } from '../../backends/runnable-variant';
import { batchesOf, runImagePool } from '../pool/image-pool';
import { requireMemory, weightBytesOf, workersNote, type ChosenWorkers } from '../pool/worker-memory';
import type { EvaluateParams, EvaluateResult, VariantPredictions } from '../pool/protocol';
import { answersOnGpu, type Answers } from './evaluate-on-gpu';

/** Runs every variant over the set. The first variant is the reference of all comparisons. */
export async function evaluate(params: EvaluateParams, context: TaskContext): Promise<EvaluateResult> {
  const usesGpu = params.variants.some((variant) => variant.kind === 'engine' || variant.gpu !== undefined);
  const answers = await (usesGpu ? answersOnGpu(params, context) : answersOnCpu(params, context));
  return resultOf(params, answers, () => context.signal?.aborted === true);
}

/** Every worker opens all variants and runs them on one batch after the other. */
async function answersOnCpu(params: EvaluateParams, context: TaskContext): Promise<Answers> {
  const { entries } = params.set;
  const variants = params.variants.filter(isOnnx);
  // All variants of a project share the weights of the prepared model.
  const weights = new Set(
    variants.flatMap(({ weightsDir }) => (weightsDir === null ? [] : [weightBytesOf(weightsDir)])),
  );
  requireMemory(context.memoryLimitBytes, Math.max(0, ...weights));
  const answers: (readonly ImageAnswer[] | null)[] = entries.map(() => null);
  const skipped: SkippedImage[] = [...params.set.skipped];
  const size = params.feeding.fixedBatch ?? 1;
  let workers: ChosenWorkers | null = null;
  let finished = 0;
  const report = (): void =>
    context.onProgress?.({ phase: 'validating', done: finished, total: entries.length, unit: 'images' });
  report();
  await runImagePool({
    role: 'evaluate',
    init: {
      variants,
      feeding: params.feeding,
      task: params.task,
      metricHash: params.metricHash,
    },
    threads: params.threads,
    batches: batchesOf(entries, size),
    signal: context.signal,
    memoryLimitBytes: context.memoryLimitBytes,
    onWorkers: (chosen) => (workers = chosen),
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
  const note = workers && workersNote(workers, context.memoryLimitBytes);
  return { answers, skipped, ...(note ? { warnings: [note] } : {}) };
}

async function resultOf(
  params: EvaluateParams,
  { answers, skipped: found, warnings = [] }: Answers,
  isStopped: IsStopped,
): Promise<EvaluateResult> {
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
  const scores = await taskScores(params, answers, isStopped);
  const variants = params.variants.map((variant, i): VariantPredictions => {
    const own = scores[i];
    return {
      variant: variant.variant,
      ...summarizeAnswers(answers.map((answer) => answer?.[i] ?? null)),
      ...(own === undefined ? {} : { scores: own }),
    };
  });
  const detected = labelledDetections(params.set, answers);
  const doubt = classOrderDoubt(detected, params.set.classNames);
  const order = detected.length === 0 ? null : classOrderOf(detected, params.set.classNames);
  return {
    variants,
    skipped,
    classCount: params.variants.length > 0 ? classCountOf(answers) : 0,
    ...(doubt === null ? {} : { classOrderDoubt: doubt }),
    ...(order === null ? {} : { classOrder: order }),
    warnings,
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

/** Judged here and not in the application, whose process must stay responsive. Empty for classifications. */
async function taskScores(
  { task, set, variants, metricHash }: EvaluateParams,
  answers: readonly (readonly ImageAnswer[] | null)[],
  isStopped: IsStopped,
): Promise<readonly VariantScores[]> {
  if (task === null || task.kind === 'classification') return [];
  const images = {
    files: set.entries.map(imageId),
    truths: set.entries.map(({ truth }) => truth),
    labels: Int32Array.from(set.entries, ({ label }) => label ?? -1),
    groups: set.entries.map(({ group }) => group),
    classNames: set.classNames,
  };
  const byVariant = variants.map((_, i) => answers.map((answer) => answer?.[i]?.answer ?? null));
  if (task.kind !== 'custom') return scoreVariants(task, images, byVariant);
  const metric = await openMetric(task.metric, metricHash, isStopped);
  try {
    return await scoreVariants(task, images, byVariant, (records) => metric.summarize(records));
  } finally {
    await metric.close();
  }
}
