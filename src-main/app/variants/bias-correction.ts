import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { count, list, object, oneOf, type InferOutput } from '../../../src-shared/base/schema';
import type { Warning } from '../../../src-shared/contract/job-results';
import { hasRepair, type Target } from '../../../src-shared/domain/project/precision';
import { bytesOfImage, type Feeding } from '../../../src-shared/domain/project/feeding';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import { chooseDisjoint } from '../../analysis/choose-images';
import type { Task } from '../../../src-shared/domain/tasks/task';
import { withTaskOfChoice, type Trial } from '../../analysis/trials';
import type { CorrectBiasesComputed } from '../../compute/pool/protocol';
import { writeFileAtomic } from '../../base/atomic-file';
import { readStoredJson } from '../../base/json-file';
import { keepNewest } from '../../base/keep-newest';
import { SharedRuns } from '../../base/shared-runs';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import type { Model } from '../../onnx/graph/model';
import { choiceError, trialQualitySchema } from '../../../src-shared/domain/analysis/analysis';
import { biasCorrectionSchema, type LearnedValues } from '../../../src-shared/domain/analysis/repair';
import { loadPrepared } from '../../onnx/passes/prepared-store';
import { currentCalibration, loadSet, projectFeeding, shortHash } from '../projects/workspace';
import { defaultThreads, type JobContext } from '../job-context';
import { REWRITE_VERSION, type VariantRecipe, portableRecipe, variantRecipe } from './recipe';

/** Version of the correction; raise it when the same recipe would get other biases. */
const CORRECTION_VERSION = 1;
/** Largest number of images on which the shift of each layer is measured. */
const MEASURED_IMAGES = 64;
/** Largest number of other images, on which the corrected variant must be closer to FP32 than the uncorrected one. */
const CONFIRMING_IMAGES = 128;
/** All preprocessed images are held in memory at once; this limits their size. */
const MAX_IMAGE_BYTES = 2 ** 30;
/** Number of stored corrections that a project keeps; each belongs to one variant, plan and set of thresholds. */
const KEPT_CORRECTIONS = 24;

/** The corrected biases of one recipe, and the output errors before and after on the confirming images. See isKept. */
const correctionSchema = object({
  version: oneOf(CORRECTION_VERSION),
  images: object({ measured: count, confirmed: count }),
  before: trialQualitySchema,
  after: trialQualitySchema,
  biases: list(biasCorrectionSchema),
});
export type StoredCorrection = InferOutput<typeof correctionSchema>;

/**
 * Adds corrected biases to a recipe if its plan asks for bias correction and the variant has INT8 layers. The
 * correction is measured once and then read from the folder analysis/ of the project.
 * @param threads of the measurement; one per core if undefined.
 */
export async function withCorrectedBiases(
  recipe: VariantRecipe,
  threads: number | undefined,
  job: JobContext,
): Promise<VariantRecipe> {
  if (!wantsCorrection(recipe)) return recipe;
  const path = job.workspace.paths.analysisFile(fileName(recipe, job));
  const found = storedCorrection(recipe, job) ?? (await measurements.run(path, () => measure(recipe, threads, job)));
  return withKept(recipe, found);
}

/** Measurements under way, by the file that they will write: parallel builds for several GPUs may need the same one. */
const measurements = new SharedRuns<StoredCorrection>();

/** Like withCorrectedBiases, but measures nothing: without a stored correction the recipe is returned unchanged. */
export function withKnownBiases(recipe: VariantRecipe, job: JobContext): VariantRecipe {
  return wantsCorrection(recipe) ? withKept(recipe, storedCorrection(recipe, job)) : recipe;
}

/** A warning if the plan of a variant asks for corrected biases, but the variant was built with the model's own. */
export function correctionWarnings(variant: string, requested: VariantRecipe, recipe: VariantRecipe): Warning[] {
  if (!wantsCorrection(requested) || recipe.biases !== undefined) return [];
  return [
    {
      code: 'biases-not-corrected',
      message:
        `${variant} keeps the model's own biases: on calibration images that they were not measured on, ` +
        'corrected ones were no nearer to FP32.',
    },
  ];
}

/**
 * The biases and roundings that the project's own plan uses: learned ones, or stored corrections; nothing if there are
 * none, or if the threshold of a tensor is missing.
 */
