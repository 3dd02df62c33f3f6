import { attrInt } from '../../onnx/graph/attributes';
import { DataType, type Node } from '../../onnx/graph/model';
import type { GraphFacts } from './graph-facts';
import type { LayerInput, QuantizedWeight } from '../placement/placement';

/**
 * The weight of a compute layer and the axis of its output channels (Conv: 0, ConvTranspose: 1, Gemm: depends on
 * transB, MatMul: the last one). Null if the second input is not a float32 initializer of the expected rank.
 */
export function weightOf(facts: GraphFacts, node: Node): QuantizedWeight | null {
  const name = node.input[1];
  const tensor = name === undefined ? undefined : facts.initializer(name);
  if (!tensor || tensor.dataType !== DataType.FLOAT || tensor.dims.length < 2) return null;
  return { layer: node.name, slot: 1, initializer: tensor.name, axis: channelAxis(node, tensor.dims.length) };
}

function channelAxis(node: Node, rank: number): number {
  switch (node.opType) {
    case 'Conv':
      return 0;
    case 'ConvTranspose':
      return 1;
    case 'Gemm':
      return attrInt(node, 'transB', 0) === 1 ? 0 : 1;
    default:
      return rank - 1;
  }
}

/** The bias of a Conv or Gemm, or of the Add behind a MatMul, and the node that reads it. */
export function biasOf(facts: GraphFacts, node: Node): (LayerInput & { readonly initializer: string }) | null {
  const own = node.input[2];
  if (own !== undefined && own !== '') return { layer: node.name, slot: 2, initializer: own };
  const output = node.output[0] ?? '';
  const uses = facts.uses(output);
  const add = uses[0]?.node;
  if (node.opType !== 'MatMul' || uses.length !== 1 || add?.opType !== 'Add' || facts.isObserved(output)) return null;
  const slot = add.input[0] === output ? 1 : 0;
  const bias = facts.initializer(add.input[slot] ?? '');
  const columns = facts.initializer(node.input[1] ?? '')?.dims.at(-1);
  return bias?.dataType === DataType.FLOAT && bias.dims.length === 1 && bias.dims[0] === columns
    ? { layer: add.name, slot, initializer: bias.name }
    : null;
}

/** Number of input and output channels of a Conv or ConvTranspose. */
export function convChannels(
  node: Node,
  dims: readonly number[],
): { readonly input: number; readonly output: number; readonly groups: number; readonly isDepthwise: boolean } {
  const groups = attrInt(node, 'group', 1);
  const [first = 0, second = 0] = dims;
  const input = node.opType === 'Conv' ? second * groups : first;
  const output = node.opType === 'Conv' ? first : second * groups;
  return { input, output, groups, isDepthwise: groups > 1 && groups === input };
}

/** Number of elements in the weight of a compute layer with a constant weight. */
export const QUANTIZED_REASON = 'INT8 inputs and weights, one weight scale per output channel';

/** Sizes of a matrix product with a constant right operand: k (the summed dimension) and n (columns). */
export function matrixSizes(node: Node, dims: readonly number[]): { readonly k: number; readonly n: number } {
  const [rows = 0, columns = 0] = dims.slice(-2);
  return node.opType === 'Gemm' && attrInt(node, 'transB', 0) === 1 ? { k: columns, n: rows } : { k: rows, n: columns };
}
