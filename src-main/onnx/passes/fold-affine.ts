import { attrFloat, attrInt, withAttributes } from '../graph/attributes';
import { floatAttr, floatTensor } from '../graph/make';
import type { Attribute, Node, Tensor } from '../graph/model';
import { tensorAsFloat32 } from '../graph/tensor-values';

/** y = x * gain + shift per channel, in double. */
export interface ChannelAffine {
  readonly gain: Float64Array;
  readonly shift: Float64Array;
}

interface NormParameters {
  readonly scale: Tensor;
  readonly shift: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** What a BatchNormalization does in inference; null when a value is not finite or the lengths differ. */
export function batchNormAffine(norm: Node, parameters: NormParameters): ChannelAffine | null {
  const epsilon = attrFloat(norm, 'epsilon', Math.fround(1e-5));
  const [scale, offset, mean, variance] = [
    parameters.scale,
    parameters.shift,
    parameters.mean,
    parameters.variance,
  ].map(tensorAsFloat32);
  if (scale === undefined || offset === undefined || mean === undefined || variance === undefined) return null;
  const channels = scale.length;
  if (offset.length !== channels || mean.length !== channels || variance.length !== channels) return null;
  const gain = new Float64Array(channels);
  const shift = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    gain[c] = at(scale, c) / Math.sqrt(at(variance, c) + epsilon);
    shift[c] = at(offset, c) - at(mean, c) * at(gain, c);
    if (!Number.isFinite(gain[c]) || !Number.isFinite(shift[c])) return null;
  }
  return { gain, shift };
}

export interface FoldedLayer {
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly attribute: readonly Attribute[];
}

/** The layer's new weights, bias and attributes, or why it cannot be. */
export function foldIntoLayer(
  layer: Node,
  weight: Tensor,
  bias: Tensor | null,
  affine: ChannelAffine,
): FoldedLayer | string {
  const channels = affine.gain.length;
  const channelOf = channelIndex(layer, weight.dims);
  if (channelOf === null || channelOf.channels !== channels)
    return `it has ${channels} channels, which the weights of ${layer.opType} before it have not`;
  const isGemm = layer.opType === 'Gemm';
  const oldBias = bias === null ? new Float64Array(channels) : channelVector(bias, channels);
  if (oldBias === null) return `the bias of ${layer.opType} before it is not one value per channel`;
  const beta = isGemm ? attrFloat(layer, 'beta', 1) : 1;
  const old = tensorAsFloat32(weight);
  const values = new Float32Array(old.length);
  for (let i = 0; i < old.length; i++) values[i] = at(old, i) * at(affine.gain, channelOf.of(i));
  const newBias = Float32Array.from(oldBias, (value, c) => value * beta * at(affine.gain, c) + at(affine.shift, c));
  if (!values.every(Number.isFinite) || !newBias.every(Number.isFinite))
    return 'the folded weights would not be finite';
  return {
    weight: floatTensor(weight.name, weight.dims, values),
    bias: floatTensor(bias?.name ?? '', [channels], newBias),
    attribute: isGemm && beta !== 1 ? withAttributes(layer, ['beta'], [floatAttr('beta', 1)]) : layer.attribute,
  };
}

/** Which output channel each weight belongs to, by its index in row-major order. */
function channelIndex(
  layer: Node,
  dims: readonly number[],
): { readonly channels: number; readonly of: (i: number) => number } | null {
  const [first = 0, second = 0, ...kernel] = dims;
  const kernelSize = kernel.reduce((product, dim) => product * dim, 1);
  if (layer.opType === 'Conv')
    return dims.length < 3 ? null : { channels: first, of: (i) => Math.floor(i / (second * kernelSize)) };
  if (layer.opType === 'ConvTranspose') {
    // [inputs, outputs / groups, ...kernel]: the inputs of group g make its outputs
    const groups = attrInt(layer, 'group', 1);
    const inputsPerGroup = first / groups;
    if (dims.length < 3 || !Number.isInteger(inputsPerGroup)) return null;
    const of = (i: number): number =>
      Math.floor(i / (second * kernelSize * inputsPerGroup)) * second + (Math.floor(i / kernelSize) % second);
    return { channels: second * groups, of };
  }
  if (dims.length !== 2) return null;
  return attrInt(layer, 'transB', 0) === 0
    ? { channels: second, of: (i) => i % second }
    : { channels: first, of: (i) => Math.floor(i / second) };
}

/** A bias as one value per channel; null when it varies along another axis (a Gemm's C may be a matrix). */
function channelVector(bias: Tensor, channels: number): Float64Array | null {
  const isRow = bias.dims.slice(0, -1).every((dim) => dim === 1);
  const last = bias.dims.at(-1) ?? 1;
  if (!isRow || (last !== channels && last !== 1)) return null;
  const values = tensorAsFloat32(bias);
  return Float64Array.from({ length: channels }, (_, c) => at(values, last === 1 ? 0 : c));
}

function at(values: Float32Array | Float64Array, index: number): number {
  return values[index] ?? NaN;
}
