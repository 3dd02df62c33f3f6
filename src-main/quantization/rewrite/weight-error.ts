import { elementCount } from '../../onnx/graph/element-types';
import { scaleOfThreshold } from '../../../src-shared/domain/histograms/thresholds';
import { quantizeWeight } from '../rules/number-formats';

/** Candidates of the search, as parts of the largest |w|: from the whole range down to a fifth of it. */
const CANDIDATES = Array.from({ length: 41 }, (_, i) => 1 - i / 50);

/** What INT8 makes of the weights, per output channel. */
export interface WeightErrors {
  /** Largest |w|. */
  readonly amax: Float32Array;
  /** The threshold with the smallest squared error; at most `amax`. */
  readonly mse: Float32Array;
  /** Sum of w^2, and of the squared errors with each threshold. */
  readonly signal: Float64Array;
  readonly noise: { readonly minmax: Float64Array; readonly mse: Float64Array };
}

/**
 * Searches the threshold of every output channel that minimizes the squared error of its INT8 weights. Weights have no
 * histogram: a channel has too few values, and each error is computed exactly.
 * @param axis of the output channels; values are in row-major order.
 */
export function weightErrors(values: Float32Array, dims: readonly number[], axis: number): WeightErrors {
  const channels = dims[axis] ?? 1;
  const inner = elementCount(dims.slice(axis + 1));
  const size = values.length / channels;
  const own = new Float32Array(size);
  const found = {
    amax: new Float32Array(channels),
    mse: new Float32Array(channels),
    signal: new Float64Array(channels),
    noise: { minmax: new Float64Array(channels), mse: new Float64Array(channels) },
  };
  for (let channel = 0; channel < channels; channel++) {
    let at = 0;
    for (let start = channel * inner; start < values.length; start += channels * inner)
      for (let i = start; i < start + inner; i++) own[at++] = values[i] ?? 0;
    const amax = own.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    found.amax[channel] = amax;
    found.signal[channel] = own.reduce((sum, value) => sum + value * value, 0);
    const whole = squaredError(own, amax, Number.POSITIVE_INFINITY);
    let best = { threshold: amax, error: whole };
    for (const part of CANDIDATES.slice(1)) {
      const threshold = Math.fround(amax * part);
      const error = squaredError(own, threshold, best.error);
      if (error < best.error) best = { threshold, error };
    }
    found.mse[channel] = best.threshold;
    found.noise.minmax[channel] = whole;
    found.noise.mse[channel] = best.error;
  }
  return found;
}

/** Sum of squared errors; stops as soon as it exceeds `limit`. */
function squaredError(values: Float32Array, threshold: number, limit: number): number {
  const scale = scaleOfThreshold(threshold);
  let sum = 0;
  for (const value of values) {
    const error = value - quantizeWeight(value, scale) * scale;
    sum += error * error;
    if (sum > limit) break;
  }
  return sum;
}
