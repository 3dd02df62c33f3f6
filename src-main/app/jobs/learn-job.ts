import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { LearnSpec } from '../../../src-shared/contract/job-specs';
import type { LearnResult } from '../../../src-shared/domain/analysis/repair';
import { requireMatches } from '../../../src-shared/domain/glob';
import { bytesOfImage } from '../../../src-shared/domain/project/feeding';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import { chooseDisjoint } from '../../analysis/choose-images';
import { writeLearnedParameters } from '../../calibration/histograms/learned-parameters';
import { layersToRound } from '../analysis/layers-to-round';
import { saveLearnedResult } from '../analysis/learned-result-store';
import { learnRepair } from '../analysis/learned-repair';
import { ensureThresholds } from '../analysis/needed-decisions';
import type { JobContext } from '../job-context';
import {
  currentCalibration,
  currentCalibrationKey,
  loadSet,
  openCalibration,
  prepared,
  projectFeeding,
} from '../projects/workspace';
import { withCorrectedBiases } from '../variants/bias-correction';
import { variantOptions } from '../variants/options';
import { needsThresholds, trialOfRecipe, variantRecipe } from '../variants/recipe';

const DEFAULT_MINUTES = 10;
/** Largest numbers of images to learn on and to confirm on. */
const LEARNED_IMAGES = 256;
const CONFIRMING_IMAGES = 128;
/** All preprocessed images are held in memory at once; this limits their size. */
const MAX_IMAGE_BYTES = 2 ** 30;

/** Learns thresholds, biases and roundings of weights for one variant. */
export async function learnJob(spec: LearnSpec, job: JobContext): Promise<LearnResult> {
  const { workspace, services } = job;
  const startedAt = performance.now();
  const variant = spec.variant ?? 'mixed';
  const name = parseVariant(variant);
  if (!needsThresholds(name))
    throw new WorkbenchError('usage', `Expected a variant with INT8 layers, found "${variant}"`);
  const options = variantOptions(
    {
      ...(spec.target === undefined ? {} : { target: spec.target }),
      ...(spec.threads === undefined ? {} : { threads: spec.threads }),
      variants: [variant],
    },
    workspace,
    [],
  );
  const model = await prepared(workspace, services.compute, job);
  const calibration = await openCalibration(workspace);
  await ensureThresholds(options, job);
  const recipe = await withCorrectedBiases(
    variantRecipe(name, { options, workspace, model, calibration }),
    spec.threads,
    job,
  );
  const trial = trialOfRecipe(recipe);
  const set = await loadSet(workspace, 'calibration', currentCalibration(workspace)?.limit ?? undefined);
  const held = Math.floor(MAX_IMAGE_BYTES / bytesOfImage(projectFeeding(workspace, model)));
  const most = Math.min(Math.floor((set.entries.length * 3) / 4), held);
  const { chosen, confirmed } = chooseDisjoint(
    set.entries,
    Math.min(spec.images ?? LEARNED_IMAGES, most),
    CONFIRMING_IMAGES,
  );
  const learn = { set, entries: chosen };
  const learned = await learnRepair(
    {
      trial,
      target: options.target,
      roundedLayers: await layersToRound(trial, options.target, learn, job),
      layers:
        spec.layers === undefined
          ? null
          : requireMatches(
              spec.layers,
              model.graph.node.map((node) => node.name),
              { what: 'layer', hint: advise('list-layers-of-project') },
            ),
      minutes: spec.minutes ?? DEFAULT_MINUTES,
      epochs: spec.epochs ?? null,
      learn,
      confirm: { set, entries: confirmed },
      threads: spec.threads,
    },
    job,
  );
  const key = currentCalibrationKey(workspace);
  if (learned.isKept && key !== null) {
    await writeLearnedParameters(workspace.paths.calibrationDir(key), {
      target: options.target,
      thresholds: learned.trial.thresholds,
      biases: learned.biases,
      roundings: learned.roundings,
    });
  }
  const result: LearnResult = {
    variant,
    target: options.target,
    images: learned.images,
    isKept: learned.isKept,
    before: learned.before,
    after: learned.after,
    blocks: learned.blocks,
    thresholds: Object.keys(learned.thresholds).length,
    biases: learned.biases.length,
    biasShare: learned.biasShare,
    roundedLayers: learned.roundings.length,
    movedWeights: learned.roundings.reduce((sum, { moved }) => sum + moved, 0),
    seconds: (performance.now() - startedAt) / 1000,
    createdAt: new Date().toISOString(),
  };
  await saveLearnedResult(workspace, result);
  return result;
}
