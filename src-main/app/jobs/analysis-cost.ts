import { unreachable } from '../../../src-shared/base/assert';
import type { AnalysisCost } from '../../../src-shared/contract/views';
import type { AnalysisSpec, AutoSpec, SearchSpec } from '../../../src-shared/contract/job-specs';
import { autoPasses } from '../../analysis/auto';
import { chooseAndConfirm } from '../../analysis/choose-images';
import { searchTrials } from '../../analysis/search';
import { loadImageSet } from '../../calibration/images/image-set';
import { setArrays } from '../../calibration/inputs/set-arrays';
import { quantizedParts } from '../../quantization/rewrite/calibration-tensors';
import { allInt8, loadAnalyses } from '../analysis/analysis-store';
import { TRIED_TENSORS } from '../analysis/diagnosis-changes';
import { DEFAULT_ADVICE_IMAGES, proposalsFor } from './advise-job';
import { DEFAULT_DIAGNOSIS_IMAGES } from './diagnose-job';
import { consideredMethods, RANK_IMAGES } from '../analysis/search-setup';
import { DEFAULT_SENSITIVITY_IMAGES, sensitivitySet } from './sensitivity-job';
import { defaultThreads, type JobContext } from '../job-context';
import {
  loadSet,
  openCalibration,
  calibrationIfAny,
  prepared,
  requireCalibration,
  type Workspace,
} from '../projects/workspace';
import { DEFAULT_AUTO_IMAGES, autoCandidates } from '../analysis/auto-thresholds';

/** Duration of a simulated INT8 pass relative to an FP32 pass that collects histograms, approximately. */
const SIMULATION_FACTOR = 1.5;

/** An upper bound of what an analysis will cost. @throws WorkbenchError calibration-missing */
export async function analysisCost(spec: AnalysisSpec, job: JobContext): Promise<AnalysisCost> {
  const cost = await countPasses(spec, job);
  return { ...cost, seconds: await secondsOf(cost.passes, spec.threads ?? defaultThreads(), job.workspace) };
}

async function countPasses(spec: AnalysisSpec, job: JobContext): Promise<Omit<AnalysisCost, 'seconds'>> {
  const { workspace, services } = job;
  const model = await prepared(workspace, services.compute, job);
  const parts = quantizedParts(model, allInt8(workspace.file.plan), spec.target ?? workspace.file.target);
  switch (spec.kind) {
    case 'sensitivity': {
      const set = await loadSet(workspace, sensitivitySet(spec), undefined);
      const images = Math.min(set.entries.length, spec.limit ?? DEFAULT_SENSITIVITY_IMAGES);
      return costOf(spec.question === 'visible' ? 3 : 2 + parts.layers.length, images);
    }
    case 'auto':
      return autoCost(spec, workspace, parts.tensors);
    case 'search':
      return searchCost(spec, workspace, parts);
    case 'diagnose':
      return costOf(2 + parts.layers.length + 2 * TRIED_TENSORS, spec.limit ?? DEFAULT_DIAGNOSIS_IMAGES);
    case 'advise': {
      const set = await loadSet(workspace, spec.set ?? 'calibration', undefined);
      const calibration = requireCalibration(workspace);
      const proposals = proposalsFor(workspace, { model, calibration, target: spec.target ?? workspace.file.target });
      return costOf(2 + proposals.length, Math.min(set.entries.length, spec.limit ?? DEFAULT_ADVICE_IMAGES));
    }
    default:
      return unreachable(spec);
  }
}

function costOf(trials: number, images: number): Omit<AnalysisCost, 'seconds'> {
  return { trials, images, passes: trials * images };
}

async function autoCost(
  spec: Pick<AutoSpec, 'images'>,
  workspace: Workspace,
  tensors: readonly string[],
): Promise<Omit<AnalysisCost, 'seconds'>> {
  const set = await loadSet(workspace, 'calibration', undefined);
  const { chosen, confirmed } = chooseAndConfirm(set.entries, spec.images ?? DEFAULT_AUTO_IMAGES);
  const at = { chosen: [...chosen.keys()], confirmed: [...confirmed.keys()] };
  const passes =
    chosen.length +
    confirmed.length +
    autoPasses({ tensors, thresholds: autoCandidates(await openCalibration(workspace), workspace.file), ...at });
  return { images: chosen.length, passes, trials: Math.ceil(passes / Math.max(1, chosen.length)) };
}

async function searchCost(
  spec: SearchSpec,
  workspace: Workspace,
  parts: { readonly layers: readonly unknown[]; readonly tensors: readonly string[] },
): Promise<Omit<AnalysisCost, 'seconds'>> {
  const { auto } = await loadAnalyses(workspace);
  const needsAuto = (spec.method === undefined || spec.method === 'auto') && auto?.isCurrent !== true;
  const before = needsAuto ? (await autoCost({}, workspace, parts.tensors)).passes : 0;
  const calibration = await loadSet(workspace, 'calibration', undefined);
  const ranked = Math.min(RANK_IMAGES, calibration.entries.length);
  const judge =
    spec.againstPath !== undefined
      ? await loadImageSet({ path: spec.againstPath, ...setArrays(workspace.file.inputs) })
      : workspace.file.validationSet
        ? await loadSet(workspace, 'validation', spec.limit)
        : null;
  // Without a validation set, plans are judged on the images that layers are ranked on.
  const images = judge === null ? ranked : Math.min(judge.entries.length, spec.limit ?? Number.POSITIVE_INFINITY);
  const rank = spec.againstPath === undefined ? ranked : images;
  const trials = searchTrials(parts.layers.length, spec.maxLayers ?? null, consideredMethods(spec).length);
  const passes = before + rank * trials.ranking + images * trials.judging;
  return { images, trials: trials.ranking + trials.judging, passes };
}

/** Estimate from the speed of the latest analysis, else of the calibration; null if there was neither. */
async function secondsOf(passes: number, threads: number, workspace: Workspace): Promise<number | null> {
  const { sensitivity, auto, search } = await loadAnalyses(workspace);
  const known = [auto, search, ...Object.values(sensitivity)].flatMap((found) =>
    found && found.result.passes > 0 ? [found.result] : [],
  );
  const [latest] = known.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  if (latest) return (passes * latest.seconds) / latest.passes;
  const index = calibrationIfAny(workspace)?.index;
  return index && index.images > 0
    ? (passes * SIMULATION_FACTOR * index.seconds * defaultThreads()) / index.images / threads
    : null;
}
