import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { advise } from '../../../src-shared/base/advice';
import { layerId } from '../../../src-shared/base/brand';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Warning } from '../../../src-shared/contract/job-results';
import { summarizeEngine } from '../../../src-shared/domain/engines/engine-layers';
import type { ImageSizes } from '../../../src-shared/domain/project/feeding';
import type { TensorrtBuildOptions, TensorrtOptions } from '../../../src-shared/domain/engines/tensorrt-options';
import {
  fallbackPrecisionOf,
  hasFp16Layers,
  precisionOf,
  type Precision,
  type PrecisionPlan,
} from '../../../src-shared/domain/project/precision';
import { parseVariant, type VariantName } from '../../../src-shared/domain/project/variant';
import type { EngineVariant } from '../../backends/runnable-variant';
import type { ImplicitPrecisions } from '../../backends/tensorrt/build-engine';
import { profilesOf, type Profile } from '../../backends/tensorrt/profiles';
import { hasContent } from '../../base/file-hash';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import type { TensorrtStatus } from '../../compute/pool/protocol';
import type { Model } from '../../onnx/graph/model';
import { modelInputs } from '../../onnx/graph/model-inputs';
import { readModel } from '../../onnx/wire/wire-reader';
import { parserNames } from '../../quantization/rules/parser-names';
import type { JobContext } from '../job-context';
import { cacheText } from '../projects/cache-exchange';
import { openCalibration, openCalibrationIfAny, prepared, projectFeeding, shortHash } from '../projects/workspace';
import { correctionWarnings, withCorrectedBiases } from './bias-correction';
import {
  decidedPrecisions,
  ENGINE_RECORD_VERSION,
  enginePathIn,
  layersPathIn,
  onnxPathIn,
  readEngineKernels,
  readTensorrtRecord,
  writeEngineKernels,
  writeEngineLayers,
  writeEngineRecord,
  type TensorrtEngineRecord,
} from './engine-record';
import { projectImageSizes } from './image-sizes';
import { rememberBuiltEngine, wasBuiltHere } from './engine-store';
import type { BuiltVariant } from './built-variant';
import type { VariantOptions } from './options';
import {
  REWRITE_VERSION,
  type VariantRecipe,
  needsCalibration,
  needsThresholds,
  portableRecipe,
  recipeHash,
  variantRecipe,
} from './recipe';

/** Runs of the engine that the times of its layers are averaged over. */
const PROFILE_RUNS = 50;

interface EngineTask {
  readonly options: VariantOptions;
  readonly job: JobContext;
  /** The prepared model. */
  readonly model: Model;
  readonly calibration: StoredCalibration | null;
  readonly status: TensorrtStatus;
  /** Sizes of images, if an input depends on them. */
  readonly sizes: ImageSizes | null;
  /** Name of the folder of the plan's engine, if this one has other kernels. */
  readonly alternativeOf?: string;
}

/**
 * Builds TensorRT engines one after the other; an engine of the same model, options, TensorRT version and kind of GPU
 * is reused. Strong typing builds from our Q/DQ model. Implicit typing builds from the user's model, with a calibration
 * cache and the layer precisions of the plan.
 */
export async function buildEngines(options: VariantOptions, job: JobContext): Promise<BuiltVariant[]> {
  const { workspace, services } = job;
  const status = await services.compute.request('tensorrt-status', {}, job);
  const model = await prepared(workspace, services.compute, job);
  const names = options.variants.map((text) => parseVariant(text));
  if (names.some(({ kind }) => kind === 'as-imported'))
    throw new WorkbenchError('usage', "The variant as-imported runs in ONNX Runtime, not on the backend 'tensorrt'", {
      hint: 'Choose the backend ort-cpu or ort-cuda for it.',
    });
  const calibration = names.some(needsCalibration)
    ? await openCalibration(workspace)
    : await openCalibrationIfAny(workspace);
  const sizes =
    options.tensorrt.profiles === undefined
      ? await projectImageSizes(workspace, projectFeeding(workspace, model), options.tensorrt)
      : null;
  const task: EngineTask = { options, job, model, calibration, status, sizes };
  const built: BuiltVariant[] = [];
  for (const [i, name] of names.entries()) {
    job.onProgress?.({ phase: 'building engines', done: i, total: names.length, unit: 'engines' });
    built.push(await buildOne(name, task));
  }
  job.onProgress?.({ phase: 'building engines', done: names.length, total: names.length, unit: 'engines' });
  return built;
}

