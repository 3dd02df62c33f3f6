import { existsSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Warning } from '../../../src-shared/contract/job-results';
import { targetOfBackend } from '../../../src-shared/domain/project/precision';
import { parseVariant, type VariantName } from '../../../src-shared/domain/project/variant';
import type { OnnxVariant, OrtGpu } from '../../backends/runnable-variant';
import { hasContent, sha256OfStoredFile } from '../../base/file-hash';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import type { OpenvinoStatus } from '../../compute/pool/protocol';
import type { Model } from '../../onnx/graph/model';
import type { JobContext } from '../job-context';
import {
  fp32Variant,
  openCalibration,
  openCalibrationIfAny,
  prepared,
  shortHash,
  type Workspace,
} from '../projects/workspace';
import { correctionWarnings, withCorrectedBiases } from './bias-correction';
import {
  ENGINE_RECORD_VERSION,
  onnxPathIn,
  readEngineRecord,
  writeEngineRecord,
  type OnnxEngineRecord,
} from './engine-record';
import { useEngines } from './engine-store';
import { inOpenvino } from './openvino-variant';
import { ortGpu, ortGpuStatus, requireFp16 } from './ort-gpu';
import { asImportedVariant } from './as-imported';
import type { BuiltVariant } from './built-variant';
import type { VariantOptions } from './options';
import {
  REWRITE_VERSION,
  type VariantRecipe,
  needsCalibration,
  needsThresholds,
  portableRecipe,
  variantRecipe,
} from './recipe';
import { buildEngines } from './tensorrt-builder';

/**
 * Builds the engines of variants, or reuses engines of the same content. The thresholds that the variants use must have
 * been chosen before, see ensureThresholds.
 *
 * - Backend ort-cpu, target onnxruntime: a self-contained quantized model that ONNX Runtime fuses to INT8 kernels.
 * - Backend ort-cpu, target tensorrt: a simulation that keeps Q/DQ as float arithmetic and refers to the prepared
 *   weights.
 * - Backends ort-webgpu and ort-cuda: these providers have float kernels only, so that INT8 is simulated for both
 *   targets; FP16 layers do run in FP16.
 * - Backend openvino: a self-contained quantized model, which OpenVINO compiles whenever it is opened; here once, to
 *   learn what its layers compute in.
 * - Backend tensorrt: a TensorRT engine.
 *
 * The variant fp32 of all backends but tensorrt is the prepared model itself, as-imported the file of the project.
 */
export async function buildVariants(options: VariantOptions, job: JobContext): Promise<BuiltVariant[]> {
  const built = options.backend === 'tensorrt' ? await buildEngines(options, job) : await buildOnnx(options, job);
  await useEngines(
    built.map(({ dir }) => dir),
    job,
  );
  return built;
}

interface OnnxTask {
  readonly options: VariantOptions;
  readonly job: JobContext;
  /** The prepared model. */
  readonly model: Model;
  readonly calibration: StoredCalibration | null;
  /** null for ONNX Runtime's backends. */
  readonly openvino: OpenvinoStatus | null;
}

async function buildOnnx(options: VariantOptions, job: JobContext): Promise<BuiltVariant[]> {
  const { workspace, services } = job;
  const gpuStatus = await ortGpuStatus(options, job);
  const openvino = options.backend === 'openvino' ? await services.compute.request('openvino-status', {}, job) : null;
  const model = await prepared(workspace, services.compute, job);
  const names = options.variants.map((text) => parseVariant(text));
  const calibration = names.some(needsCalibration)
    ? await openCalibration(workspace)
    : await openCalibrationIfAny(workspace);
  const built: BuiltVariant[] = [];
  for (const [i, name] of names.entries()) {
    job.onProgress?.({ phase: 'building engines', done: i, total: names.length, unit: 'engines' });
    built.push(await buildOne(name, { options, job, model, calibration, openvino }));
  }
  job.onProgress?.({ phase: 'building engines', done: names.length, total: names.length, unit: 'engines' });
  if (gpuStatus !== null) requireFp16(built, gpuStatus, options);
  return built;
}

async function buildOne(name: VariantName, task: OnnxTask): Promise<BuiltVariant> {
  const built = await buildModel(name, task);
  return task.openvino === null ? built : inOpenvino(built, task.openvino, task);
}

