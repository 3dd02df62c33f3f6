import {
  boolean,
  converted,
  count,
  type InferOutput,
  list,
  nullable,
  object,
  oneOf,
  optional,
  partial,
  positiveInteger,
  where,
} from '../../base/schema';
import { shapeProfileSchema, shapeProfilesText } from './shape-profiles';
import type { BackendId } from '../project/precision';

export const TENSORRT_TYPINGS = ['strong', 'implicit'] as const;
/**
 * strong: the model specifies every precision (the only mode of TensorRT 11). implicit: TensorRT 10 receives the FP32
 * model, a calibration cache and the plan's layer precisions, and chooses the precisions itself.
 */
export type TensorrtTyping = (typeof TENSORRT_TYPINGS)[number];

const size = optional(object({ width: positiveInteger, height: positiveInteger }));

export const tensorrtBuildOptionsSchema = object({
  typing: oneOf(...TENSORRT_TYPINGS),
  /** Each batch size gets an optimization profile. If the model has a fixed batch, that is the only one. */
  batches: list(positiveInteger),
  /**
   * Sizes of images for inputs whose size depends on the image: the smallest, the usual and the largest one; absent:
   * those of the image sets.
   */
  minSize: size,
  optSize: size,
  maxSize: size,
  /** Optimization profiles in place of those that follow from the batch and image sizes. */
  profiles: optional(list(shapeProfileSchema)),
  /** Limit of scratch memory in MiB; null: TensorRT's default, all memory of the GPU. */
  workspaceMib: nullable(where(positiveInteger, 'at least 16 MiB', (value) => value >= 16)),
  /** 0 (fast build) to 5 (fast engine). */
  optimizationLevel: where(count, 'an integer from 0 to 5', (value) => value <= 5),
  /** Whether FP32 may be computed with TF32's 10 bits of mantissa. */
  tf32: boolean,
  /** Limit of streams that an engine may add; null: TensorRT decides. */
  auxiliaryStreams: nullable(count),
  versionCompatible: boolean,
  /** Whether floating-point outputs are FP16, for stages that read them on the GPU; strong typing only. */
  fp16Outputs: optional(boolean),
  /** Whether INT8 variants take INT8 inputs, for programs that quantize in their preprocessing; strong typing only. */
  int8Inputs: optional(boolean),
});
/** Options for building engines. All of them are part of an engine's identity. */
export type TensorrtBuildOptions = InferOutput<typeof tensorrtBuildOptionsSchema>;

export const tensorrtBenchOptionsSchema = object({
  /** Numbers of inferences at the same time; every engine is timed with each. Older records have one number. */
  streams: converted(
    (value) => (typeof value === 'number' ? [value] : value),
    where(
      list(where(positiveInteger, 'an integer from 1 to 64', (value) => value <= 64)),
      'at least one number of streams',
      (values) => values.length > 0,
    ),
  ),
  cudaGraph: boolean,
  /** Whether the copies of inputs and outputs are included in the time. */
  transfers: boolean,
});
/** Options for timing engines. */
export type TensorrtBenchOptions = InferOutput<typeof tensorrtBenchOptionsSchema>;

export const tensorrtOptionsSchema = object({
  ...tensorrtBuildOptionsSchema.entries,
  ...tensorrtBenchOptionsSchema.entries,
  /** Index among the GPUs that CUDA reports. */
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
  streams: [1],
  cudaGraph: true,
  transfers: false,
};

/**
 * The options that differ from the defaults, by the name of their command-line flag, so that a record can be repeated.
 * Other backends have those only that they take.
 */
export function flagsOfTensorrtOptions(
  chosen: Partial<TensorrtOptions>,
  backend: BackendId,
): Record<string, string | number | boolean> {
  const options = { ...DEFAULT_TENSORRT_OPTIONS, ...chosen };
  const isDefault = (name: keyof TensorrtOptions): boolean =>
    JSON.stringify(options[name]) === JSON.stringify(DEFAULT_TENSORRT_OPTIONS[name]);
  return {
    ...(isDefault('batches') ? {} : { batches: options.batches.join(',') }),
    ...(isDefault('device') ? {} : { device: options.device }),
    ...sizeFlag('opt-size', options.optSize),
    ...(options.int8Inputs ? { 'int8-inputs': true } : {}),
    ...(isDefault('streams') ? {} : { streams: options.streams.join(',') }),
    ...(backend === 'tensorrt'
      ? {
          ...sizeFlag('min-size', options.minSize),
          ...sizeFlag('max-size', options.maxSize),
          ...(options.profiles === undefined ? {} : { profiles: shapeProfilesText(options.profiles) }),
          ...(options.typing === 'implicit' ? { implicit: true } : {}),
          ...(options.workspaceMib === null ? {} : { workspace: options.workspaceMib }),
          ...(isDefault('optimizationLevel') ? {} : { 'optimization-level': options.optimizationLevel }),
          ...(options.auxiliaryStreams === null ? {} : { 'auxiliary-streams': options.auxiliaryStreams }),
          ...(options.versionCompatible ? { 'version-compatible': true } : {}),
          ...(options.fp16Outputs ? { 'fp16-outputs': true } : {}),
          ...(options.tf32 ? { tf32: true } : {}),
          ...(options.cudaGraph ? {} : { 'no-cuda-graph': true }),
          ...(options.transfers ? { transfers: true } : {}),
        }
      : {}),
  };
}

function sizeFlag(name: string, size: TensorrtOptions['optSize']): Record<string, string> {
  return size === undefined ? {} : { [name]: `${size.width}x${size.height}` };
}
