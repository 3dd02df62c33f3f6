/** A model file that ONNX Runtime opens, and how. */
export interface RunnableVariant {
  /** Variant name, for example `int8-minmax`. */
  readonly variant: string;
  readonly modelPath: string;
  /** Where its external weights lie; null: it holds them itself. */
  readonly weightsDir: string | null;
  /** Keep Q/DQ as float arithmetic (a simulation of another target) instead of INT8 kernels. */
  readonly simulate: boolean;
  /** Some layer runs in FP16. */
  readonly hasFp16: boolean;
}
