import { attrInt } from '../graph/attributes';
import type { Node, Tensor } from '../graph/model';

/**
 * How the weights of a Conv, Gemm or MatMul are laid out: output o, input j within its group, kernel element k at
 * o * outputStride + j * inputStride + k.
 */
export interface LayerWeights {
  readonly node: Node;
  readonly tensor: Tensor;
  readonly outputs: number;
  /** Inputs that each output reads: all of them, or those of its group. */
  readonly inputs: number;
  readonly groups: number;
  /** Values per output and input. */
  readonly kernel: number;
  readonly outputStride: number;
  readonly inputStride: number;
}

/** Null for a layer that is no Conv, Gemm or MatMul, and for weights of an impossible shape. */
export function layerWeights(node: Node, tensor: Tensor): LayerWeights | null {
  const { dims } = tensor;
  const [rows = 0, columns = 0, ...rest] = dims;
  if (dims.some((dim) => dim <= 0)) return null;
  if (node.opType === 'Conv') {
    const groups = attrInt(node, 'group', 1);
    const kernel = rest.reduce((product, dim) => product * dim, 1);
    if (dims.length < 3 || groups < 1 || rows % groups !== 0) return null;
    return {
      node,
      tensor,
      outputs: rows,
      inputs: columns,
      groups,
      kernel,
      outputStride: columns * kernel,
      inputStride: kernel,
    };
  }
  if (!['Gemm', 'MatMul'].includes(node.opType) || dims.length !== 2) return null;
  return node.opType === 'Gemm' && attrInt(node, 'transB', 0) === 1
    ? { node, tensor, outputs: rows, inputs: columns, groups: 1, kernel: 1, outputStride: columns, inputStride: 1 }
    : { node, tensor, outputs: columns, inputs: rows, groups: 1, kernel: 1, outputStride: 1, inputStride: columns };
}

/**
 * Channel that an input belongs to when the layer reads `channels` channels; null when they do not fit. A product
 * behind a Flatten has several inputs per channel, one after the other.
 */
export function inChannels(
  { node, inputs, groups, outputs }: LayerWeights,
  channels: number,
): ((output: number, input: number) => number) | null {
  if (node.opType !== 'Conv') {
    const perChannel = inputs / channels;
    return Number.isInteger(perChannel) ? (_, input) => Math.floor(input / perChannel) : null;
  }
  if (inputs * groups !== channels) return null;
  const outputsPerGroup = outputs / groups;
  return (output, input) => Math.floor(output / outputsPerGroup) * inputs + input;
}
