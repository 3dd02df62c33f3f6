import { unreachable } from '../../../src-shared/base/assert';
import type { AnalysisCost } from '../../../src-shared/contract/views';
import type { AnalysisSpec, AutoSpec, SearchSpec } from '../../../src-shared/contract/job-specs';
import { rankingPasses, searchTrials } from '../../analysis/search';
import { loadImageSet } from '../../calibration/images/image-set';
import { setArrays } from '../../calibration/inputs/set-arrays';
import type { Model } from '../../onnx/graph/model';
import { quantizedParts } from '../../quantization/rewrite/calibration-tensors';
import { allInt8 } from '../../../src-shared/domain/project/precision';
import { loadAnalyses } from '../analysis/analysis-store';
import { TRIED_TENSORS } from '../analysis/diagnosis-changes';
import { DEFAULT_ADVICE_IMAGES, proposalsFor } from './advise-job';
import { DEFAULT_DIAGNOSIS_IMAGES } from './diagnose-job';
import { consideredMethods, isAutoAffordable, layerWorks, macsOf, rankImages } from '../analysis/search-setup';
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
import { autoPassesOf, hasCurrentAuto } from '../analysis/auto-thresholds';

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
      const perLayer = spec.question === 'cause' ? 3 : 1;
      return costOf(spec.question === 'visible' ? 3 : 2 + perLayer * parts.layers.length, images);
    }
    case 'auto':
      return autoCost(spec, workspace, parts.tensors);
    case 'search':
      return searchCost(spec, workspace, { model, ...parts });
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
  const cost = await autoPassesOf(spec, workspace, tensors);
  return { ...cost, trials: Math.ceil(cost.passes / Math.max(1, cost.images)) };
}

async function searchCost(
  spec: SearchSpec,
  workspace: Workspace,
  parts: ReturnType<typeof quantizedParts> & { readonly model: Model },
): Promise<Omit<AnalysisCost, 'seconds'>> {
  const target = spec.target ?? workspace.file.target;
  const isAutoKnown = await hasCurrentAuto(target, workspace);
  const works = layerWorks({
    model: parts.model,
    calibration: await openCalibration(workspace),
    layers: parts.layers.map(({ name }) => ({ layer: name })),
  });
  const cost = isAutoKnown ? 0 : (await autoPassesOf({}, workspace, parts.tensors)).passes;
  const isAsked = spec.method === 'auto' || (spec.method === undefined && isAutoAffordable(cost, macsOf(works)));
  const before = isAsked ? cost : 0;
  const calibration = await loadSet(workspace, 'calibration', undefined);
  const methods = consideredMethods(spec, isAutoKnown || isAsked).length;
  const trials = searchTrials(parts.layers.length, spec.maxLayers ?? null, methods);
  const ranked = Math.min(rankImages(trials.ranking, macsOf(works)), calibration.entries.length);
  const judge =
    spec.againstPath !== undefined
      ? await loadImageSet({ path: spec.againstPath, ...setArrays(workspace.file.inputs) })
      : workspace.file.validationSet
        ? await loadSet(workspace, 'validation', spec.limit)
        : null;
  // Without a validation set, plans are judged on the images that layers are ranked on.
  const images = judge === null ? ranked : Math.min(judge.entries.length, spec.limit ?? Number.POSITIVE_INFINITY);
  const rank = spec.againstPath === undefined ? ranked : images;
  const ranking = rankingPasses(rank, parts.layers.length, spec.maxLayers ?? null, methods);
  const passes = before + ranking + images * trials.judging;
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
