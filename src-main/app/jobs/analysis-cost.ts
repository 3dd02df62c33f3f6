import { unreachable } from '../../../src-shared/base/assert';
import type { AnalysisSpec, AutoSpec, SearchSpec } from '../../../src-shared/contract/job-specs';
import type { AnalysisCost } from '../../../src-shared/contract/views';
import { autoWork } from '../../analysis/auto';
import { chooseAndConfirm } from '../../analysis/choose-images';
import {
  changedRun,
  inFp16,
  layerRuns,
  sumOfWork,
  thresholdRuns,
  wholeRuns,
  type ChangedPart,
  type ExpectedWork,
} from '../../analysis/expected-work';
import { searchTrials, searchWork } from '../../analysis/search';
import { sensitivityWork } from '../../analysis/sensitivity';
import { loadImageSet } from '../../calibration/images/image-set';
import { setArrays } from '../../calibration/inputs/set-arrays';
import { weightBytesOf } from '../../compute/pool/worker-memory';
import { changedPart, openingWork } from '../../compute/trials/changed-part';
import { chooseCuts } from '../../compute/trials/graph-cuts';
import { inputDimsOf } from '../../compute/trials/trial-images';
import { completeSpeed, readSpeed, secondsOf, type TrialSpeed } from '../../compute/trials/trial-speed';
import { analysisSetup, type AnalysisSetup } from '../analysis/analysis-setup';
import { autoCandidates, autoPassesOf, DEFAULT_AUTO_IMAGES, hasCurrentAuto } from '../analysis/auto-thresholds';
import { TRIED_TENSORS } from '../analysis/diagnosis-changes';
import { measuringSeconds } from '../analysis/measure-plans';
import {
  consideredMethods,
  isAutoAffordable,
  layerWorks,
  macsOf,
  rankImages,
  searchLimits,
} from '../analysis/search-setup';
import { defaultThreads, type JobContext } from '../job-context';
import { calibrationIfAny, loadSet, projectFeeding, requireCalibration, type Workspace } from '../projects/workspace';
import { variantOptions } from '../variants/options';
import { DEFAULT_ADVICE_IMAGES, proposalsFor } from './advise-job';
import { DEFAULT_DIAGNOSIS_IMAGES } from './diagnose-job';
import { DEFAULT_SENSITIVITY_IMAGES, matchingLayers, sensitivitySet } from './sensitivity-job';

/** What an analysis will compute, and on how many images. */
interface Task {
  readonly work: ExpectedWork;
  readonly images: number;
  /** Of what follows the trials. */
  readonly secondsAfter?: number;
}

/**
 * What an analysis is expected to cost. The time follows from the latest trials of this project on this machine.
 * @throws WorkbenchError calibration-missing
 */
export async function analysisCost(spec: AnalysisSpec, job: JobContext): Promise<AnalysisCost> {
  const { workspace } = job;
  const setup = await analysisSetup(spec, job);
  const cuts = chooseCuts(setup.model, inputDimsOf(projectFeeding(workspace, setup.model)));
  const task = await taskOf(spec, workspace, { setup, part: changedPart(setup.model, cuts) });
  const { passes, trials } = task.work;
  const opening = openingWork(cuts, { simulates: true, weightBytes: weightBytesOf(workspace.preparedDir) });
  const workers = Math.max(1, Math.min(spec.threads ?? defaultThreads(), task.images));
  const speed = readSpeed(workspace.paths.analysisDir) ?? collectionSpeed(workspace);
  return {
    trials,
    images: task.images,
    passes: Math.round(passes),
    seconds:
      speed &&
      secondsOf(speed, sumOfWork(task.work, opening), { images: task.images, workers }) + (task.secondsAfter ?? 0),
  };
}

interface Model {
  readonly setup: AnalysisSetup;
  readonly part: ChangedPart;
}