/** What one engine is built from. */
interface EngineSource {
  readonly name: VariantName;
  /** The recipe without corrected biases: it is known without measuring them. */
  readonly requested: VariantRecipe;
  readonly recipe: VariantRecipe;
  /** The options with the typing of this variant. */
  readonly options: TensorrtOptions;
  readonly gpu: string;
  /** Layer of the model -> name of the layer in the file that TensorRT reads. */
  readonly layerNames: ReadonlyMap<string, string>;
  /** null with strong typing. */
  readonly implicit: ImplicitPrecisions | null;
}

async function buildOne(name: VariantName, task: EngineTask): Promise<BuiltVariant> {
  const { job, status } = task;
  const { workspace, services } = job;
  const source = await engineSource(name, task);
  const { requested, recipe, options } = source;
  const { kernels } = task.options;
  const identity = {
    rewrite: REWRITE_VERSION,
    ...portableRecipe(recipe),
    implicit: source.implicit,
    options: identityOf(options),
    // Fixed sizes follow from the model, the preprocessing and the batches.
    ...(task.sizes === null ? {} : { sizes: task.sizes }),
    backend: 'tensorrt',
    tensorrt: status.version,
    gpu: source.gpu,
  };
  const plain = shortHash(identity);
  const isAlternative = kernels !== undefined && kernels.length > 0;
  const dir = workspace.paths.engineDir(isAlternative ? shortHash({ ...identity, kernels }) : plain);
  const known = readTensorrtRecord(dir);
  const isForeign = known !== null && !wasBuiltHere(services.userDataDir, known.sha256);
  const warnings = [
    ...correctionWarnings(name.text, requested, recipe),
    ...(isForeign ? [foreignEngineWarning(name, enginePathIn(dir))] : []),
  ];
  const isRecorded = kernels === undefined || readEngineKernels(dir) !== null;
  const stored = isRecorded ? await storedEngine(dir, { name, device: options.device }, job) : null;
  if (stored !== null) return { ...stored, warnings };
  await mkdir(dir, { recursive: true });
  const record = await buildEngine(source, dir, isAlternative ? { ...task, alternativeOf: plain } : task);
  return { ...builtVariant(dir, record, { name, device: options.device, built: true }), warnings };
}

/** The TensorRT engine in a folder; null if there is none that this user built, or its content has changed. */
export async function storedEngine(
  dir: string,
  { name, device }: { readonly name: VariantName; readonly device: number },
  { services, signal }: Pick<JobContext, 'services' | 'signal'>,
): Promise<BuiltVariant | null> {
  const record = readTensorrtRecord(dir);
  if (record === null || !wasBuiltHere(services.userDataDir, record.sha256)) return null;
  if (!(await hasContent(enginePathIn(dir), record.sha256, signal))) return null;
  return builtVariant(dir, record, { name, device, built: false });
}

async function engineSource(name: VariantName, task: EngineTask): Promise<EngineSource> {
  const { options, job, model, status } = task;
  const gpu = gpuKind(status, options.tensorrt.device);
  const requested = variantRecipe(name, { ...task, workspace: job.workspace });
  // In FP32 both typings give the same network.
  const typing = name.kind === 'fp32' ? 'strong' : options.tensorrt.typing;
  // Implicit typing reads the user's model, whose layers have the names that TensorRT's parser gives them.
  const layerNames =
    typing === 'implicit'
      ? parserNames(model, readModel(job.workspace.file.model.path))
      : new Map(model.graph.node.map((node) => [node.name, node.name]));
  if (typing === 'implicit' && (options.tensorrt.fp16Outputs || options.tensorrt.int8Inputs))
    throw new WorkbenchError(
      'usage',
      'Implicit typing builds from the model as it was given; its inputs and outputs keep their types',
      { hint: 'Choose strong typing for inputs in INT8 and outputs in FP16.' },
    );
  const implicit = typing === 'implicit' ? implicitPrecisions(name, { plan: requested.plan, layerNames }, task) : null;
  return {
    name,
    requested,
    recipe: implicit ? requested : await withCorrectedBiases(requested, options.threads, job),
    options: { ...options.tensorrt, typing },
    gpu,
    layerNames,
    implicit,
  };
}

