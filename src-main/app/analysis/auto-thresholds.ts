import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { AutoSpec } from '../../../src-shared/contract/job-specs';
import type { AutoResult } from '../../../src-shared/domain/analysis/analysis';
import { HISTOGRAM_METHODS, type Method } from '../../../src-shared/domain/project/methods';
import type { Target } from '../../../src-shared/domain/project/precision';
import { isRescaled } from '../../../src-shared/domain/project/precision';
import type { ProjectFile } from '../../../src-shared/domain/project/project';
import { autoPasses } from '../../analysis/auto';
import { groupNames, withTaskOfChoice } from '../../analysis/trials';
import { chooseAndConfirm } from '../../analysis/choose-images';
import { writeAutoThresholds } from '../../calibration/histograms/auto-thresholds';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { thresholdsInUse, thresholdTable } from '../../calibration/histograms/threshold-table';
import { loadAnalyses, saveAnalysis } from './analysis-store';
import { explainChoices, summarizeAuto } from './auto-summary';
import {
  currentCalibrationKey,
  loadSet,
  openCalibration,
  requireCalibration,
  type Workspace,
} from '../projects/workspace';
import type { AutoComputed } from '../../compute/pool/protocol';
import { analysisSetup } from './analysis-setup';
import type { JobContext } from '../job-context';

/** Number of images that thresholds are chosen on, if the specification does not say. */
export const DEFAULT_AUTO_IMAGES = 128;
/** With fewer images to choose on, the choice would be random. */
const MIN_AUTO_IMAGES = 4;

/**
 * Chooses the thresholds of method auto, confirms them on other images, and stores them with the calibration.
 * @throws WorkbenchError images-empty if the calibration set is too small
 */
export async function chooseAutoThresholds(spec: AutoSpec, job: JobContext): Promise<AutoResult> {
  const { workspace, services } = job;
  const startedAt = performance.now();
  const setup = await analysisSetup(spec, job);
  const set = await loadSet(workspace, 'calibration', undefined);
  const { chosen, confirmed } = chooseAndConfirm(set.entries, spec.images ?? DEFAULT_AUTO_IMAGES);
  if (chosen.length < MIN_AUTO_IMAGES) {
    throw new WorkbenchError(
      'images-empty',
      `Method auto needs at least ${2 * MIN_AUTO_IMAGES} calibration images, ${set.root} has ${set.entries.length}`,
      {
        hint: advise('use-method-for-all'),
      },
    );
  }
  const choose = async (outputsOnly: boolean): Promise<AutoComputed> =>
    services.compute.request(
      'auto',
      {
        plan: setup.plan,
        tensors: setup.tensors,
        thresholds: autoCandidates(setup.calibration, workspace.file),
        trials: await setup.trials([{ set, entries: [...chosen, ...confirmed] }], { outputsOnly }),
        chosenCount: chosen.length,
      },
      job,
    );
  const outcome = await withTaskOfChoice(workspace.file.task, (task) => choose(task === null));
  const key = currentCalibrationKey(workspace);
  if (key === null)
    throw new WorkbenchError('calibration-missing', 'The calibration changed while thresholds were chosen', {
      hint: 'Run it again.',
    });
  await writeAutoThresholds(workspace.paths.calibrationDir(key), outcome.thresholds);
  const { singles, descent, verdict, bestSingle, images, passes, work } = outcome;
  const table = thresholdTable(setup.calibration, workspace.file, { withCosts: verdict === 'descent' });
  const result: AutoResult = {
    target: setup.target,
    images,
    groups: groupNames(chosen),
    ...(outcome.comparesAnswers ? { comparesAnswers: true } : {}),
    ...(outcome.comparesCandidates ? { comparesCandidates: true } : {}),
    singles,
    descent,
    verdict,
    bestSingle,
    summary: summarizeAuto(outcome),
    choices: explainChoices(outcome, setup.tensors, table),
    passes,
    work,
    seconds: (performance.now() - startedAt) / 1000,
    createdAt: new Date().toISOString(),
  };
  await saveAnalysis(workspace, 'auto', 'auto', result);
  return result;
}

/** Whether the thresholds of method auto have been chosen for this calibration and target. */
export async function hasCurrentAuto(target: Target, workspace: Workspace): Promise<boolean> {
  const { auto } = await loadAnalyses(workspace);
  return (
    auto?.isCurrent === true && auto.result.target === target && requireCalibration(workspace).autoThresholds() !== null
  );
}

/**
 * The largest number of runs of the model that the choice of auto takes.
 * @param tensors those that the plan quantizes
 */
export async function autoPassesOf(
  { images }: Pick<AutoSpec, 'images'>,
  workspace: Workspace,
  tensors: readonly string[],
): Promise<{ readonly images: number; readonly passes: number }> {
  const set = await loadSet(workspace, 'calibration', undefined);
  const { chosen, confirmed } = chooseAndConfirm(set.entries, images ?? DEFAULT_AUTO_IMAGES);
  const at = { chosen: [...chosen.keys()], confirmed: [...confirmed.keys()] };
  const thresholds = autoCandidates(await openCalibration(workspace), workspace.file);
  const passes = chosen.length + confirmed.length + autoPasses({ tensors, thresholds, ...at });
  return { images: chosen.length, passes };
}

/**
 * Chooses the thresholds of method auto unless that was done for this calibration and target.
 * @returns how often the model was run for it
 */
export async function ensureAuto(
  spec: { readonly target?: Target; readonly threads?: number },
  job: JobContext,
): Promise<{ readonly passes: number; readonly work?: number | undefined }> {
  const { workspace } = job;
  const target = spec.target ?? workspace.file.target;
  if (await hasCurrentAuto(target, workspace)) return { passes: 0 };
  return chooseAutoThresholds(
    {
      kind: 'auto',
      projectPath: workspace.path,
      target,
      ...(spec.threads === undefined ? {} : { threads: spec.threads }),
    },
    job,
  );
}

/** Method -> tensor -> threshold, for all methods among which auto chooses. */
export function autoCandidates(
  calibration: StoredCalibration,
  file: ProjectFile,
): Partial<Record<Method, Record<string, number>>> {
  const tensorrt = calibration.tensorrtThresholds();
  const names = calibration.index.tensors.map(({ name }) => name);
  const known = names.flatMap((name) => {
    const entropy = tensorrt?.get(name)?.entropy;
    return entropy === undefined ? [] : [[name, entropy] as const];
  });
  return {
    ...Object.fromEntries(HISTOGRAM_METHODS.map((method) => [method, thresholdsInUse(calibration, file, method)])),
    ...(known.length === 0 ? {} : { 'entropy-tensorrt': Object.fromEntries(known) }),
    ...(Object.keys(file.importedThresholds).length === 0 || isRescaled(file.plan)
      ? {}
      : { imported: { ...file.importedThresholds } }),
  };
}
