import { allInt8, type Target } from '../../../src-shared/domain/project/precision';
import type { Method } from '../../../src-shared/domain/project/methods';
import { resolvedMethod } from '../../calibration/histograms/threshold-table';
import { basename } from 'node:path';
import type { FixSpec } from '../../../src-shared/contract/job-specs';
import type { FixDecisions } from '../../../src-shared/domain/analysis/fix';
import type { LayerWork } from '../../../src-shared/domain/runs/latency-model';
import { setManifestHash } from '../../calibration/images/image-set';
import { layerWorks, macsOf, rankImages } from '../analysis/search-setup';
import type { JobContext } from '../job-context';
import { allowedMetricHash } from '../projects/metric-consent';
import {
  currentCalibrationKey,
  inputsOf,
  openCalibration,
  prepared,
  projectFeeding,
  shortHash,
  type Workspace,
} from '../projects/workspace';
import { variantOptions, withFixedBatch, type VariantOptions } from '../variants/options';
import { REWRITE_VERSION } from '../variants/recipe';
import { trialOf } from './candidates';
import { fixImages, type FixImages } from './images';
import { FixJournal } from './journal';
import { accuracyGates, type Judging } from './judging';

/** Version of the stages; raise it when the same project would get another answer. */
const FIX_VERSION = 9;
/** Assumed ratio of the run time of a quantized model to the time that a calibration takes for an image. */
const TRIAL_TO_COLLECTION = 1.5;
/** The number of models whose cost determines the number of images that choose. */
const COMPARED_MODELS = 48;

/** What a fix starts from. */
export interface FixSetup {
  readonly spec: FixSpec;
  readonly options: VariantOptions;
  /** The project's decisions, and the same with all layers in INT8. */
  readonly present: FixDecisions;
  readonly first: FixDecisions;
  readonly images: FixImages;
  readonly judging: Judging;
  readonly journal: FixJournal;
  /** The layers that can leave INT8, for modelled latencies. */
  readonly works: readonly { readonly layer: string; readonly work: LayerWork }[];
  /** Estimated seconds of one run of a quantized model on one image. */
  readonly secondsPerPass: number;
}

/** Prepares the model, and chooses images. The project must be calibrated. */
export async function fixSetup(spec: FixSpec, job: JobContext): Promise<FixSetup> {
  const { workspace, services } = job;
  const model = await prepared(workspace, services.compute, job);
  const options = withFixedBatch(variantOptions(spec, workspace, []), spec, projectFeeding(workspace, model));
  const { method, tensorMethods, plan } = workspace.file;
  const present: FixDecisions = { method, tensorMethods, plan };
  const first: FixDecisions = {
    ...present,
    method: await explicitMethod(options.target, workspace),
    plan: allInt8(plan),
  };
  const { setup } = await trialOf(first, { target: options.target, threads: spec.threads }, job);
  const works = layerWorks(setup);
  const images = await fixImages(rankImages(COMPARED_MODELS, macsOf(works)), spec, workspace);
  const judging: Judging = {
    set: images.judging,
    judgedOn: images.judgedOn,
    gates: accuracyGates(workspace.file.gates, images.judging),
    options,
  };
  const { index } = setup.calibration;
  const key = await keyOf(spec, { images, judging }, job);
  return {
    spec,
    options,
    present,
    first,
    images,
    judging,
    journal: new FixJournal(workspace.paths.analysisFile(`fix-${key}`).replace(/\.json$/, '.fix.jsonl')),
    works,
    secondsPerPass: (TRIAL_TO_COLLECTION * index.seconds) / Math.max(1, index.images),
  };
}

/**
 * The method that `best` has chosen: plans of later stages begin with its thresholds, and not with a choice of their
 * own.
 */
async function explicitMethod(target: Target, workspace: Workspace): Promise<Method> {
  const { file } = workspace;
  return file.method === 'best'
    ? resolvedMethod(await openCalibration(workspace), { ...file, target }, 'best')
    : file.method;
}

/** Identity of everything that the answer depends on. The time limit counts, because it decides which stages run. */
async function keyOf(
  { minutes, backend, tensorrt, maxLayers }: FixSpec,
  { images, judging }: { readonly images: FixImages; readonly judging: Judging },
  job: JobContext,
): Promise<string> {
  const { workspace, services } = job;
  const { file } = workspace;
  return shortHash({
    version: FIX_VERSION,
    rewrite: REWRITE_VERSION,
    onnxruntime: services.onnxruntimeVersion,
    prepared: basename(workspace.preparedDir),
    calibration: currentCalibrationKey(workspace),
    target: judging.options.target,
    gates: judging.gates,
    preprocessing: file.preprocessing,
    ...inputsOf(file),
    task: file.task ?? null,
    metric: (await allowedMetricHash(file.task, services.userDataDir)) ?? null,
    decisions: [
      file.method,
      file.percentile,
      file.tensorMethods,
      file.manualThresholds,
      file.importedThresholds,
      file.plan,
    ],
    minutes: minutes ?? null,
    maxLayers: maxLayers ?? null,
    backend: backend ?? 'ort-cpu',
    tensorrt: tensorrt ?? null,
    judgedOn: images.judgedOn,
    choosing: await setManifestHash(images.choosing, job),
    judging: await setManifestHash(images.judging, job),
    labels: images.judging.entries.map(({ label, truth }) => [label, truth ?? null]),
  });
}
