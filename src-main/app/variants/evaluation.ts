import type { ValidateResult, Warning } from '../../../src-shared/contract/job-results';
import { hasClassLabels, imageId, type ImageSet } from '../../../src-shared/domain/project/image-set';
import type { ValidationImages, VariantReport } from '../../../src-shared/domain/runs/accuracy';
import { buildVariantReport } from '../../../src-shared/domain/runs/accuracy-report';
import type { NoMeasure } from '../../../src-shared/domain/runs/task-scores';
import { targetOfBackend } from '../../../src-shared/domain/project/precision';
import type { Task } from '../../../src-shared/domain/tasks/task';
import type { EvaluateParams, EvaluateResult, VariantPredictions } from '../../compute/pool/protocol';
import type { UsableShard } from '../../compute/shards/find-shards';
import type { JobContext } from '../job-context';
import { allowedMetricHash } from '../projects/metric-consent';
import { prepared, projectFeeding } from '../projects/workspace';
import { builtWarnings, type BuiltVariant } from './built-variant';
import type { VariantOptions } from './options';
import { ortGpu, ortGpuWarnings, rethrowAsProviderCrash } from './ort-gpu';

/** Number of class names that a warning lists. */
const SHOWN_CLASSES = 5;

export interface EvaluationTask {
  readonly set: ImageSet;
  readonly options: VariantOptions;
  readonly threads: number;
  /** Complete shards that hold the answers; absent: the variants run. */
  readonly shards?: readonly UsableShard[];
}

type Evaluation = Pick<
  ValidateResult,
  'images' | 'labelled' | 'classCount' | 'task' | 'metricHash' | 'noMeasure' | 'skipped' | 'warnings'
> & {
  readonly reports: readonly VariantReport[];
};

/** What the compute process needs to run variants over an image set. */
export async function evaluateParams(
  built: readonly BuiltVariant[],
  { set, options, threads, shards }: EvaluationTask,
  job: JobContext,
): Promise<EvaluateParams> {
  const { workspace, services } = job;
  const model = await prepared(workspace, services.compute, job);
  return {
    variants: built.map(({ runnable }) => runnable),
    feeding: projectFeeding(workspace, model),
    task: workspace.file.task ?? null,
    metricHash: await allowedMetricHash(workspace.file.task, services.userDataDir),
    set,
    threads,
    batch: Math.max(...options.tensorrt.batches),
    ...(shards === undefined ? {} : { shards }),
  };
}

/** Runs variants over an image set and compares their outputs with those of the first one, which is FP32. */
export async function evaluateBuilt(
  built: readonly BuiltVariant[],
  evaluation: EvaluationTask,
  job: JobContext,
): Promise<Evaluation> {
  const { workspace, services } = job;
  const { set, options } = evaluation;
  const params = await evaluateParams(built, evaluation, job);
  const { metricHash } = params;
  const evaluated = await rethrowAsProviderCrash(options, services.compute.request('evaluate', params, job));
  const task = workspace.file.task ?? (evaluated.classCount > 0 ? { kind: 'classification' as const } : null);
  const images = validationImages(set, evaluated.classCount > 0);
  const reference = evaluated.variants[0];
  const reports = evaluated.variants.map((variant) => variantReport(variant, reference, images, options));
  const noMeasure = noMeasureOf(task, set, reports[0]);
  return {
    images: set.entries.length - (evaluated.skipped.length - set.skipped.length),
    labelled: hasLabelsFor(task, set) && reports[0]?.againstFp32 === undefined && noMeasure === null,
    classCount: evaluated.classCount,
    task,
    ...(metricHash === undefined ? {} : { metricHash }),
    ...(noMeasure === null ? {} : { noMeasure }),
    skipped: evaluated.skipped,
    warnings: [
      ...evaluated.warnings,
      ...setWarnings(set, task, evaluated.classCount, options),
      ...classOrderWarnings(evaluated),
      ...notFiniteWarnings(evaluated.variants),
      ...(task === null ? varyingWarnings(evaluated.variants) : []),
      ...builtWarnings(built),
    ],
    reports,
  };
}

/** Whether the images have labels of the kind that a task compares with. */
function hasLabelsFor(task: Task | null, set: ImageSet): boolean {
  switch (task?.kind) {
    case undefined:
      return false;
    case 'detection':
      return set.entries.some(({ truth }) => truth?.kind === 'boxes');
    case 'segmentation':
      return set.entries.some(({ truth }) => truth?.kind === 'mask');
    case 'classification':
    case 'embedding':
      return hasClassLabels(set);
    case 'custom':
      return set.labelSource !== 'none';
  }
}