/** Builds and profiles the engine, and writes it with its record into `dir`. */
async function buildEngine(source: EngineSource, dir: string, task: EngineTask): Promise<TensorrtEngineRecord> {
  const { name, requested, recipe, gpu, layerNames, implicit } = source;
  const { job, status, model } = task;
  const { workspace, services } = job;
  const { tensorrt, kernels } = task.options;
  const profiles = profilesOf(modelInputs(model), projectFeeding(workspace, model), {
    batches: tensorrt.batches,
    sizes: task.sizes,
    chosen: tensorrt.profiles,
  });
  const modelPath = implicit ? workspace.file.model.path : onnxPathIn(dir);
  const written = implicit
    ? null
    : await services.compute.request(
        'rewrite',
        {
          ...recipe,
          purpose: 'engine',
          outPath: modelPath,
          materialize: true,
          ...(tensorrt.int8Inputs && needsThresholds(name) ? { int8Inputs: true } : {}),
          ...(tensorrt.fp16Outputs ? { io: 'fp16-outputs' as const } : {}),
        },
        job,
      );
  const enginePath = enginePathIn(dir);
  const result = await services.compute.request(
    'tensorrt-build',
    {
      variant: name.text,
      modelPath,
      enginePath,
      device: tensorrt.device,
      options: tensorrt,
      profiles,
      timingCachePath: join(
        services.userDataDir,
        'timing-caches',
        `${gpu.replaceAll(/[^A-Za-z0-9.]+/g, '-')}-tensorrt-${status.version}.cache`,
      ),
      implicit,
      sparsity: name.isSparse === true,
      kernels: kernels ?? null,
    },
    job,
  );
  const engine: EngineVariant = {
    kind: 'engine',
    variant: name.text,
    enginePath,
    sha256: result.sha256,
    device: tensorrt.device,
  };
  const found = await services.compute.request(
    'tensorrt-layers',
    { engine, shapes: usualShapes(profiles), runs: PROFILE_RUNS, onnxLayers: [...layerNames.values()] },
    job,
  );
  const ours = new Map([...layerNames].map(([layer, parsed]) => [parsed, layer]));
  const layers = found.layers.map((layer) => ({
    ...layer,
    onnxLayers: layer.onnxLayers.map((parsed) => ours.get(parsed) ?? parsed),
  }));
  const record: TensorrtEngineRecord = {
    version: ENGINE_RECORD_VERSION,
    backend: 'tensorrt',
    target: task.options.target,
    variant: name.text,
    recipe: recipeHash(requested),
    asked: written ? decidedPrecisions(written.decisions) : plannedPrecisions(requested.plan, model),
    tensorrt: status.version,
    gpu,
    options: source.options,
    sha256: result.sha256,
    sizeBytes: result.sizeBytes,
    seconds: result.seconds,
    log: [
      ...result.log.map(({ severity, message }) => `${severity}: ${message}`),
      ...result.ignoredLayers.map(
        (layer) => `warning: TensorRT's network has no layer of ${ours.get(layer) ?? layer}: its precision was not set`,
      ),
    ],
    ...(written?.inputScales === undefined ? {} : { inputScales: written.inputScales }),
    summary: summarizeEngine(layers),
    createdAt: new Date().toISOString(),
    ...(task.alternativeOf === undefined ? {} : { alternativeOf: task.alternativeOf }),
  };
  await rememberBuiltEngine(services.userDataDir, record.sha256);
  // The record comes last: a folder that has one is complete.
  await writeEngineLayers(dir, layers);
  await writeEngineKernels(dir, result.kernels);
  await writeEngineRecord(dir, record);
  return record;
}