export function knownCorrections(
  target: Target,
  { model, calibration }: { readonly model: Model; readonly calibration: StoredCalibration | null },
  job: JobContext,
): LearnedValues {
  const { workspace } = job;
  const { plan, method } = workspace.file;
  if (!calibration || (!hasRepair(plan, 'biasCorrection') && method !== 'learned')) return {};
  try {
    const recipe = variantRecipe(parseVariant('mixed'), {
      workspace,
      model,
      calibration,
      options: { target, activationType: 'int8' },
    });
    const { biases, roundings } = withKnownBiases(recipe, job);
    return { ...(biases ? { biases } : {}), ...(roundings ? { roundings } : {}) };
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'calibration-missing') return {};
    throw error;
  }
}

/** Whether a correction is used: on images that it was not measured on it must reduce the error of the worst group. */
export function isKept({ before, after }: Pick<StoredCorrection, 'before' | 'after'>): boolean {
  return choiceError(after) < choiceError(before);
}

/** Learned biases contain a correction already. */
function wantsCorrection({ plan, thresholds, biases }: VariantRecipe): boolean {
  return hasRepair(plan, 'biasCorrection') && biases === undefined && Object.keys(thresholds).length > 0;
}

function withKept(recipe: VariantRecipe, correction: StoredCorrection | null): VariantRecipe {
  return correction && isKept(correction) ? { ...recipe, biases: correction.biases } : recipe;
}

function storedCorrection(recipe: VariantRecipe, job: JobContext): StoredCorrection | null {
  return readStoredJson(job.workspace.paths.analysisFile(fileName(recipe, job)), correctionSchema);
}

/** Name of the stored correction. The calibration's key represents its images and their preprocessing. */
function fileName(recipe: VariantRecipe, { workspace, services }: JobContext): string {
  const calibration = currentCalibration(workspace)?.key ?? null;
  const { task } = workspace.file;
  const basis = {
    version: CORRECTION_VERSION,
    rewrite: REWRITE_VERSION,
    onnxruntime: services.onnxruntimeVersion,
    calibration,
    recipe: portableRecipe(recipe),
    // The decoder determines which biases are nearer to FP32.
    ...(task?.kind === 'detection' ? { task } : {}),
  };
  return `biases-${shortHash(basis)}`;
}

async function measure(recipe: VariantRecipe, threads: number | undefined, job: JobContext): Promise<StoredCorrection> {
  const { workspace, services } = job;
  const { plan, thresholds, activationType, preparedDir, target, ranges } = recipe;
  const name = fileName(recipe, job);
  const trial: Trial = { plan, thresholds, activationType };
  const feeding = projectFeeding(workspace, loadPrepared(preparedDir));
  const { entries } = await loadSet(workspace, 'calibration', currentCalibration(workspace)?.limit ?? undefined);
  const counts = imageCounts(entries.length, feeding);
  const { chosen: measured, confirmed } = chooseDisjoint(entries, counts.measured, counts.confirmed);
  if (measured.length === 0 || confirmed.length === 0) {
    throw new WorkbenchError(
      'images-empty',
      `Bias correction needs at least 2 calibration images, the project has ${entries.length}`,
      {
        hint: advise('bias-correction-images', { project: workspace.path }),
      },
    );
  }
  const journalOf = (kind: string): string => join(workspace.paths.analysisDir, `${name}${kind}.trials.jsonl`);
  const journals = { outputs: journalOf(''), answers: journalOf('.answers') };
  const correct = (task: Task | null): Promise<CorrectBiasesComputed> =>
    services.compute.request(
      'correct-biases',
      {
        trial,
        measuredCount: measured.length,
        trials: {
          preparedDir,
          target,
          ranges,
          feeding,
          task,
          entries: [...measured, ...confirmed],
          threads: threads ?? defaultThreads(),
          journalPath: task === null ? journals.outputs : journals.answers,
        },
      },
      job,
    );
  const { biases, images, before, after } = await withTaskOfChoice(workspace.file.task, correct);
  const stored: StoredCorrection = { version: CORRECTION_VERSION, images, before, after, biases };
  await mkdir(workspace.paths.analysisDir, { recursive: true });
  await writeFileAtomic(workspace.paths.analysisFile(name), JSON.stringify(stored));
  for (const path of Object.values(journals)) await rm(path, { force: true });
  await keepNewest(workspace.paths.analysisDir, KEPT_CORRECTIONS, (file) => /^biases-.*\.json$/.test(file));
  return stored;
}

/** A third of the images, or of those that fit into memory, is used for measuring and the rest for confirming. */
function imageCounts(available: number, feeding: Feeding): { readonly measured: number; readonly confirmed: number } {
  const usable = Math.min(available, Math.floor(MAX_IMAGE_BYTES / bytesOfImage(feeding)));
  const measured = Math.min(MEASURED_IMAGES, Math.max(1, Math.floor(usable / 3)));
  return { measured, confirmed: Math.min(CONFIRMING_IMAGES, usable - measured) };
}