/** Why the variants have no measure; null if they have one. */
function noMeasureOf(task: Task | null, set: ImageSet, fp32: VariantReport | undefined): NoMeasure | null {
  if (fp32?.measure !== undefined) return null;
  if (task === null)
    return {
      code: 'no-task',
      message:
        'no output of the model has the shape [batch, classes] and no task was decided, so that variants are compared ' +
        'with FP32 by the error of their outputs (SQNR)',
    };
  return hasLabelsFor(task, set)
    ? {
        code: 'no-truth',
        message:
          `nothing in the labels of the ${set.entries.length} images counts for the task ${task.kind}, so that ` +
          'variants are compared with FP32 by the error of their outputs (SQNR)',
      }
    : {
        code: 'no-answers',
        message:
          `the images have no labels for the task ${task.kind}, and FP32 gives no answer that could stand for them, ` +
          'so that variants are compared with it by the error of their outputs (SQNR)',
      };
}

function validationImages(set: ImageSet, isClassifier: boolean): ValidationImages {
  return {
    files: set.entries.map(imageId),
    labels: Int32Array.from(set.entries, (entry) => (isClassifier ? (entry.label ?? -1) : -1)),
    groups: set.entries.map((entry) => entry.group),
    classNames: set.classNames,
  };
}

function variantReport(
  variant: VariantPredictions,
  reference: VariantPredictions | undefined,
  images: ValidationImages,
  options: VariantOptions,
): VariantReport {
  const isReference = variant === reference;
  return buildVariantReport({
    variant: variant.variant,
    backend: options.backend,
    images,
    ...(variant.predictions ? { predictions: variant.predictions } : {}),
    ...(reference?.predictions ? { fp32: reference.predictions } : {}),
    ...(isReference || variant.outputs.length === 0 ? {} : { outputSqnrDb: variant.outputSqnrDb }),
    outputs: isReference ? [] : variant.outputs,
    ...(variant.scores === undefined ? {} : { scores: variant.scores }),
  });
}

/**
 * Warnings about outputs with NaN or infinity. They have no SQNR and would otherwise look like outputs without an
 * error.
 */
function notFiniteWarnings(variants: readonly VariantPredictions[]): Warning[] {
  return variants.flatMap(({ variant, outputs }) =>
    outputs
      .filter(({ notFinite }) => notFinite)
      .map(({ name }) => ({
        code: 'outputs-not-finite',
        message: `${variant} answers output "${name}" with NaN or infinite values where FP32 does not.`,
      })),
  );
}

/** Names the outputs that are not compared. The measure of a task needs no output error. */
function varyingWarnings([reference, ...others]: EvaluateResult['variants']): Warning[] {
  return (reference?.outputs ?? []).flatMap(({ name }): Warning[] => {
    if (others.every(({ outputs }) => outputs.some((output) => output.name === name))) return [];
    const message = `Output "${name}" is not compared, because its size depends on the data and differs from FP32's.`;
    return [{ code: 'outputs-vary', message }];
  });
}

function classOrderWarnings({ classOrderDoubt }: Pick<EvaluateResult, 'classOrderDoubt'>): Warning[] {
  return classOrderDoubt === undefined ? [] : [{ code: 'labels-class-order', message: classOrderDoubt }];
}

function setWarnings(set: ImageSet, task: Task | null, classCount: number, options: VariantOptions): Warning[] {
  const warnings: Warning[] = [...(set.notes ?? [])];
  if (set.labelSource !== 'none' && task?.kind !== 'custom' && !hasLabelsFor(task, set)) {
    const usable =
      task === null ? 'no task was decided' : `the task ${task.kind} does not compare with labels of this kind`;
    warnings.push({ code: 'labels-unused', message: `The set has labels that are not used: ${usable}.` });
  }
  if (classCount > 0 && set.classNames.length > classCount) {
    warnings.push({
      code: 'labels-too-many',
      message: `The set has ${set.classNames.length} classes, the model answers ${classCount}.`,
    });
  }
  if (set.labelSource === 'folders' && classCount > set.classNames.length) {
    const count = set.classNames.length;
    const names = set.classNames.slice(0, SHOWN_CLASSES).join(', ');
    warnings.push({
      code: 'labels-too-few',
      message:
        `The set's folders name ${count} classes (${names}${count > SHOWN_CLASSES ? ', ...' : ''}), ` +
        `the model answers ${classCount}. A folder's label is its position among them: top-1 is wrong unless they ` +
        `are the model's first ${count}. Add folders for the others, or a labels.csv with the lines file,label.`,
    });
  }
  const beyond = classCount === 0 ? [] : set.entries.filter(({ label }) => label !== null && label >= classCount);
  if (beyond.length > 0 && set.classNames.length <= classCount) {
    warnings.push({
      code: 'labels-beyond',
      message:
        `${beyond.length} images have labels beyond the model's ${classCount} classes, ` +
        `the first ${beyond[0]?.file} with ${beyond[0]?.label}: they count as wrong.` +
        (set.entries.some(({ label }) => label === 0) ? '' : ' No label is 0: do they count from 1?'),
    });
  }
  if (ortGpu(options) !== null) return [...warnings, ...ortGpuWarnings(options)];
  if (options.target !== 'onnxruntime' && targetOfBackend(options.backend) === null) {
    warnings.push({
      code: 'simulation',
      message:
        `Accuracy of the ${options.target} layout is simulated on ${options.backend} with float arithmetic ` +
        'between Q/DQ.',
    });
  }
  return warnings;
}