async function taskOf(spec: AnalysisSpec, workspace: Workspace, model: Model): Promise<Task> {
  const { setup, part } = model;
  switch (spec.kind) {
    case 'sensitivity': {
      const set = await loadSet(workspace, sensitivitySet(spec), undefined);
      const images = Math.min(set.entries.length, spec.limit ?? DEFAULT_SENSITIVITY_IMAGES);
      const layers = matchingLayers(setup.layers, spec.layers);
      return { images, work: sensitivityWork({ kind: spec.question ?? 'release', layers }, images, part) };
    }
    case 'auto':
      return autoTask(spec, workspace, model);
    case 'search':
      return searchTask(spec, workspace, model);
    case 'diagnose': {
      const set = await loadSet(workspace, 'validation', undefined);
      const images = Math.min(set.entries.length, spec.limit ?? DEFAULT_DIAGNOSIS_IMAGES);
      const layers = setup.layers.map(({ layer }) => layer);
      const tensors = setup.tensors.slice(0, TRIED_TENSORS);
      return {
        images,
        work: sumOfWork(
          wholeRuns(1, images),
          inFp16(layerRuns(layers, images, part)),
          thresholdRuns([...tensors, ...tensors], images, part),
        ),
      };
    }
    case 'advise': {
      const set = await loadSet(workspace, spec.set ?? 'calibration', undefined);
      const proposals = proposalsFor(workspace, {
        model: setup.model,
        calibration: requireCalibration(workspace),
        target: setup.target,
      });
      const images = Math.min(set.entries.length, spec.limit ?? DEFAULT_ADVICE_IMAGES);
      const runs = proposals.map(({ layers }) => changedRun(layers, images, part));
      return { images, work: sumOfWork(wholeRuns(1, images), inFp16(sumOfWork(...runs))) };
    }
    default:
      return unreachable(spec);
  }
}

async function autoTask(spec: Pick<AutoSpec, 'images'>, workspace: Workspace, { setup, part }: Model): Promise<Task> {
  const set = await loadSet(workspace, 'calibration', undefined);
  const { chosen, confirmed } = chooseAndConfirm(set.entries, spec.images ?? DEFAULT_AUTO_IMAGES);
  const thresholds = autoCandidates(setup.calibration, workspace.file);
  const at = { chosen: [...chosen.keys()], confirmed: [...confirmed.keys()] };
  return {
    images: chosen.length + confirmed.length,
    work: autoWork({ tensors: setup.tensors, thresholds, ...at }, part),
  };
}

async function searchTask(spec: SearchSpec, workspace: Workspace, model: Model): Promise<Task> {
  const { setup, part } = model;
  const works = layerWorks(setup);
  const isAutoKnown = await hasCurrentAuto(setup.target, workspace);
  const isAsked = !isAutoKnown && (await choosesAuto(spec, workspace, { setup, macs: macsOf(works) }));
  const auto = isAsked ? await autoTask({}, workspace, model) : null;
  const calibration = await loadSet(workspace, 'calibration', undefined);
  const alternatives = consideredMethods(spec, isAutoKnown || isAsked).length;
  const { ranking } = searchTrials(works.length, spec.maxLayers ?? null, alternatives);
  const ranked = Math.min(rankImages(ranking, macsOf(works)), calibration.entries.length);
  const judging = await judgingImages(spec, workspace);
  // Without a validation set, plans are judged on the images that layers are ranked on.
  const judge = judging ?? ranked;
  const rank = spec.againstPath === undefined ? ranked : judge;
  const layers = works.map(({ layer }) => ({ layer, costUs: 1 }));
  const limits = searchLimits(spec, workspace.file);
  const own = searchWork({ layers, limits, alternatives }, { rank, judge, part });
  const images = rank + (judging === null ? 0 : judge) + (auto?.images ?? 0);
  const secondsAfter = measuringSeconds(variantOptions(spec, workspace, []));
  return { images, work: auto ? sumOfWork(auto.work, own) : own, secondsAfter };
}

async function choosesAuto(
  { method }: SearchSpec,
  workspace: Workspace,
  { setup, macs }: { readonly setup: AnalysisSetup; readonly macs: number },
): Promise<boolean> {
  if (method !== undefined) return method === 'auto';
  return isAutoAffordable((await autoPassesOf({}, workspace, setup.tensors)).passes, macs);
}

/** The number of images of a set of their own that plans are judged on; null: there is no such set. */
async function judgingImages(spec: SearchSpec, workspace: Workspace): Promise<number | null> {
  const set =
    spec.againstPath !== undefined
      ? await loadImageSet({ path: spec.againstPath, ...setArrays(workspace.file.inputs) })
      : workspace.file.validationSet
        ? await loadSet(workspace, 'validation', spec.limit)
        : null;
  return set && Math.min(set.entries.length, spec.limit ?? Number.POSITIVE_INFINITY);
}

/** Before the first trials: as if a run of the quantized model took as long as the collection of histograms. */
function collectionSpeed(workspace: Workspace): TrialSpeed | null {
  const index = calibrationIfAny(workspace)?.index;
  if (index === undefined || index.images === 0) return null;
  const passMs = (1000 * index.seconds * defaultThreads()) / index.images;
  return completeSpeed({ passMs, imageMs: passMs }, null);
}
