import { count, object, oneOf, type InferOutput } from '../../src-shared/base/schema';
import type { BackendId } from '../../src-shared/domain/project/precision';
import type { Feed } from './feeds';

/** A GPU in the way in which ONNX Runtime's providers address it. */
export const ortGpuSchema = object({
  provider: oneOf('webgpu', 'cuda'),
  /** Index among the GPUs that CUDA shows; 0 for WebGPU, which chooses the GPU itself. */
  device: count,
});
export type OrtGpu = InferOutput<typeof ortGpuSchema>;

/** The GPU that a backend runs on if it is one of ONNX Runtime's GPU providers; null for other backends. */
export function ortGpuOf(backend: BackendId, device: number): OrtGpu | null {
  if (backend === 'ort-cuda') return { provider: 'cuda', device };
  return backend === 'ort-webgpu' ? { provider: 'webgpu', device: 0 } : null;
}

/** A model file, and the way in which ONNX Runtime opens it. */
export interface OnnxVariant {
  readonly kind: 'onnx';
  /** Variant name, for example `int8-minmax`. */
  readonly variant: string;
  readonly modelPath: string;
  /** Folder of its external weights; null if the file contains its weights. */
  readonly weightsDir: string | null;
  /** Keep Q/DQ as float arithmetic (a simulation of another target) instead of INT8 kernels. */
  readonly simulate: boolean;
  /** Whether some layer runs in FP16. */
  readonly hasFp16: boolean;
  /** Absent: the CPU. */
  readonly gpu?: OrtGpu;
  readonly inputScales?: InputScales;
}

/** Input -> scale: its float values are quantized to INT8 before they are fed; other inputs are fed as they are. */
export type InputScales = Readonly<Record<string, number>>;

/** A TensorRT engine that was built here. */
export interface EngineVariant {
  readonly kind: 'engine';
  readonly variant: string;
  readonly enginePath: string;
  /** Hash of the engine file, recorded when it was built. */
  readonly sha256: string;
  readonly device: number;
  readonly inputScales?: InputScales;
}

/** A model file that OpenVINO compiles when it is opened. */
export interface OpenvinoVariant {
  readonly kind: 'openvino';
  readonly variant: string;
  /** External weights, if any, lie beside it under the name that the file states. */
  readonly modelPath: string;
  readonly hasFp16: boolean;
}

export type RunnableVariant = OnnxVariant | EngineVariant | OpenvinoVariant;

/** The scales of INT8 inputs; empty if all inputs are as the model has them. */
export function inputScalesOf(variant: RunnableVariant): InputScales {
  return variant.kind === 'openvino' ? {} : (variant.inputScales ?? {});
}

/** The file that is run. */
export function variantPath(variant: RunnableVariant): string {
  return variant.kind === 'engine' ? variant.enginePath : variant.modelPath;
}

export function isEngine(variant: RunnableVariant): variant is EngineVariant {
  return variant.kind === 'engine';
}

export function isOnnx(variant: RunnableVariant): variant is OnnxVariant {
  return variant.kind === 'onnx';
}

export interface OutputTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** null if the output is not floating point. */
  readonly data: Float32Array | null;
  /** The values of an output of integers or truth values; numbers beyond 32 bits are clamped. */
  readonly integers?: Int32Array;
}

/** A model that is open on a backend. Every backend implements this interface; see docs/adapters.md. */
export interface ModelSession {
  /**
   * Runs one batch.
   * @param feeds the values of every input of the model, in any order.
   */
  run(feeds: readonly Feed[]): Promise<OutputTensor[]>;
  close(): Promise<void>;
}

/** Arrays in which runtimes return integers and truth values. */
export type IntegerData =
  | Int32Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** The values as 32-bit integers; larger ones are clamped. */
export function toInt32(values: IntegerData): Int32Array {
  if (values instanceof Int32Array) return values;
  const clamped = (value: number): number => Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, value));
  return Int32Array.from(values as ArrayLike<number | bigint>, (value) => clamped(Number(value)));
}
