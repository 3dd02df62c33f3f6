import { elementCount } from '../graph/element-types';
import { floatTensor } from '../graph/make';
import type { Tensor } from '../graph/model';
import { tensorAsFloat32 } from '../graph/tensor-values';
import type { LayerWeights } from './layer-weights';

/**
 * Factors stay within 2^-24 .. 2^24: what is farther apart is a dead channel, and its weights would leave the normal
 * floats.
 */
const MOST_LOG2 = 24;

/**
 * Factors, as powers of two, rounded to whole powers, so that the middle channel keeps its values: a factor that all
 * channels share changes nothing in INT8. Multiplying by whole powers keeps every bit of the significand.
 */
export function wholePowers(log2: Float64Array): Int8Array {
  const sorted = log2.slice().sort();
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return Int8Array.from(log2, (value) => Math.max(-MOST_LOG2, Math.min(MOST_LOG2, Math.round(value - middle))));
}

/**
 * Weights of a layer times 2^exponent(output, input).
 * @param tensor the weights as they are now; `weights` describes their layout
 */
export function scaledWeights(
  weights: LayerWeights,
  tensor: Tensor,
  exponent: (output: number, input: number) => number,
): Tensor {
  const { outputs, inputs, kernel, outputStride, inputStride } = weights;
  const values = tensorAsFloat32(tensor);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      const factor = 2 ** exponent(o, i);
      if (factor === 1) continue;
      const start = o * outputStride + i * inputStride;
      for (let k = start; k < start + kernel; k++) values[k] = (values[k] ?? 0) * factor;
    }
  }
  return floatTensor(tensor.name, tensor.dims, values);
}

/** Values times 2^-exponents[i], i being the index along `axis`. */
export function dividedAlong(tensor: Tensor, axis: number, exponents: Int8Array): Tensor {
  const values = tensorAsFloat32(tensor);
  const inner = elementCount(tensor.dims.slice(axis + 1));
  for (let i = 0; i < values.length; i++)
    values[i] = (values[i] ?? 0) * 2 ** -(exponents[Math.floor(i / inner) % exponents.length] ?? 0);
  return floatTensor(tensor.name, tensor.dims, values);
}

export function countChanged(exponents: Int8Array): number {
  return exponents.reduce((count, exponent) => count + (exponent === 0 ? 0 : 1), 0);
}

/** Index of the largest |exponent|; the first of several. */
export function strongestOf(exponents: Int8Array): number {
  return exponents.reduce((best, exponent, at) => (Math.abs(exponent) > Math.abs(exponents[best] ?? 0) ? at : best), 0);
}

export function factorText(exponent: number): string {
  return exponent < 0 ? `1/${2 ** -exponent}` : `${2 ** exponent}`;
}
