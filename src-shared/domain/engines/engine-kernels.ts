import { type InferOutput, list, measured, object, string } from '../../base/schema';

/**
 * The kernel that a layer of a TensorRT engine has, and those that it could have with the same formats of its inputs
 * and outputs.
 */
export const layerKernelsSchema = object({
  /** Name of the layer in the engine. */
  layer: string,
  /** Type, vectorization and strides of each input and output, in TensorRT's numbers. */
  formats: string,
  /** TensorRT's numbers of the implementation and of the tactic. */
  kernel: string,
  /** Time that the builder measured, in milliseconds. */
  builderMs: measured,
  /** The other kernels that the builder measured as about as fast, the fastest first. */
  others: list(object({ kernel: string, builderMs: measured })),
});
export type LayerKernels = InferOutput<typeof layerKernelsSchema>;

/** Contents of kernels.json beside an engine whose kernels were recorded. */
export const engineKernelsSchema = list(layerKernelsSchema);
