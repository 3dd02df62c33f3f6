import type { Warning } from '../../../src-shared/contract/job-results';
import { summarizeEngine } from '../../../src-shared/domain/engines/engine-layers';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import type { OpenvinoVariant } from '../../backends/runnable-variant';
import type { OpenvinoStatus } from '../../compute/pool/protocol';
import type { Model } from '../../onnx/graph/model';
import { defaultThreads, type JobContext } from '../job-context';
import { projectFeeding } from '../projects/workspace';
import type { BuiltVariant } from './built-variant';
import {
  layersPathIn,
  readEngineLayers,
  readEngineRecord,
  writeEngineLayers,
  writeEngineRecord,
} from './engine-record';
import { atUsualSize, projectImageSizes } from './image-sizes';
import type { VariantOptions } from './options';
import { needsThresholds } from './recipe';

/** Runs of the model that the times of its layers are taken from. */
const PROFILE_RUNS = 20;

interface OpenvinoTask {
  readonly options: VariantOptions;
  readonly job: JobContext;
  /** The prepared model. */
  readonly model: Model;
}

/**
 * A model file as a variant that OpenVINO runs. A quantized model is compiled and profiled when it is first built; the
 * layers that were found are kept beside it.
 */
export async function inOpenvino(
  { runnable, ...built }: BuiltVariant,
  status: OpenvinoStatus,
  task: OpenvinoTask,
): Promise<BuiltVariant> {
  if (runnable.kind !== 'onnx')
    throw new WorkbenchError('internal', `OpenVINO runs model files, found an ${runnable.kind} of ${runnable.variant}`);
  const { variant, modelPath, hasFp16 } = runnable;
  const own: OpenvinoVariant = { kind: 'openvino', variant, modelPath, hasFp16 };
  const warnings = [...(built.warnings ?? []), ...machineWarnings(own, status)];
  const record = readEngineRecord(built.dir);
  if (record?.backend !== 'openvino') return { ...built, runnable: own, warnings };
  const known = record.summary !== undefined && readEngineLayers(built.dir) !== null ? record.summary : null;
  const summary = known ?? (await inspect(own, built.dir, task));
  return { ...built, runnable: own, warnings, engine: { summary, layersPath: layersPathIn(built.dir), log: [] } };
}

async function inspect(variant: OpenvinoVariant, dir: string, { options, job, model }: OpenvinoTask) {
  const { workspace, services } = job;
  const feeding = projectFeeding(workspace, model);
  const { layers } = await services.compute.request(
    'openvino-layers',
    {
      variant,
      feeding: atUsualSize(feeding, await projectImageSizes(workspace, feeding, options.tensorrt)),
      batch: feeding.fixedBatch ?? options.tensorrt.batches[0] ?? 1,
      threads: options.threads ?? defaultThreads(),
      runs: PROFILE_RUNS,
      onnxLayers: model.graph.node.map(({ name, output }) => ({ name, outputs: output })),
    },
    job,
  );
  const summary = summarizeEngine(layers);
  const record = readEngineRecord(dir);
  await writeEngineLayers(dir, layers);
  if (record?.backend === 'openvino') await writeEngineRecord(dir, { ...record, summary });
  return summary;
}

function machineWarnings(variant: OpenvinoVariant, status: OpenvinoStatus): Warning[] {
  const isQuantized = needsThresholds(parseVariant(variant.variant));
  return [
    ...(variant.hasFp16 && !status.hasFp16 ? [widened(variant, status)] : []),
    ...(isQuantized && status.saturates ? [halved(variant, status)] : []),
  ];
}

function halved({ variant }: OpenvinoVariant, { device }: OpenvinoStatus): Warning {
  return {
    code: 'half-range-weights',
    message:
      `${device} has no VNNI instructions, and OpenVINO's INT8 kernels for it saturate: the weights of ${variant} take ` +
      'half of their range (-63 to 63).',
  };
}

function widened({ variant }: OpenvinoVariant, { device }: OpenvinoStatus): Warning {
  return {
    code: 'fp16-widened',
    message:
      `${device} does not compute in FP16: OpenVINO computes the FP16 layers of ${variant} in FP32. ` +
      'Their values are rounded to FP16, their time is that of FP32.',
  };
}
