import type { ValidateResult, Warning } from '../../../src-shared/contract/job-results';
import { hasClassLabels, imageId, type ImageSet } from '../../../src-shared/domain/project/image-set';
import type { ValidationImages, VariantReport } from '../../../src-shared/domain/runs/accuracy';
import { buildVariantReport } from '../../../src-shared/domain/runs/accuracy-report';
import type { EvaluateResult, VariantPredictions } from '../../compute/pool/protocol';
import type { JobContext } from '../job-context';
import { allowedMetricHash } from '../projects/metric-consent';
import { prepared, projectFeeding } from '../projects/workspace';
import { builtWarnings, type BuiltVariant } from './built-variant';
import type { VariantOptions } from './options';
import { ortGpu, ortGpuWarnings, rethrowAsProviderCrash } from './ort-gpu';

/** Number of class names that a warning lists. */
const SHOWN_CLASSES = 5;

interface EvaluationTask {
  readonly set: ImageSet;
  readonly options: VariantOptions;
  readonly threads: number;
}

type Evaluation = Pick<ValidateResult, 'images' | 'labelled' | 'classCount' | 'skipped' | 'warnings'> & {
  readonly reports: readonly VariantReport[];
};

/** Runs variants over an image set and compares their outputs with those of the first one, which is FP32. */
export async function evaluateBuilt(
  built: readonly BuiltVariant[],
  { set, options, threads }: EvaluationTask,
  job: JobContext,
): Promise<Evaluation> {
  const { workspace, services } = job;
  const model = await prepared(workspace, services.compute, job);
  const params = {
    variants: built.map(({ runnable }) => runnable),
    feeding: projectFeeding(workspace, model),
    task: workspace.file.task ?? null,
    metricHash: await allowedMetricHash(workspace.file.task, services.userDataDir),
    set,
    threads,
    batch: Math.max(...options.tensorrt.batches),
  };
  const evaluated = await rethrowAsProviderCrash(options, services.compute.request('evaluate', params, job));
  const images = validationImages(set, evaluated.classCount > 0);
  const reference = evaluated.variants[0];
  return {
    images: set.entries.length - (evaluated.skipped.length - set.skipped.length),
    labelled: hasClassLabels(set) && evaluated.classCount > 0,
    classCount: evaluated.classCount,
    skipped: evaluated.skipped,
    warnings: [
      ...setWarnings(set, evaluated.classCount, options),
      ...classOrderWarnings(evaluated),
      ...notFiniteWarnings(evaluated.variants),
      ...builtWarnings(built),
    ],
    reports: evaluated.variants.map((variant) => variantReport(variant, reference, images, options)),
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
    ...(isReference ? {} : { outputSqnrDb: variant.outputSqnrDb }),
    outputs: isReference ? [] : variant.outputs,
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

function classOrderWarnings({ classOrderDoubt }: Pick<EvaluateResult, 'classOrderDoubt'>): Warning[] {
  return classOrderDoubt === undefined ? [] : [{ code: 'labels-class-order', message: classOrderDoubt }];
}

function setWarnings(set: ImageSet, classCount: number, options: VariantOptions): Warning[] {
  const warnings: Warning[] = [...(set.notes ?? [])];
  if (hasClassLabels(set) && classCount === 0) {
    warnings.push({
      code: 'labels-unused',
      message:
        'The set has labels, but no output of the model has the shape [batch, classes]: there is no top-1 and no ' +
        'agreement, and variants are compared with FP32 by the SQNR of their outputs.',
    });
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
  if (options.target !== 'onnxruntime' && options.backend !== 'tensorrt') {
    warnings.push({
      code: 'simulation',
      message:
        `Accuracy of the ${options.target} layout is simulated on ${options.backend} with float arithmetic ` +
        'between Q/DQ.',
    });
  }
  return warnings;
}
