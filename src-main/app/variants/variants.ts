import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { layerId } from '../../../src-shared/base/brand';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Warning } from '../../../src-shared/contract/job-results';
import type { BackendId, Target } from '../../../src-shared/domain/project/precision';
import { withoutRedundantInt8 } from '../../quantization/placement/presets';
import { parseVariant, planOfVariant, type VariantName } from '../../../src-shared/domain/project/variant';
import type { ImageInput } from '../../../src-shared/domain/project/preprocessing';
import type { OnnxVariant, OrtGpu, RunnableVariant } from '../../backends/runnable-variant';
import type { EngineSummary } from '../../../src-shared/domain/engines/engine-layers';
import { DEFAULT_TENSORRT_OPTIONS, type TensorrtOptions } from '../../../src-shared/domain/engines/tensorrt-options';
import { writeFileAtomic } from '../../base/atomic-file';
import { hasContent, sha256OfStoredFile } from '../../base/file-hash';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { thresholdsInUse } from '../../calibration/histograms/threshold-table';
import type { RewriteParams } from '../../compute/pool/protocol';
import type { Model } from '../../onnx/graph/model';
import {
  openCalibration,
  openCalibrationIfAny,
  prepared,
  rangesOf,
  shortHash,
  type Workspace,
} from '../projects/workspace';
import { ensureAutoFor } from '../jobs/auto-job';
import { ensureBestFor } from '../jobs/best-job';
import { correctionWarnings, withCorrectedBiases } from './corrected-biases';
import { useEngines } from './engine-store';
import { buildEngines } from './engines';
import { ortGpu, ortGpuStatus, requireFp16 } from './ort-gpu';
import { REWRITE_VERSION } from './rewrite-version';
import type { JobContext } from '../job-context';

export interface VariantOptions {
  readonly variants: readonly string[];
  readonly backend: BackendId;
  readonly target: Target;
  readonly activationType: 'int8' | 'uint8';
  /** Of the backend tensorrt. */
  readonly tensorrt: TensorrtOptions;
  /** For what is measured to build a variant; absent: one per core. */
  readonly threads?: number;
}

/** What a job spec leaves open, filled in from the project. */
export function variantOptions(
  spec: {
    readonly variants?: readonly string[];
    readonly backend?: BackendId;
    readonly target?: Target;
    readonly activationType?: 'int8' | 'uint8';
    readonly tensorrt?: Partial<TensorrtOptions>;
    readonly threads?: number;
  },
  workspace: Workspace,
  defaults: readonly string[],
): VariantOptions {
  const backend = spec.backend ?? 'ort-cpu';
  const target = spec.target ?? (backend === 'tensorrt' ? 'tensorrt' : workspace.file.target);
  if (backend === 'tensorrt' && target !== 'tensorrt')
    throw new WorkbenchError('usage', `Backend tensorrt runs what is placed for the target tensorrt, not ${target}`);
  const tensorrt = { ...DEFAULT_TENSORRT_OPTIONS, ...spec.tensorrt };
  return {
    variants: spec.variants ?? defaults,
    backend,
    target,
    activationType: spec.activationType ?? 'int8',
    tensorrt,
    ...(spec.threads === undefined ? {} : { threads: spec.threads }),
  };
}

/** The options with the batch that the model fixes, if it does. @throws WorkbenchError usage for others that were asked for */
export function withFixedBatch(
  options: VariantOptions,
  spec: { readonly batch?: number; readonly tensorrt?: Partial<TensorrtOptions> },
  { fixedBatch }: ImageInput,
): VariantOptions {
  const asked = spec.batch === undefined ? spec.tensorrt?.batches : [spec.batch];
  if (fixedBatch === null)
    return spec.batch === undefined
      ? options
      : { ...options, tensorrt: { ...options.tensorrt, batches: [spec.batch] } };
  if (asked?.some((batch) => batch !== fixedBatch)) {
    throw new WorkbenchError(
      'usage',
      `Expected batch ${fixedBatch}, which the model fixes, found ${asked.join(', ')}`,
      { hint: 'Leave --batch and --batches out, or export the model with a dynamic batch.' },
    );
  }
  return { ...options, tensorrt: { ...options.tensorrt, batches: [fixedBatch] } };
}

