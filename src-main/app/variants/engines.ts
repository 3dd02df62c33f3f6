import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { layerId } from '../../../src-shared/base/brand';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Warning } from '../../../src-shared/contract/job-results';
import { summarizeEngine } from '../../../src-shared/domain/engines/engine-layers';
import {
  precisionOf,
  fallbackPrecisionOf,
  type PlacementDecision,
  type Precision,
  type PrecisionPlan,
} from '../../../src-shared/domain/project/precision';
import type { TensorrtBuildOptions, TensorrtOptions } from '../../../src-shared/domain/engines/tensorrt-options';
import { parseVariant, type VariantName } from '../../../src-shared/domain/project/variant';
import type { ImplicitPrecisions } from '../../backends/tensorrt/build-engine';
import { hasContent } from '../../base/file-hash';
import type { EngineVariant } from '../../backends/runnable-variant';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import type { TensorrtStatus } from '../../compute/pool/protocol';
import { DataType, type Model } from '../../onnx/graph/model';
import { readModel } from '../../onnx/wire/wire-reader';
import { parserNames } from '../../quantization/rules/parser-names';
import { cacheText } from '../projects/cache-exchange';
import { openCalibration, openCalibrationIfAny, prepared, shortHash } from '../projects/workspace';
import {
  enginePathIn,
  layersPathIn,
  readEngineRecord,
  recipeHash,
  writeEngineRecord,
  type EngineRecord,
} from './engine-record';
import { rememberBuiltEngine, wasBuiltHere } from './engine-store';
import { correctionWarnings, withCorrectedBiases } from './corrected-biases';
import type { JobContext } from '../job-context';
import { REWRITE_VERSION } from './rewrite-version';
import { needsCalibration, portable, variantRecipe, type BuiltVariant, type VariantOptions } from './variants';

const PROFILE_RUNS = 50;

interface EngineTask {
  readonly options: VariantOptions;
  readonly job: JobContext;
  readonly model: Model;
  readonly calibration: StoredCalibration | null;
  readonly status: TensorrtStatus;
}

/**
 * Builds TensorRT engines, one after the other; an engine of the same model, options, TensorRT and GPU is kept. Strong typing
 * builds from our Q/DQ model; implicit typing from the user's model with a calibration cache and the plan's layer precisions.
 */
export async function buildEngines(options: VariantOptions, job: JobContext): Promise<BuiltVariant[]> {
  const { workspace, services } = job;
  const status = await services.compute.request('tensorrt-status', {}, job);
  const model = await prepared(workspace, services.compute, job);
  const names = options.variants.map((text) => parseVariant(text));
  const calibration = names.some((name) => needsCalibration(name))
    ? await openCalibration(workspace)
    : await openCalibrationIfAny(workspace);
  const task: EngineTask = { options, job, model, calibration, status };
  const built: BuiltVariant[] = [];
  for (const [i, name] of names.entries()) {
    job.onProgress?.({ phase: 'building engines', done: i, total: names.length, unit: 'engines' });
    built.push(await buildOne(name, task));
  }
  job.onProgress?.({ phase: 'building engines', done: names.length, total: names.length, unit: 'engines' });
  return built;
}

