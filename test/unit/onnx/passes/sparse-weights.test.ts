import { describe, expect, it } from 'vitest';
import { floatTensor, intAttr, makeNode } from '../../../../src-main/onnx/graph/make';
import { inspectModel } from '../../../../src-main/onnx/graph/inspect';
import { tensorAsFloat32 } from '../../../../src-main/onnx/graph/tensor-values';
import {
  isSparse,
  sparseShare,
  sparsityCandidates,
  withPrunedWeights,
} from '../../../../src-main/onnx/passes/sparse-weights';
import { buildModel, pseudoRandom } from '../../../support/onnx-builder';

/** Conv 4 -> 2 of 1x2, a grouped Conv, Gemm with transposed weights, MatMul of 6 rows, and a MatMul that is 2:4. */
function network() {
  return buildModel({
    inputs: { x: [1, 4, 1, 2] },
    outputs: { y: null },
    nodes: [
      makeNode('Conv', ['x', 'conv.w'], ['a'], { name: 'conv' }),
      makeNode('Conv', ['a', 'grouped.w'], ['b'], { name: 'grouped', attributes: [intAttr('group', 2)] }),
      makeNode('Gemm', ['b', 'gemm.w'], ['c'], { name: 'gemm', attributes: [intAttr('transB', 1)] }),
      makeNode('MatMul', ['c', 'six.w'], ['d'], { name: 'six' }),
      makeNode('MatMul', ['d', 'sparse.w'], ['y'], { name: 'sparse' }),
    ],
    initializers: [
      floatTensor('conv.w', [2, 4, 1, 2], [1, -8, 5, 7, -3, 6, 2, 5, 0, 1, 0, 2, 3, 3, 4, 4]),
      floatTensor('grouped.w', [2, 4, 1, 1], pseudoRandom(8)),
      floatTensor('gemm.w', [1, 8], [1, 1, 1, 1, 4, -3, 2, -1]),
      floatTensor('six.w', [6, 2], pseudoRandom(12)),
      floatTensor('sparse.w', [4, 2], [1, 0, 0, 5, 2, 0, 0, 6]),
    ],
  });
}

const weightsOf = (name: string, model = network()): readonly number[] => {
  const tensor = model.graph.initializer.find((entry) => entry.name === name);
  return tensor === undefined ? [] : [...tensorAsFloat32(tensor)];
};

describe('2:4 sparsity', () => {
  it('is a matter of Conv of one group, Gemm and MatMul with inputs in groups of four', () => {
    const candidates = sparsityCandidates(network());
    expect(candidates.map(({ node }) => node.name)).toEqual(['conv', 'gemm', 'sparse']);
    expect(candidates.map(isSparse)).toEqual([false, false, true]);
    // Of the four groups of the Conv, the one of output 1 and kernel element 0 has two zeros.
    expect(candidates.map(sparseShare)).toEqual([0.25, 0, 1]);
  });

  it('is reported for a model', () => {
    expect(inspectModel(network(), 'm.onnx').model.sparsity).toEqual({ candidates: 3, layers: ['sparse'] });
  });

  it('is reached by pruning the two smallest of four inputs, of equal ones the later ones', () => {
    const pruned = withPrunedWeights(network());
    expect(weightsOf('conv.w', pruned)).toEqual([0, -8, 5, 7, -3, 0, 0, 0, 0, 0, 0, 0, 3, 3, 4, 4]);
    expect(weightsOf('gemm.w', pruned)).toEqual([1, 1, 0, 0, 4, -3, 0, 0]);
    expect(sparsityCandidates(pruned).every(isSparse)).toBe(true);
    for (const name of ['grouped.w', 'six.w', 'sparse.w'])
      expect(pruned.graph.initializer.find((entry) => entry.name === name)?.data).toEqual(
        network().graph.initializer.find((entry) => entry.name === name)?.data,
      );
  });
});
