import { describe, expect, it } from 'vitest';
import { tensorrtNames, type CacheName } from '../../../src-main/calibration/tensorrt/tensorrt-names';
import { floatAttr, floatTensor, int64Tensor, intAttr, makeNode } from '../../../src-main/onnx/graph/make';
import type { Node, Tensor } from '../../../src-main/onnx/graph/model';
import { buildModel } from '../../support/onnx-builder';
import { runModel } from '../onnx/run-ort';

const shown = (names: readonly CacheName[]): string[] => names.map((entry) => `${entry.kind} ${entry.name}`);

function namesOf(nodes: readonly Node[], initializers: readonly Tensor[], output: string): readonly CacheName[] {
  return tensorrtNames(buildModel({ inputs: { x: ['N', 4] }, outputs: { [output]: null }, nodes, initializers })).names;
}

const weight = floatTensor('w', [4, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
const bias = floatTensor('b', [2], [10, -10]);

describe('names of a cache', () => {
  it("are a Gemm's product before its bias, its constants and the broadcast between, in TensorRT's order", () => {
    const names = namesOf(
      [makeNode('Relu', ['x'], ['r']), makeNode('Gemm', ['r', 'w', 'b'], ['y'], { name: '/fc/Gemm' })],
      [weight, bias],
      'y',
    );
    expect(shown(names)).toEqual([
      'activation x',
      'activation r',
      'constant w_output',
      'activation /fc/Gemm_output',
      'constant b_output',
      'constant ONNXTRT_Broadcast_output',
      'activation y',
    ]);
  });

  it('leave a Gemm whole that scales its bias, has none, or whose product is a name already', () => {
    const gemm = (inputs: readonly string[], name: string, beta = 1): string[] =>
      shown(
        namesOf(
          [makeNode('Gemm', inputs, ['y'], { name, attributes: [floatAttr('beta', beta)] })],
          [weight, bias],
          'y',
        ),
      );
    expect(gemm(['x', 'w'], 'g')).toEqual(['activation x', 'constant w_output', 'activation y']);
    expect(gemm(['x', 'w', 'b'], 'g', 0.5)).not.toContain('activation g_output');
    const taken = namesOf(
      [makeNode('Relu', ['x'], ['g_output']), makeNode('Gemm', ['g_output', 'w', 'b'], ['y'], { name: 'g' })],
      [weight, bias],
      'y',
    );
    expect(shown(taken).filter((name) => name === 'activation g_output')).toHaveLength(1);
  });

  it('call a node without a name after its output', () => {
    expect(shown(namesOf([makeNode('Gemm', ['x', 'w', 'b'], ['y'])], [weight, bias], 'y'))).toContain(
      'activation node_of_y_output',
    );
  });

  it('have the input of the Softmax reshape, and what a MaxPool copies', () => {
    const nodes = [
      makeNode('Softmax', ['x'], ['s'], { name: 'soft', attributes: [intAttr('axis', 1)] }),
      makeNode('Unsqueeze', ['s', 'axes'], ['u']),
      makeNode('MaxPool', ['u'], ['y']),
    ];
    const names = namesOf(nodes, [int64Tensor('axes', [1], [1])], 'y');
    expect(names).toContainEqual({ kind: 'alias', name: 'soft_output', of: 's' });
    expect(names).toContainEqual({ kind: 'activation', name: 'y', maxPoolOf: 'u' });
  });

  it('leave out what does not depend on the values of an input', () => {
    const nodes = [
      makeNode('Shape', ['x'], ['shape']),
      makeNode('Cast', ['shape'], ['sizes'], { attributes: [intAttr('to', 1)] }),
      makeNode('Sqrt', ['b'], ['root']),
      makeNode('MatMul', ['x', 'w'], ['m']),
      makeNode('Add', ['m', 'root'], ['y']),
    ];
    expect(shown(namesOf(nodes, [weight, bias], 'y'))).toEqual([
      'activation x',
      'constant w_output',
      'activation m',
      'activation y',
    ]);
  });
});

it('the model that is run gives the same values, with every activation as an output', async () => {
  const original = buildModel({
    inputs: { x: ['N', 4] },
    outputs: { y: null },
    nodes: [makeNode('Gemm', ['x', 'w', 'b'], ['g'], { name: 'g' }), makeNode('Relu', ['g'], ['y'])],
    initializers: [weight, bias],
    opset: 7,
  });
  const { model } = tensorrtNames(original);
  expect(model.graph.output.map(({ name }) => name)).toEqual(['g_output', 'g', 'y']);
  const found = await runModel(model);
  const expected = await runModel({ ...original, graph: { ...original.graph, output: model.graph.output.slice(1) } });
  expect(found['g']).toEqual(expected['g']);
  expect(found['y']).toEqual(expected['y']);
  expect((found['g_output']?.[0] ?? 0) + 10).toBeCloseTo(found['g']?.[0] ?? 0, 5);
  expect((found['g_output']?.[1] ?? 0) - 10).toBeCloseTo(found['g']?.[1] ?? 0, 5);
});
