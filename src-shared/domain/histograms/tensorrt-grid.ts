import { count, type InferOutput, nullable, number, object, oneOf, string } from '../../base/schema';
import { ENTROPY_BINS } from './entropy-search';

export const tensorrtThresholdSchema = object({
  /** Name in a cache: an ONNX tensor, or TensorRT's name of a tensor that has no name in the model. */
  name: string,
  kind: oneOf('activation', 'constant'),
  /** Largest |x|, float32, which is the threshold of TensorRT's MinMax calibrator. */
  amax: number,
  /** Threshold of TensorRT's entropy calibrator, float32; may be above amax. 0 for a tensor that is 0 everywhere. */
  entropy: number,
  /**
   * Number of bins that the search kept (i*), 128 to 2048; null if there was nothing to search or the threshold was
   * copied from another tensor.
   */
  entropyIndex: nullable(count),
});
/** The thresholds that TensorRT's calibrators compute for one name of a calibration cache. Real units. */
export type TensorrtThreshold = InferOutput<typeof tensorrtThresholdSchema>;

/** T = (i* + 1/2) bins of width range / 2048, in float32, not capped at the largest |x|. */
export function tensorrtEntropyThreshold(entropyIndex: number, rangeReal: number): number {
  return Math.fround((entropyIndex + 0.5) * (rangeReal / ENTROPY_BINS));
}
