import { mkdir } from 'node:fs/promises';
import type { OrtGpu } from '../../backends/runnable-variant';
import type { JobContext } from '../job-context';
import { checkProjectModel } from '../projects/project-store';
import { shortHash } from '../projects/workspace';
import type { BuiltVariant } from './built-variant';
import { onnxPathIn } from './engine-record';

/** Raise it when the copies of models with FP16 inputs change. */
const COPY_VERSION = 1;

/**
 * The model file of the project as it came, to compare other variants with. A file with float32 inputs and outputs runs
 * where it is; of others a copy with Casts at its ends is made, because every variant gets and gives float32.
 */
export async function asImportedVariant(variant: string, gpu: OrtGpu | null, job: JobContext): Promise<BuiltVariant> {
  const { workspace, services } = job;
  const { model } = workspace.file;
  await checkProjectModel(workspace.file, job.signal);
  const dir = workspace.paths.engineDir(shortHash({ asImported: COPY_VERSION, model: model.sha256, gpu }));
  await mkdir(dir, { recursive: true });
  const { modelPath, hasFp16, sizeBytes } = await services.compute.request(
    'open-imported',
    { modelPath: model.path, copyPath: onnxPathIn(dir) },
    job,
  );
  return {
    runnable: {
      kind: 'onnx',
      variant,
      modelPath,
      weightsDir: null,
      // GPU providers have no INT8 kernels: they compute Q/DQ in floating point.
      simulate: gpu !== null,
      hasFp16,
      ...(gpu === null ? {} : { gpu }),
    },
    dir,
    sizeBytes,
    seconds: 0,
    built: false,
  };
}