/** A variant as a file that a backend runs, and what it cost to make. */
export interface BuiltVariant {
  readonly runnable: RunnableVariant;
  /** Its folder. */
  readonly dir: string;
  readonly sizeBytes: number;
  readonly seconds: number;
  /** False when it was there already. */
  readonly built: boolean;
  /** What was asked for and is not in it. */
  readonly warnings?: readonly Warning[];
  /** What TensorRT made of it. */
  readonly engine?: { readonly summary: EngineSummary; readonly layersPath: string; readonly log: readonly string[] };
}

/** What is to be said of variants, and what TensorRT said when it built them; the same message of several GPUs once. */
export function builtWarnings(built: readonly BuiltVariant[]): Warning[] {
  const warnings = built.flatMap(({ runnable, warnings: own = [], engine }) => [
    ...own,
    ...(engine?.log ?? []).map((message) => ({ code: 'tensorrt', message: `${runnable.variant}: ${message}` })),
  ]);
  return [...new Map(warnings.map((warning) => [warning.message, warning])).values()];
}

/** engine.json beside an engine. */
interface EngineRecord {
  readonly version: 2;
  readonly backend: BackendId;
  readonly target: Target;
  readonly variant: string;
  readonly sizeBytes: number;
  readonly hasFp16: boolean;
  /** Of model.onnx: an engine that was damaged is built again. */
  readonly sha256: string;
  readonly createdAt: string;
}

const ENGINE_RECORD = 'engine.json';

/**
 * Builds engines. On ort-cpu with target onnxruntime an engine is the self-contained quantized model that ONNX Runtime
 * fuses to INT8 kernels; with another target it is a simulation that keeps Q/DQ as float arithmetic and refers to the
 * prepared weights. ONNX Runtime's GPU providers have float kernels only: there INT8 is that arithmetic for every target, and
 * FP16 is real. fp32 is the prepared model itself. An engine of the same content is kept.
 */
export async function buildVariants(options: VariantOptions, job: JobContext): Promise<BuiltVariant[]> {
  const { workspace, services } = job;
  await ensureAutoFor(options, job);
  await ensureBestFor(options, job);
  if (options.backend === 'tensorrt') {
    const engines = await buildEngines(options, job);
    await useEngines(
      engines.map(({ dir }) => dir),
      job,
    );
    return engines;
  }
  const gpuStatus = await ortGpuStatus(options, job);
  const model = await prepared(workspace, services.compute, job);
  const names = options.variants.map((text) => parseVariant(text));
  const calibration = names.some((name) => needsCalibration(name))
    ? await openCalibration(workspace)
    : await openCalibrationIfAny(workspace);
  const built: BuiltVariant[] = [];
  for (const [i, name] of names.entries()) {
    job.onProgress?.({ phase: 'building engines', done: i, total: names.length, unit: 'engines' });
    built.push(await buildVariant(name, { options, job, model, calibration }));
  }
  job.onProgress?.({ phase: 'building engines', done: names.length, total: names.length, unit: 'engines' });
  if (gpuStatus !== null) requireFp16(built, gpuStatus, options);
  await useEngines(
    built.map(({ dir }) => dir),
    job,
  );
  return built;
}

export function needsCalibration(name: VariantName): boolean {
  return name.kind === 'int8' || name.kind === 'mixed';
}

interface BuildTask {
  readonly options: VariantOptions;
  readonly model: Model;
  readonly calibration: StoredCalibration | null;
  readonly job: JobContext;
}

