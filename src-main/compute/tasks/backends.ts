import { statSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Picture, PreprocessingPreview } from '../../../src-shared/contract/views';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { ownValue } from '../../../src-shared/base/records';
import { benchmark } from '../../backends/benchmark';
import { listSupportedBackends } from '../../backends/onnxruntime';
import { findOnnxruntimeLibrary } from '../../backends/onnxruntime-library';
import { onnxruntimeFolder, requireProviderFiles } from '../../backends/ort-gpu-files';
import { isEngine, variantPath, type OrtGpu, type RunnableVariant } from '../../backends/runnable-variant';
import { syntheticFeeds } from '../../backends/feeds';
import { inspectCompiled } from '../../backends/openvino/inspect-model';
import { openOpenvino } from '../../backends/openvino/runtime';
import { benchmarkEngines } from '../../backends/tensorrt/benchmark-engines';
import { inspectEngine } from '../../backends/tensorrt/engine-layers';
import { openTensorrt } from '../../backends/tensorrt/runtime';
import { onnxruntimeVersion } from '../../base/package-info';
import { isTelemetryOff } from '../../base/telemetry';
import { decoderVersions } from '../../calibration/images/sharp-library';
import * as pictures from '../../calibration/preprocessing/pictures';
import { loadAddon } from '../../backends/addon';
import { entryPath } from '../pool/entry-path';
import { probeGpu } from './gpu-status';
import type {
  BenchParams,
  ComputeMethods,
  EngineLayersParams,
  EngineLayersResult,
  OpenvinoLayersParams,
  OpenvinoStatus,
  OrtGpuStatus,
  PreviewParams,
  TensorrtStatus,
  ThumbnailParams,
  VersionsResult,
} from '../pool/protocol';

export function thumbnail(params: ThumbnailParams): Promise<Picture> {
  return pictures.thumbnail(params.entry, params.size, params.feeding);
}

export function preview(params: PreviewParams): Promise<PreprocessingPreview> {
  return pictures.preview(params.entry, params.feeding);
}

export async function bench(params: BenchParams, context: TaskContext): Promise<ComputeMethods['bench']['result']> {
  const sizeMb = (variant: RunnableVariant): number =>
    ownValue(params.sizesMb, variant.variant) ?? statSync(variantPath(variant)).size / 1e6;
  const engines = params.variants.filter(isEngine).map((variant) => ({ ...variant, sizeMb: sizeMb(variant) }));
  if (engines.length > 0)
    return benchmarkEngines(
      {
        variants: engines,
        feeding: params.feeding,
        batches: params.batches,
        rounds: params.rounds,
        options: params.tensorrt,
      },
      context,
    );
  const variants = params.variants
    .filter((variant) => variant.kind !== 'engine')
    .map((variant) => ({ ...variant, sizeMb: sizeMb(variant) }));
  const gpu = variants.map((variant) => (variant.kind === 'onnx' ? variant.gpu : undefined)).find(Boolean);
  const device = gpu === undefined ? (cpus()[0]?.model.trim() ?? 'CPU') : (await ortGpuStatus(gpu)).device;
  const streams = variants.some(({ kind }) => kind === 'openvino') ? params.tensorrt.streams : [1];
  return benchmark({ ...params, variants, streams, device, hostPath: entryPath('bench-host') }, context);
}

/**
 * Probes by provider and device. A GPU that was found is remembered; a failed probe is repeated at the next request.
 */
const gpusFound = new Map<string, Promise<OrtGpuStatus>>();

export async function ortGpuStatus(gpu: OrtGpu): Promise<OrtGpuStatus> {
  requireProviderFiles(gpu.provider, {
    compiled: listSupportedBackends().map(({ name }) => name),
    folder: onnxruntimeFolder(),
  });
  const key = `${gpu.provider} ${gpu.device}`;
  const found = gpusFound.get(key) ?? probeGpu(gpu, entryPath('gpu-probe'));
  gpusFound.set(key, found);
  found.catch(() => gpusFound.delete(key));
  return found;
}

export async function tensorrtStatus(): Promise<TensorrtStatus> {
  const { library, nvinferPath, devices } = openTensorrt();
  return { version: library.version, libraryPath: nvinferPath, devices };
}

export async function engineLayers(
  { engine, ...task }: EngineLayersParams,
  { signal }: TaskContext,
): Promise<EngineLayersResult> {
  return { layers: await inspectEngine(engine, { ...task, signal }) };
}

export async function openvinoStatus(): Promise<OpenvinoStatus> {
  const { version, libraryPath, deviceName, hasFp16, saturates } = openOpenvino();
  return { version, libraryPath, device: deviceName, hasFp16, saturates };
}

export async function openvinoLayers(
  { variant, feeding, batch, ...task }: OpenvinoLayersParams,
  { signal }: TaskContext,
): Promise<EngineLayersResult> {
  const feeds = syntheticFeeds(feeding, batch);
  return { layers: await inspectCompiled(variant, { ...task, feeds, signal }) };
}

export async function versions(): Promise<VersionsResult> {
  return {
    node: process.versions.node,
    onnxruntime: onnxruntimeVersion(),
    isTelemetryOff: isTelemetryOff(process.env),
    addon: loadAddon().version(),
    sharp: decoderVersions()['sharp'] ?? 'unknown',
    copyReason: copyReason(),
  };
}

/** Why a calibration copies the values of tensors to JavaScript; null if it counts them inside ONNX Runtime. */
function copyReason(): string | null {
  try {
    findOnnxruntimeLibrary(loadAddon());
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