async function buildOne(name: VariantName, task: EngineTask): Promise<BuiltVariant> {
  const { options, job, status } = task;
  const { workspace, services } = job;
  const { tensorrt } = options;
  const gpu = gpuKind(status, tensorrt.device);
  const recipe = variantRecipe(name, { ...task, workspace });
  // FP32 is the same network either way.
  const typing = name.kind === 'fp32' ? 'strong' : tensorrt.typing;
  // Implicit typing reads the model as it was given, with the names that TensorRT's parser gives its layers.
  const names =
    typing === 'implicit'
      ? parserNames(task.model, readModel(workspace.file.model.path))
      : new Map(task.model.graph.node.map((node) => [node.name, node.name]));
  const implicit = typing === 'implicit' ? implicitPrecisions(name, names, task) : null;
  const corrected = implicit ? recipe : await withCorrectedBiases(recipe, options.threads, job);
  const key = shortHash({
    rewrite: REWRITE_VERSION,
    ...portable(corrected),
    implicit,
    options: { ...identityOf(tensorrt), typing },
    backend: 'tensorrt',
    tensorrt: status.version,
    gpu,
  });
  const dir = workspace.paths.engineDir(key);
  const known = readEngineRecord(dir);
  const isOurs = known !== null && wasBuiltHere(services.userDataDir, known.sha256);
  const warnings = [
    ...correctionWarnings(name.text, recipe, corrected),
    ...(known === null || isOurs ? [] : [foreignEngineWarning(name, enginePathIn(dir))]),
  ];
  if (isOurs && (await hasContent(enginePathIn(dir), known.sha256, job.signal)))
    return { ...builtVariant(name, dir, known, { device: tensorrt.device, built: false }), warnings };
  await mkdir(dir, { recursive: true });
  const modelPath = implicit ? workspace.file.model.path : join(dir, 'model.onnx');
  const written = implicit
    ? null
    : await services.compute.request(
        'rewrite',
        { ...corrected, purpose: 'engine', outPath: modelPath, materialize: true },
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
      dynamicInputs: dynamicInputs(task.model),
      timingCachePath: join(
        services.userDataDir,
        'timing-caches',
        `${gpu.replaceAll(/[^A-Za-z0-9.]+/g, '-')}-tensorrt-${status.version}.cache`,
      ),
      implicit,
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
    { engine, batch: tensorrt.batches[0] ?? 1, runs: PROFILE_RUNS, onnxLayers: [...names.values()] },
    job,
  );
  const ours = new Map([...names].map(([layer, parsed]) => [parsed, layer]));
  const layers = found.layers.map((layer) => ({
    ...layer,
    onnxLayers: layer.onnxLayers.map((parsed) => ours.get(parsed) ?? parsed),
  }));
  const record: EngineRecord = {
    version: 4,
    backend: 'tensorrt',
    variant: name.text,
    recipe: recipeHash(recipe),
    asked: written ? decidedPrecisions(written.decisions) : plannedPrecisions(recipe.plan, task.model),
    tensorrt: status.version,
    gpu,
    options: { ...tensorrt, typing },
    sha256: result.sha256,
    sizeBytes: result.sizeBytes,
    seconds: result.seconds,
    log: [
      ...result.log.map(({ severity, message }) => `${severity}: ${message}`),
      ...result.ignoredLayers.map(
        (layer) => `warning: TensorRT's network has no layer of ${ours.get(layer) ?? layer}: its precision was not set`,
      ),
    ],
    summary: summarizeEngine(layers),
    createdAt: new Date().toISOString(),
  };
  await rememberBuiltEngine(services.userDataDir, record.sha256);
  await writeEngineRecord(dir, record, layers);
  return { ...builtVariant(name, dir, record, { device: tensorrt.device, built: true }), warnings };
}

function foreignEngineWarning(name: VariantName, enginePath: string): Warning {
  const message = `${name.text}: the engine ${enginePath} was not built by this user on this machine; it was not loaded, because loading an engine runs code that it holds, and was built again`;
  return { code: 'foreign-engine', message };
}

/** The options that an engine depends on; how it is timed, and on which of several equal GPUs, is not part of it. */
function identityOf({
  typing,
  batches,
  workspaceMib,
  optimizationLevel,
  tf32,
  auxiliaryStreams,
  versionCompatible,
}: TensorrtOptions): TensorrtBuildOptions {
  return { typing, batches, workspaceMib, optimizationLevel, tf32, auxiliaryStreams, versionCompatible };
}

