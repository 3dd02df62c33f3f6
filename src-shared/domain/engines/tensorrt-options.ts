import {
  boolean,
  count,
  type InferOutput,
  list,
  nullable,
  object,
  oneOf,
  partial,
  positiveInteger,
  where,
} from '../../base/schema';

export const TENSORRT_TYPINGS = ['strong', 'implicit'] as const;
/**
 * strong: every precision stands in the model (the only way of TensorRT 11). implicit: TensorRT 10 is given the FP32
 * model, a calibration cache and the plan's layer precisions, and chooses itself.
 */
export type TensorrtTyping = (typeof TENSORRT_TYPINGS)[number];

export const tensorrtBuildOptionsSchema = object({
  typing: oneOf(...TENSORRT_TYPINGS),
  /** One optimization profile for each batch size. If the model fixes its batch, that is the only one. */
  batches: list(positiveInteger),
  /** Limit of scratch memory in MiB; null: TensorRT's own, all of the GPU's. */
  workspaceMib: nullable(where(positiveInteger, 'at least 16 MiB', (value) => value >= 16)),
  /** 0 (fast build) to 5 (fast engine). */
  optimizationLevel: where(count, 'an integer from 0 to 5', (value) => value <= 5),
  /** Whether FP32 may be computed with TF32's 10 bits of mantissa. */
  tf32: boolean,
  /** Limit of streams that an engine may add; null: TensorRT decides. */
  auxiliaryStreams: nullable(count),
  versionCompatible: boolean,
});
/** How engines are built. Everything here is part of an engine's identity. */
export type TensorrtBuildOptions = InferOutput<typeof tensorrtBuildOptionsSchema>;

export const tensorrtBenchOptionsSchema = object({
  streams: where(positiveInteger, 'an integer from 1 to 64', (value) => value <= 64),
  cudaGraph: boolean,
  /** Copies of inputs and outputs count too. */
  transfers: boolean,
});
/** How engines are timed. */
export type TensorrtBenchOptions = InferOutput<typeof tensorrtBenchOptionsSchema>;

export const tensorrtOptionsSchema = object({
  ...tensorrtBuildOptionsSchema.entries,
  ...tensorrtBenchOptionsSchema.entries,
  /** Among the GPUs that CUDA shows. */
  device: count,
});
export type TensorrtOptions = InferOutput<typeof tensorrtOptionsSchema>;

export const someTensorrtOptionsSchema = partial(tensorrtOptionsSchema.entries);

export const DEFAULT_TENSORRT_OPTIONS: TensorrtOptions = {
  device: 0,
  typing: 'strong',
  batches: [1],
  workspaceMib: null,
  optimizationLevel: 3,
  tf32: false,
  auxiliaryStreams: null,
  versionCompatible: false,
  streams: 1,
  cudaGraph: true,
  transfers: false,
};

/** What differs from the defaults, by name of its flag on the command line, so that a record can be repeated. */
export function flagsOfTensorrtOptions(chosen: Partial<TensorrtOptions>): Record<string, string | number | boolean> {
  const options = { ...DEFAULT_TENSORRT_OPTIONS, ...chosen };
  const isDefault = (name: keyof TensorrtOptions): boolean =>
    String(options[name]) === String(DEFAULT_TENSORRT_OPTIONS[name]);
  return {
    ...(isDefault('batches') ? {} : { batches: options.batches.join(',') }),
    ...(isDefault('device') ? {} : { device: options.device }),
    ...(options.typing === 'implicit' ? { implicit: true } : {}),
    ...(options.workspaceMib === null ? {} : { workspace: options.workspaceMib }),
    ...(isDefault('optimizationLevel') ? {} : { 'optimization-level': options.optimizationLevel }),
    ...(options.auxiliaryStreams === null ? {} : { 'auxiliary-streams': options.auxiliaryStreams }),
    ...(options.versionCompatible ? { 'version-compatible': true } : {}),
    ...(options.tf32 ? { tf32: true } : {}),
    ...(isDefault('streams') ? {} : { streams: options.streams }),
    ...(options.cudaGraph ? {} : { 'no-cuda-graph': true }),
    ...(options.transfers ? { transfers: true } : {}),
  };
}
