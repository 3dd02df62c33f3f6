import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Warning } from '../../../src-shared/contract/job-results';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { imageId, type ImageEntry, type SkippedImage } from '../../../src-shared/domain/project/image-set';
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
import type { ImageOutcome } from '../roles/image-role';
import { KeptOutputs } from '../roles/kept-outputs';
import { answersOfShards } from '../shards/evaluation-answers';
import { answersInBatches, type Answers } from './evaluate-in-batches';

/** FP32's outputs of this process: the next comparison on the same images does not run it again. */
const keptOutputs = new KeptOutputs();

/**
 * Runs every variant over the set, or takes the answers from complete shards. The first variant is the reference of all
 * comparisons.
 */
export async function evaluate(params: EvaluateParams, context: TaskContext): Promise<EvaluateResult> {
  if (params.shards !== undefined) {
    const answers = await answersOfShards(params.set, params.shards, context);
    return resultOf(params, answers, () => context.signal?.aborted === true);
  }
  const isInBatches = params.variants.some((variant) => variant.kind !== 'onnx' || variant.gpu !== undefined);
  const answers = await (isInBatches ? answersInBatches(params, context) : answersOnCpu(params, context));
  return resultOf(params, answers, () => context.signal?.aborted === true);
}

/** Every worker opens all variants and runs them on one batch after the other. */
async function answersOnCpu(params: EvaluateParams, context: TaskContext): Promise<Answers> {
  const { entries } = params.set;
  const answers: (readonly ImageAnswer[] | null)[] = entries.map(() => null);
  const skipped: SkippedImage[] = [...params.set.skipped];
  const note = await evaluateImages({ ...params, entries, done: 0 }, context, (slot, entry, outcome) => {
    if (outcome.ok) answers[slot] = outcome.value;
    else skipped.push({ file: imageId(entry), reason: outcome.reason });
  });
  return { answers, skipped, ...(note ? { warnings: [note] } : {}) };
}

interface EvaluateImages extends Pick<EvaluateParams, 'variants' | 'feeding' | 'task' | 'metricHash' | 'threads'> {
  readonly entries: readonly ImageEntry[];
  /** Images that were evaluated before, for progress. */
  readonly done: number;
}

/**
 * Runs variants over images on the CPU.
 * @param onImage called once per image, in any order.
 * @returns a note if memory limits the number of workers
 * @throws WorkbenchError memory-limit, cancelled
 */
export async function evaluateImages(
  params: EvaluateImages,
  context: TaskContext,
  onImage: (slot: number, entry: ImageEntry, outcome: ImageOutcome<readonly ImageAnswer[]>) => void,
): Promise<Warning | null> {
  const { entries, done } = params;
  const variants = params.variants.filter(isOnnx);
  // All variants of a project share the weights of the prepared model.
  const weights = new Set(
    variants.flatMap(({ weightsDir }) => (weightsDir === null ? [] : [weightBytesOf(weightsDir)])),
  );
  requireMemory(context.memoryLimitBytes, Math.max(0, ...weights));
  const size = params.feeding.fixedBatch ?? 1;
  // Under a memory limit, everything is for the workers.
  const [reference] = context.memoryLimitBytes === undefined && variants.length > 1 ? variants : [];
  let workers: ChosenWorkers | null = null;
  let finished = done;
  const report = (): void =>
    context.onProgress?.({ phase: 'validating', done: finished, total: done + entries.length, unit: 'images' });
  report();
  await runImagePool({
    role: 'evaluate',
    init: {
      variants,
      feeding: params.feeding,
      task: params.task,
      metricHash: params.metricHash,
      known: reference === undefined ? null : keptOutputs.begin(reference, params.threads),
    },
    onFlush: (runs) => {
      if (runs !== null) keptOutputs.add(runs);
    },
    threads: params.threads,
    batches: batchesOf(entries, size),
    signal: context.signal,
    memoryLimitBytes: context.memoryLimitBytes,
    onWorkers: (chosen) => (workers = chosen),
    onBatch: (batch, outcomes) => {
      for (const [i, entry] of batch.entries.entries()) {
        onImage(batch.index * size + i, entry, outcomes[i] ?? { ok: false, reason: 'no result' });
      }
      finished += batch.entries.length;
      report();
    },
  });
  return workers && workersNote(workers, context.memoryLimitBytes);
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