function builtVariant(
  name: VariantName,
  dir: string,
  record: EngineRecord,
  { device, built }: { readonly device: number; readonly built: boolean },
): BuiltVariant {
  const enginePath = enginePathIn(dir);
  return {
    runnable: { kind: 'engine', variant: name.text, enginePath, sha256: record.sha256, device },
    dir,
    sizeBytes: record.sizeBytes,
    seconds: built ? record.seconds : 0,
    built,
    engine: { summary: record.summary, layersPath: layersPathIn(dir), log: record.log },
  };
}

/** What the rewritten model states for each layer. */
function decidedPrecisions(decisions: readonly PlacementDecision[]): Record<string, Precision> {
  return Object.fromEntries(
    decisions.filter(({ tensor }) => tensor === undefined).map(({ layer, precision }) => [layer, precision]),
  );
}

/** With implicit typing TensorRT decides; what was asked is the plan. */
function plannedPrecisions(plan: PrecisionPlan, model: Model): Record<string, Precision> {
  return Object.fromEntries(model.graph.node.map(({ name }) => [name, precisionOf(plan, layerId(name))]));
}

/** Name and compute capability: an engine runs on every GPU of the kind that it was built on. */
export function gpuKind({ devices }: TensorrtStatus, index: number): string {
  const device = devices[index];
  if (!device)
    throw new WorkbenchError('usage', `There is no GPU ${index}; this machine has ${devices.length}`, {
      hint: '--device counts from 0.',
    });
  return `${device.name} ${device.computeCapability}`;
}

/** Float inputs with a symbolic batch, as [-1, ...]. @throws WorkbenchError model-unsupported for other symbolic sizes. */
function dynamicInputs(model: Model): Record<string, readonly number[]> {
  const initializers = new Set(model.graph.initializer.map((tensor) => tensor.name));
  const shaped = model.graph.input
    .filter((info) => !initializers.has(info.name))
    .flatMap((info) => {
      const dims = (info.tensorType?.shape ?? []).map((dim) => (dim.kind === 'value' ? dim.value : -1));
      if (!dims.includes(-1)) return [];
      if (info.tensorType?.elemType !== DataType.FLOAT || dims.indexOf(-1) !== 0 || dims.lastIndexOf(-1) !== 0) {
        throw new WorkbenchError(
          'model-unsupported',
          `Input "${info.name}" has a symbolic size that is not the batch: engines need it fixed`,
          { hint: 'Export the model with fixed height and width.' },
        );
      }
      return [[info.name, dims] as const];
    });
  return Object.fromEntries(shaped);
}

/** What TensorRT 10 is told instead of Q/DQ. */
function implicitPrecisions(
  name: VariantName,
  names: ReadonlyMap<string, string>,
  { job: { workspace }, calibration, options, model }: EngineTask,
): ImplicitPrecisions {
  const { plan } = variantRecipe(name, { options, workspace, model, calibration });
  if (plan.repairs) {
    throw new WorkbenchError(
      'usage',
      'Implicit typing builds from the model as it was given; repaired weights and biases are not in it',
      {
        hint: `Use --typing strong, or switch them off: calib set ${workspace.path} --equalization off --bias-correction off`,
      },
    );
  }
  const isInt8 = needsCalibration(name);
  const half = fallbackPrecisionOf(plan, 'tensorrt') === 'fp16' || Object.values(plan.layers).includes('fp16');
  const allowed = [
    ...(name.kind !== 'fp32' && half ? (['fp16'] as const) : []),
    ...(isInt8 ? (['int8'] as const) : []),
  ];
  // fp16 and fp32 hold for every layer: flags say that; a plan names layers.
  const layers =
    name.kind === 'mixed'
      ? Object.entries(plan.layers).map(([layer, precision]) => ({ layer: names.get(layer) ?? layer, precision }))
      : [];
  return {
    allowed,
    calibrationCache:
      isInt8 && calibration ? cacheText(workspace, calibration, name.method ?? workspace.file.method) : null,
    layers,
  };
}