async function buildModel(name: VariantName, task: OnnxTask): Promise<BuiltVariant> {
  const { options, job } = task;
  const { workspace, services } = job;
  const gpu = ortGpu(options);
  if (name.kind === 'fp32' && name.isSparse === undefined) return preparedAsVariant(workspace, gpu);
  if (name.kind === 'as-imported') return asImportedVariant(name.text, gpu, job);
  const requested = variantRecipe(name, { ...task, workspace });
  const hasHalfWeights = task.openvino?.saturates === true && needsThresholds(name);
  const corrected = await withCorrectedBiases(requested, options.threads, job);
  const recipe = hasHalfWeights ? { ...corrected, hasHalfWeights } : corrected;
  const warnings = correctionWarnings(name.text, requested, recipe);
  const isRealTarget = options.target === (targetOfBackend(options.backend) ?? 'onnxruntime');
  const isSimulation = !isRealTarget || gpu !== null;
  // On a GPU FP16 weights are stored in FP16, so that the model has its real size.
  const materialize = isRealTarget || gpu !== null;
  const hasInt8Inputs = options.tensorrt.int8Inputs === true && needsThresholds(name);
  if (hasInt8Inputs && options.target !== 'tensorrt')
    throw new WorkbenchError('usage', `Inputs in INT8 are for the target tensorrt, found ${options.target}`);
  const key = shortHash({
    rewrite: REWRITE_VERSION,
    ...portableRecipe(recipe),
    backend: options.backend,
    isSimulation,
    ...(task.openvino === null
      ? { onnxruntime: services.onnxruntimeVersion }
      : { openvino: task.openvino.version, processor: task.openvino.device }),
    ...(hasInt8Inputs ? { int8Inputs: true } : {}),
  });
  const dir = workspace.paths.engineDir(key);
  const engine: OnnxEngine = {
    dir,
    warnings,
    runnable: {
      kind: 'onnx',
      variant: name.text,
      modelPath: onnxPathIn(dir),
      weightsDir: materialize ? null : workspace.preparedDir,
      simulate: isSimulation,
      ...(gpu === null ? {} : { gpu }),
    },
  };
  const known = readEngineRecord(dir);
  if (known !== null && known.backend !== 'tensorrt' && (await hasContent(onnxPathIn(dir), known.sha256, job.signal)))
    return builtVariant(engine, known, null);
  const startedAt = performance.now();
  const written = await writeOnnx(recipe, { engine, materialize, int8Inputs: hasInt8Inputs }, task);
  const seconds = (performance.now() - startedAt) / 1000;
  const record = { ...written, seconds };
  await writeEngineRecord(engine.dir, record);
  return builtVariant(engine, record, seconds);
}

interface OnnxEngine {
  readonly dir: string;
  readonly warnings: readonly Warning[];
  readonly runnable: Omit<OnnxVariant, 'hasFp16'>;
}

async function writeOnnx(
  recipe: VariantRecipe,
  { engine, ...how }: { readonly engine: OnnxEngine; readonly materialize: boolean; readonly int8Inputs: boolean },
  { options, job }: OnnxTask,
): Promise<OnnxEngineRecord> {
  const { modelPath, simulate, variant } = engine.runnable;
  await mkdir(engine.dir, { recursive: true });
  const { sizeBytes, hasFp16, inputScales } = await job.services.compute.request(
    'rewrite',
    { ...recipe, purpose: simulate ? 'simulation' : 'engine', outPath: modelPath, ...how },
    job,
  );
  const record: OnnxEngineRecord = {
    version: ENGINE_RECORD_VERSION,
    backend: options.backend as OnnxEngineRecord['backend'],
    target: options.target,
    variant,
    sizeBytes,
    hasFp16,
    sha256: await sha256OfStoredFile(modelPath),
    createdAt: new Date().toISOString(),
    ...(inputScales === undefined ? {} : { inputScales }),
  };
  return record;
}

/** @param buildSeconds null if the engine was reused. */
function builtVariant(engine: OnnxEngine, record: OnnxEngineRecord, buildSeconds: number | null): BuiltVariant {
  return {
    runnable: {
      ...engine.runnable,
      hasFp16: record.hasFp16,
      ...(record.inputScales === undefined ? {} : { inputScales: record.inputScales }),
    },
    dir: engine.dir,
    sizeBytes: record.sizeBytes,
    seconds: buildSeconds ?? 0,
    built: buildSeconds !== null,
    ...(record.seconds === undefined ? {} : { buildSeconds: record.seconds }),
    warnings: engine.warnings,
  };
}

function preparedAsVariant(workspace: Workspace, gpu: OrtGpu | null): BuiltVariant {
  const { preparedDir } = workspace;
  const sizeBytes = ['model.onnx', 'weights.bin'].reduce((sum, file) => {
    const path = join(preparedDir, file);
    return sum + (existsSync(path) ? statSync(path).size : 0);
  }, 0);
  const runnable: OnnxVariant = { ...fp32Variant(workspace), ...(gpu === null ? {} : { gpu }) };
  return { runnable, dir: preparedDir, sizeBytes, seconds: 0, built: false };
}
