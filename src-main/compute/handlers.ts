import { statSync } from 'node:fs';
import sharp from 'sharp';
import type { Picture, PreprocessingPreview } from '../../src-shared/contract/api';
import type { TaskContext } from '../../src-shared/contract/progress';
import { benchmark } from '../backends/benchmark';
import { isEngine, isOnnx, variantPath, type RunnableVariant } from '../backends/runnable-variant';
import { benchmarkEngines } from '../backends/tensorrt/benchmark-engines';
import { buildEngine } from '../backends/tensorrt/build-engine';
import { inspectEngine } from '../backends/tensorrt/engine-layers';
import { openTensorrt } from '../backends/tensorrt/runtime';
import { onnxruntimeVersion } from '../base/package-info';
import * as pictures from '../calibration/pictures';
import { loadAddon } from './addon';
import { calibrate } from './calibrate';
import { entryPath } from './entry-path';
import { evaluate } from './evaluate';
import { merge } from './merge-shards';
import { prepare } from './prepare';
import type { BenchParams, ComputeMethods, EngineLayersParams, EngineLayersResult, PreviewParams, TensorrtStatus, ThumbnailParams, VersionsResult } from './protocol';
import { explain, rewrite } from './rewrite';

type Handlers = {
  readonly [M in keyof ComputeMethods]: (params: ComputeMethods[M]['params'], context: TaskContext) => Promise<ComputeMethods[M]['result']>;
};

/** What the compute process can do, by method. */
export const HANDLERS: Handlers = { prepare, calibrate, merge, rewrite, explain, evaluate, thumbnail, preview, bench, versions, 'tensorrt-status': tensorrtStatus, 'tensorrt-build': buildEngine, 'tensorrt-layers': engineLayers };

function thumbnail(params: ThumbnailParams): Promise<Picture> {
  return pictures.thumbnail(params.entry, params.size, params.preprocessing, params.input);
}

function preview(params: PreviewParams): Promise<PreprocessingPreview> {
  return pictures.preview(params.entry, params.preprocessing, params.input);
}

async function bench(params: BenchParams, context: TaskContext): Promise<ComputeMethods['bench']['result']> {
  const sizeMb = (variant: RunnableVariant): number => params.sizesMb[variant.variant] ?? statSync(variantPath(variant)).size / 1e6;
  const engines = params.variants.filter(isEngine).map((variant) => ({ ...variant, sizeMb: sizeMb(variant) }));
  if (engines.length > 0) return benchmarkEngines({ variants: engines, batches: params.batches, rounds: params.rounds, options: params.tensorrt }, context);
  const variants = params.variants.filter(isOnnx).map((variant) => ({ ...variant, sizeMb: sizeMb(variant) }));
  return benchmark({ ...params, batch: params.batches[0] ?? 1, variants, hostPath: entryPath('bench-host') }, context);
}

async function tensorrtStatus(): Promise<TensorrtStatus> {
  const { library, nvinferPath, devices } = openTensorrt();
  return { version: library.version, libraryPath: nvinferPath, devices };
}

async function engineLayers({ engine, batch, runs, onnxLayers }: EngineLayersParams): Promise<EngineLayersResult> {
  return { layers: await inspectEngine(engine, batch, runs, onnxLayers) };
}

async function versions(): Promise<VersionsResult> {
  return {
    node: process.versions.node,
    onnxruntime: onnxruntimeVersion(),
    addon: loadAddon().version(),
    sharp: sharp.versions.sharp ?? 'unknown',
  };
}
