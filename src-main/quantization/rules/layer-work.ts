import type { LayerWork } from '../../../src-shared/domain/runs/latency-model';
import { attrInts } from '../../onnx/graph/attributes';
import type { Node } from '../../onnx/graph/model';
import { convChannels, matrixSizes } from './compute-layers';
import type { GraphFacts } from './graph-facts';

/**
 * Number of multiply-accumulate operations of a layer for one image, from its weight and the number of its input
 * values.
 * @param valuesOf tensor -> values per image, as counted in the calibration; undefined for tensors without a count.
 */
export function layerWork(facts: GraphFacts, node: Node, valuesOf: (tensor: string) => number | undefined): LayerWork {
  const read = node.input.reduce((sum, name) => sum + (facts.isActivation(name) ? (valuesOf(name) ?? 0) : 0), 0);
  const dims = facts.initializer(node.input[1] ?? '')?.dims ?? [];
  const weights = dims.reduce((product, dim) => product * dim, 1);
  if (dims.length < 2) return { macs: 0, values: 2 * read };
  if (node.opType === 'Conv' || node.opType === 'ConvTranspose') {
    const { input, output } = convChannels(node, dims);
    const stride = (attrInts(node, 'strides', undefined) ?? []).reduce((product, step) => product * step, 1);
    const positionsIn = read / Math.max(1, input);
    const positionsOut = node.opType === 'Conv' ? positionsIn / stride : positionsIn * stride;
    // Each output position of a Conv, and each input position of a ConvTranspose, uses every weight once.
    return {
      macs: weights * (node.opType === 'Conv' ? positionsOut : positionsIn),
      values: read + weights + positionsOut * output,
    };
  }
  const { k, n } = matrixSizes(node, dims);
  const rows = read / Math.max(1, k);
  return { macs: rows * k * n, values: read + weights + rows * n };
}
