import { DataType, type Model, type Tensor } from '../../onnx/graph/model';
import { tensorAsFloat32 } from '../../onnx/graph/tensor-values';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { scaleOfThreshold } from '../../../src-shared/domain/histograms/thresholds';
import { weightErrors, type WeightErrors } from './weight-error';
import { asFp16, FP16_SMALLEST_NORMAL, fp16ScaleAbove } from '../rules/number-formats';

/**
 * max|w| of the initializers of one prepared model, whole and per channel. Each initializer is read once, one at a
 * time; only the maxima are kept.
 */
export class WeightScales {
  private readonly tensors: ReadonlyMap<string, Tensor>;
  private readonly channelAmaxes = new Map<string, Float32Array>();
  private readonly absSums = new Map<string, number>();
  private readonly fp16Losses = new Map<string, Fp16Loss>();
  private readonly biases = new Map<string, Float32Array>();
  private readonly weightErrors = new Map<string, WeightErrors>();

  constructor(model: Model) {
    this.tensors = new Map(model.graph.initializer.map((tensor) => [tensor.name, tensor]));
  }

  tensor(name: string): Tensor {
    const tensor = this.tensors.get(name);
    if (!tensor)
      throw new WorkbenchError('model-invalid', `Expected an initializer "${name}", found none in the prepared model`);
    return tensor;
  }

  /** Largest |w| of an initializer, ignoring NaN; 0 if it is empty or not float32. */
  amax(name: string): number {
    const tensor = this.tensor(name);
    if (tensor.dataType !== DataType.FLOAT) return 0;
    return this.channelAmax(name, 0).reduce((largest, value) => Math.max(largest, value), 0);
  }

  /** Largest |w| per index of `axis` (a scalar counts as one channel). */
  channelAmax(name: string, axis: number): Float32Array {
    const key = `${axis} ${name}`;
    const known = this.channelAmaxes.get(key);
    if (known) return known;
    const tensor = this.tensor(name);
    const amaxes = amaxPerChannel(tensorAsFloat32(tensor), tensor.dims, axis);
    this.channelAmaxes.set(key, amaxes);
    return amaxes;
  }

  /** The INT8 errors of the weights per index of `axis`, with the thresholds that minimize them. */
  errors(name: string, axis: number): WeightErrors {
    const key = `${axis} ${name}`;
    const known = this.weightErrors.get(key);
    if (known) return known;
    const tensor = this.tensor(name);
    const errors = weightErrors(tensorAsFloat32(tensor), tensor.dims, axis);
    this.weightErrors.set(key, errors);
    return errors;
  }

  /** Largest sum of |w| over the weights of one index of `axis`, separately for each group of the first axis. */
  largestAbsSum(name: string, axis: number, groups = 1): number {
    const key = `${axis} ${groups} ${name}`;
    const known = this.absSums.get(key);
    if (known !== undefined) return known;
    const tensor = this.tensor(name);
    const largest = absSumPerChannel(tensorAsFloat32(tensor), tensor.dims, { axis, groups }).reduce(
      (most, sum) => Math.max(most, sum),
      0,
    );
    this.absSums.set(key, largest);
    return largest;
  }

  /** The error that FP16 causes in small weights and their INT8 scales; see Fp16Loss. */
  fp16Loss(name: string, axis: number): Fp16Loss {
    const key = `${axis} ${name}`;
    const known = this.fp16Losses.get(key);
    if (known) return known;
    const tensor = this.tensor(name);
    const loss = fp16LossOf(tensorAsFloat32(tensor), tensor.dims, axis);
    this.fp16Losses.set(key, loss);
    return loss;
  }

  /** The values of a bias. */
  bias(name: string): Float32Array {
    const known = this.biases.get(name);
    if (known) return known;
    const values = tensorAsFloat32(this.tensor(name));
    this.biases.set(name, values);
    return values;
  }
}

const derived = new WeakMap<Float32Array, Map<string, unknown>>();

/**
 * What `make` computes from `values`, which must not change; made once. Trials rewrite one model hundreds of times, and
 * its weights have the same scales each time.
 * @param key names what is computed; equal keys are of equal types.
 */
export function derivedFrom<T>(values: Float32Array, key: string, make: () => T): T {
  const known = derived.get(values) ?? new Map<string, unknown>();
  derived.set(values, known);
  if (!known.has(key)) known.set(key, make());
  return known.get(key) as T;
}

/**
 * Bounds of the error that FP16 causes in an output of a layer per unit of max|x|, because it loses precision below
 * 2^-14, its smallest normal number. The values are maxima over the output channels. Single weights that become 0 have
 * little effect; a channel that consists of tiny weights has an effect in proportion to its sum.
 */
export interface Fp16Loss {
  /** Sum of |w - fp16(w)| over weights below 2^-14. */
  readonly values: number;
  /** Additional rounding error of the weights if their INT8 scale is rounded up to FP16; at most the sum of |w|. */
  readonly scales: number;
  /** Sum of |w|. */
  readonly sum: number;
}

function fp16LossOf(values: Float32Array, dims: readonly number[], axis: number): Fp16Loss {
  const channels = dims[axis] ?? 1;
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const sums = new Float64Array(channels);
  const lost = new Float64Array(channels);
  for (let i = 0; i < values.length; i++) {
    const channel = Math.floor(i / inner) % channels;
    const magnitude = Math.abs(values[i] ?? 0);
    sums[channel] = (sums[channel] ?? 0) + magnitude;
    if (magnitude < FP16_SMALLEST_NORMAL)
      lost[channel] = (lost[channel] ?? 0) + Math.abs(magnitude - asFp16(magnitude));
  }
  const perChannel = values.length / channels;
  const scales = amaxPerChannel(values, dims, axis).map((amax, channel) => {
    const scale = scaleOfThreshold(amax);
    return scale < FP16_SMALLEST_NORMAL
      ? Math.min(sums[channel] ?? 0, (perChannel * (fp16ScaleAbove(scale) - scale)) / 2)
      : 0;
  });
  const largest = (array: ArrayLike<number>): number =>
    Array.from(array).reduce((most, value) => Math.max(most, value), 0);
  return { values: largest(lost), scales: largest(scales), sum: largest(sums) };
}

/** Sums of |w| in double precision for each group of the first axis and each channel. */
function absSumPerChannel(
  values: Float32Array,
  dims: readonly number[],
  { axis, groups }: { readonly axis: number; readonly groups: number },
): Float64Array {
  const channels = dims[axis] ?? 1;
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const sums = new Float64Array(channels * groups);
  const perGroup = values.length / groups;
  for (let i = 0; i < values.length; i++) {
    const channel = (Math.floor(i / inner) % channels) + channels * Math.floor(i / perGroup);
    sums[channel] = (sums[channel] ?? 0) + Math.abs(values[i] ?? 0);
  }
  return sums;
}

/**
 * Values in row-major order: element i belongs to channel floor(i / inner) mod dims[axis], inner = product of later
 * dims.
 */
export function amaxPerChannel(values: Float32Array, dims: readonly number[], axis: number): Float32Array {
  const channels = dims[axis] ?? 1;
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const amaxes = new Float32Array(channels);
  for (let start = 0, channel = 0; start < values.length; start += inner) {
    let amax = amaxes[channel] ?? 0;
    for (let i = start; i < start + inner; i++) {
      const magnitude = Math.abs(values[i] ?? 0);
      if (magnitude > amax) amax = magnitude;
    }
    amaxes[channel] = amax;
    channel = channel + 1 === channels ? 0 : channel + 1;
  }
  return amaxes;
}
