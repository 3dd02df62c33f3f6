import { copyFile, cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Warning } from '../../../src-shared/contract/job-results';
import type { PackageSpec } from '../../../src-shared/contract/job-specs';
import type { Target } from '../../../src-shared/domain/project/precision';
import { FP16_UNSAFE_PASSES } from '../../backends/fp16-passes';
import type { RunnableVariant } from '../../backends/runnable-variant';
import { sha256OfFile } from '../../base/file-hash';
import { TRITON_FILES } from '../../packages/triton-config';
import type { JobContext } from '../job-context';
import { quantizeJob } from '../jobs/quantize-job';
import { ensureThresholds } from '../analysis/needed-decisions';
import { buildVariants } from '../variants/builder';
import { builtWarnings } from '../variants/built-variant';
import { variantOptions } from '../variants/options';

/** The model of a package, as a file in its folder. */
export interface PackedModel {
  /** Relative to the folder of the package. */
  readonly file: string;
  readonly sha256: string;
  readonly variant: string;
  readonly target: Target;
  readonly runnable: RunnableVariant;
  readonly disabledOptimizers: readonly string[];
  readonly recordedWith: string;
  /** Of the GPU that the engine was built for, `9.0`; null for a model of ONNX Runtime. */
  readonly computeCapability: string | null;
  readonly warnings: readonly Warning[];
}

/** Writes the model of a package into its folder `dir`. */
export function packModel(spec: PackageSpec, dir: string, job: JobContext): Promise<PackedModel> {
  if (spec.packageKind === 'deepstream') return packOriginal(dir, job);
  return spec.backend === 'tensorrt' ? packEngine(spec, dir, job) : packOnnx(spec, dir, job);
}

async function packOnnx(spec: PackageSpec, dir: string, job: JobContext): Promise<PackedModel> {
  const file = spec.packageKind === 'folder' ? 'model.onnx' : TRITON_FILES.onnxruntime;
  const outPath = join(dir, file);
  await mkdir(dirname(outPath), { recursive: true });
  const { projectPath, variant } = spec;
  const written = await quantizeJob({ kind: 'quantize', projectPath, target: 'onnxruntime', variant, outPath }, job);
  return {
    file,
    sha256: await sha256OfFile(outPath),
    variant: written.variant,
    target: 'onnxruntime',
    warnings: written.warnings,
    ...onnxruntimeFacts(outPath, { variant: written.variant, hasFp16: written.hasFp16 }, job),
  };
}

/** The trained model itself, from which nvinfer builds an engine. */
async function packOriginal(dir: string, { workspace, ...job }: JobContext): Promise<PackedModel> {
  const { model } = workspace.file;
  const path = join(dir, 'model.onnx');
  await copyFile(model.path, path);
  for (const { file } of model.weights ?? []) await cp(join(dirname(model.path), file), join(dir, file));
  return {
    file: 'model.onnx',
    sha256: model.sha256,
    variant: 'as-imported',
    target: 'tensorrt',
    warnings: [],
    ...onnxruntimeFacts(path, { variant: 'as-imported', hasFp16: false }, job),
  };
}

function onnxruntimeFacts(
  modelPath: string,
  { variant, hasFp16 }: { readonly variant: string; readonly hasFp16: boolean },
  { services }: Pick<JobContext, 'services'>,
): Pick<PackedModel, 'runnable' | 'disabledOptimizers' | 'recordedWith' | 'computeCapability'> {
  return {
    runnable: { kind: 'onnx', variant, modelPath, weightsDir: null, simulate: false, hasFp16 },
    disabledOptimizers: hasFp16 ? FP16_UNSAFE_PASSES : [],
    recordedWith: `ONNX Runtime ${services.onnxruntimeVersion}, ${process.arch}`,
    computeCapability: null,
  };
}

async function packEngine(spec: PackageSpec, dir: string, job: JobContext): Promise<PackedModel> {
  const { variant, backend, tensorrt, packageKind } = spec;
  const options = variantOptions(
    { variants: [variant], backend, ...(tensorrt ? { tensorrt } : {}) },
    job.workspace,
    [],
  );
  await ensureThresholds(options, job);
  const built = await buildVariants(options, job);
  const status = await job.services.compute.request('tensorrt-status', {}, job);
  const device = status.devices.find(({ index }) => index === options.tensorrt.device);
  const [engine] = built;
  if (engine?.runnable.kind !== 'engine' || device === undefined)
    throw new WorkbenchError('internal', 'No engine was built');
  const file = packageKind === 'folder' ? 'model.plan' : TRITON_FILES.tensorrt;
  const path = join(dir, file);
  await mkdir(dirname(path), { recursive: true });
  await copyFile(engine.runnable.enginePath, path);
  return {
    file,
    sha256: engine.runnable.sha256,
    variant: engine.runnable.variant,
    target: 'tensorrt',
    runnable: { ...engine.runnable, enginePath: path },
    disabledOptimizers: [],
    recordedWith: `TensorRT ${status.version}, ${device.name} (compute capability ${device.computeCapability})`,
    computeCapability: device.computeCapability,
    warnings: builtWarnings(built),
  };
}