function foreignEngineWarning(name: VariantName, enginePath: string): Warning {
  const message =
    `${name.text}: the engine ${enginePath} was not built by this user on this machine; it was not loaded, because ` +
    'loading an engine runs code that it holds, and was built again';
  return { code: 'foreign-engine', message };
}

/** The options that determine the engine's content; timing options and the choice among GPUs of one kind do not. */
function identityOf({
  typing,
  batches,
  workspaceMib,
  optimizationLevel,
  tf32,
  auxiliaryStreams,
  versionCompatible,
  profiles,
  fp16Outputs,
  int8Inputs,
}: TensorrtOptions): TensorrtBuildOptions {
  return {
    typing,
    // Chosen profiles are the same for every batch size that is timed.
    batches: profiles === undefined ? batches : [],
    workspaceMib,
    optimizationLevel,
    tf32,
    auxiliaryStreams,
    versionCompatible,
    ...(profiles === undefined ? {} : { profiles }),
    ...(fp16Outputs ? { fp16Outputs } : {}),
    ...(int8Inputs ? { int8Inputs } : {}),
  };
}

function builtVariant(
  dir: string,
  record: TensorrtEngineRecord,
  { name, device, built }: { readonly name: VariantName; readonly device: number; readonly built: boolean },
): BuiltVariant {
  return {
    runnable: {
      kind: 'engine',
      variant: name.text,
      enginePath: enginePathIn(dir),
      sha256: record.sha256,
      device,
      ...(record.inputScales === undefined ? {} : { inputScales: record.inputScales }),
    },
    dir,
    sizeBytes: record.sizeBytes,
    seconds: built ? record.seconds : 0,
    buildSeconds: record.seconds,
    built,
    engine: { summary: record.summary, layersPath: layersPathIn(dir), log: record.log },
  };
}

/** The shapes that the first profile is tuned for. */
function usualShapes([first = {}]: readonly Profile[]): Record<string, readonly number[]> {
  return Object.fromEntries(Object.entries(first).map(([name, { opt }]) => [name, opt]));
}

/** Layer -> precision in the plan; with implicit typing TensorRT may decide otherwise. */
function plannedPrecisions(plan: PrecisionPlan, model: Model): Record<string, Precision> {
  return Object.fromEntries(model.graph.node.map(({ name }) => [name, precisionOf(plan, layerId(name))]));
}

/**
 * Name and compute capability of a GPU: an engine runs on every GPU of the kind that it was built on.
 * @throws WorkbenchError usage if there is no such GPU
 */
export function gpuKind({ devices }: TensorrtStatus, index: number): string {
  const device = devices[index];
  if (!device)
    throw new WorkbenchError('usage', `There is no GPU ${index}; this machine has ${devices.length}`, {
      hint: advise('device-from-zero'),
    });
  return `${device.name} ${device.computeCapability}`;
}

/** Precisions and calibration cache that TensorRT 10 gets in place of Q/DQ layers. */
function implicitPrecisions(
  name: VariantName,
  { plan, layerNames }: { readonly plan: PrecisionPlan; readonly layerNames: ReadonlyMap<string, string> },
  { job: { workspace }, calibration }: EngineTask,
): ImplicitPrecisions {
  if (plan.repairs) {
    throw new WorkbenchError(
      'usage',
      'Implicit typing builds from the model as it was given; repaired weights and biases are not in it',
      {
        hint: advise('switch-repairs-off', { project: workspace.path }),
      },
    );
  }
  const isInt8 = needsThresholds(name);
  const hasFp16 = fallbackPrecisionOf(plan, 'tensorrt') === 'fp16' || hasFp16Layers(plan);
  // The variants fp16 and fp32 use builder flags, which apply to all layers. Only a mixed plan sets precisions per
  // layer.
  const layers =
    name.kind === 'mixed'
      ? Object.entries(plan.layers).map(([layer, precision]) => ({ layer: layerNames.get(layer) ?? layer, precision }))
      : [];
  return {
    allowed: [...(name.kind !== 'fp32' && hasFp16 ? (['fp16'] as const) : []), ...(isInt8 ? (['int8'] as const) : [])],
    calibrationCache:
      isInt8 && calibration ? cacheText(workspace, calibration, name.method ?? workspace.file.method) : null,
    layers,
  };
}