async function buildVariant(name: VariantName, task: BuildTask): Promise<BuiltVariant> {
  const { options, job } = task;
  const { workspace, services } = job;
  const gpu = ortGpu(options);
  if (name.kind === 'fp32') return preparedAsVariant(name.text, workspace.preparedDir, gpu);
  const asked = variantRecipe(name, { ...task, workspace });
  const recipe = await withCorrectedBiases(asked, options.threads, job);
  const warnings = correctionWarnings(name.text, asked, recipe);
  const isSimulation = options.target !== 'onnxruntime' || gpu !== null;
  // FP16 weights take their real size where FP16 is real.
  const materialize = options.target === 'onnxruntime' || gpu !== null;
  const key = shortHash({
    rewrite: REWRITE_VERSION,
    ...portable(recipe),
    backend: options.backend,
    isSimulation,
    onnxruntime: services.onnxruntimeVersion,
  });
  const dir = workspace.paths.engineDir(key);
  const modelPath = join(dir, 'model.onnx');
  const weightsDir = materialize ? null : workspace.preparedDir;
  const runnable: Omit<OnnxVariant, 'hasFp16'> = {
    kind: 'onnx',
    variant: name.text,
    modelPath,
    weightsDir,
    simulate: isSimulation,
    ...(gpu === null ? {} : { gpu }),
  };
  const known = readEngineRecord(dir);
  if (known && (await hasContent(modelPath, known.sha256, job.signal)))
    return {
      runnable: { ...runnable, hasFp16: known.hasFp16 },
      dir,
      sizeBytes: known.sizeBytes,
      seconds: 0,
      built: false,
      warnings,
    };
  const startedAt = performance.now();
  await mkdir(dir, { recursive: true });
  const result = await services.compute.request(
    'rewrite',
    { ...recipe, purpose: isSimulation ? 'simulation' : 'engine', outPath: modelPath, materialize },
    job,
  );
  const record: EngineRecord = {
    version: 2,
    backend: options.backend,
    target: options.target,
    variant: name.text,
    sizeBytes: result.sizeBytes,
    hasFp16: result.hasFp16,
    sha256: await sha256OfStoredFile(modelPath),
    createdAt: new Date().toISOString(),
  };
  await writeFileAtomic(join(dir, ENGINE_RECORD), JSON.stringify(record, null, 1));
  return {
    runnable: { ...runnable, hasFp16: result.hasFp16 },
    dir,
    sizeBytes: result.sizeBytes,
    seconds: (performance.now() - startedAt) / 1000,
    built: true,
    warnings,
  };
}

function preparedAsVariant(variant: string, preparedDir: string, gpu: OrtGpu | null): BuiltVariant {
  const modelPath = join(preparedDir, 'model.onnx');
  const sizeBytes = ['model.onnx', 'weights.bin'].reduce(
    (sum, file) => sum + (existsSync(join(preparedDir, file)) ? statSync(join(preparedDir, file)).size : 0),
    0,
  );
  const runnable: OnnxVariant = {
    kind: 'onnx',
    variant,
    modelPath,
    weightsDir: preparedDir,
    simulate: false,
    hasFp16: false,
    ...(gpu === null ? {} : { gpu }),
  };
  return { runnable, dir: preparedDir, sizeBytes, seconds: 0, built: false };
}

function readEngineRecord(dir: string): EngineRecord | null {
  const path = join(dir, ENGINE_RECORD);
  if (!existsSync(path) || !existsSync(join(dir, 'model.onnx'))) return null;
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as Partial<EngineRecord>;
    return record.version === 2 &&
      typeof record.sizeBytes === 'number' &&
      typeof record.hasFp16 === 'boolean' &&
      typeof record.sha256 === 'string'
      ? (record as EngineRecord)
      : null;
  } catch {
    return null;
  }
}

/** Everything that decides what a variant's graph is, but for the biases that its plan asks to correct: see withCorrectedBiases. */
export type VariantRecipe = Omit<RewriteParams, 'outPath' | 'materialize' | 'purpose' | 'mustRun'>;

/** The recipe as a key holds it: a project that moves keeps what was made of it. */
export function portable(recipe: VariantRecipe): VariantRecipe {
  return { ...recipe, preparedDir: basename(recipe.preparedDir) };
}

export function variantRecipe(
  name: VariantName,
  task: {
    readonly options: Pick<VariantOptions, 'target' | 'activationType'>;
    readonly workspace: Workspace;
    readonly model: Model;
    readonly calibration: StoredCalibration | null;
  },
): VariantRecipe {
  const { options, workspace, model, calibration } = task;
  const layers = model.graph.node.map((node) => layerId(node.name));
  const plan = withoutRedundantInt8(planOfVariant(name, workspace.file.plan, layers), model, options.target);
  if (options.activationType === 'uint8' && options.target !== 'onnxruntime') {
    throw new WorkbenchError(
      'usage',
      'Asymmetric UINT8 activations exist for the target onnxruntime only; TensorRT accepts only zero point 0',
    );
  }
  return {
    preparedDir: workspace.preparedDir,
    target: options.target,
    plan,
    thresholds:
      calibration && needsCalibration(name)
        ? thresholdsInUse(calibration, { ...workspace.file, target: options.target }, name.method ?? undefined)
        : {},
    ranges: rangesOf(calibration),
    activationType: options.activationType,
  };
}
