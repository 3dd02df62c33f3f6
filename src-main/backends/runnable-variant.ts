import { count, object, oneOf, type InferOutput } from '../../src-shared/base/schema';
import type { BackendId } from '../../src-shared/domain/project/precision';

/** A GPU as one of ONNX Runtime's providers addresses it. */
export const ortGpuSchema = object({
  provider: oneOf('webgpu', 'cuda'),
  /** Index among the GPUs that CUDA shows; 0 for WebGPU, which chooses the GPU itself. */
  device: count,
});
export type OrtGpu = InferOutput<typeof ortGpuSchema>;

/** The GPU that a backend of ONNX Runtime runs on; null for other backends. */
export function ortGpuOf(backend: BackendId, device: number): OrtGpu | null {
  if (backend === 'ort-cuda') return { provider: 'cuda', device };
  return backend === 'ort-webgpu' ? { provider: 'webgpu', device: 0 } : null;
}

/** A model file that ONNX Runtime opens, and how. */
export interface OnnxVariant {
  readonly kind: 'onnx';
  /** Variant name, for example `int8-minmax`. */
  readonly variant: string;
  readonly modelPath: string;
  /** Where its external weights lie; null: it holds them itself. */
  readonly weightsDir: string | null;
  /** Keep Q/DQ as float arithmetic (a simulation of another target) instead of INT8 kernels. */
  readonly simulate: boolean;
  /** Some layer runs in FP16. */
  readonly hasFp16: boolean;
  /** Absent: on the CPU. */
  readonly gpu?: OrtGpu;
}

/** A TensorRT engine that was built here. */
export interface EngineVariant {
  readonly kind: 'engine';
  readonly variant: string;
  readonly enginePath: string;
  /** Of the engine's bytes, as recorded when it was built. */
  readonly sha256: string;
  readonly device: number;
}

export type RunnableVariant = OnnxVariant | EngineVariant;

/** The path of what runs. */
export function variantPath(variant: RunnableVariant): string {
  return variant.kind === 'onnx' ? variant.modelPath : variant.enginePath;
}

export function isEngine(variant: RunnableVariant): variant is EngineVariant {
  return variant.kind === 'engine';
}

export function isOnnx(variant: RunnableVariant): variant is OnnxVariant {
  return variant.kind === 'onnx';
}
