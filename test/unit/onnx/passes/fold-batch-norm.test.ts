import { describe, expect, test } from 'vitest';
import { floatAttr, floatTensor, intAttr, intsAttr, makeNode } from '../../../../src-main/onnx/graph/make';
import type { Attribute, Graph, Model, Node, Tensor } from '../../../../src-main/onnx/graph/model';
import { foldBatchNorm } from '../../../../src-main/onnx/passes/fold-batch-norm';
import type { PrepareNote } from '../../../../src-main/onnx/passes/note';
import { buildModel, pseudoRandom } from '../../../support/onnx-builder';
import { relativeDifference, runModel } from '../run-ort';

const random = (name: string, dims: number[], seed: number): Tensor =>
  floatTensor(
    name,
    dims,
    pseudoRandom(
      dims.reduce((a, b) => a * b, 1),
      seed,
    ),
  );

/** Parameters of a normalization of `channels`, with variances that are far from 1. */
function normParameters(channels: number): Tensor[] {
  const variance = pseudoRandom(channels, 5).map((value) => Math.exp(3 * value));
  return [
    random('scale', [channels], 2),
    random('shift', [channels], 3),
    random('mean', [channels], 4),
    floatTensor('var', [channels], variance),
  ];
}

const norm = (input: string, output: string, attributes: readonly Attribute[] = []): Node =>
  makeNode('BatchNormalization', [input, 'scale', 'shift', 'mean', 'var'], [output], {
    name: `norm_${output}`,
    attributes,
  });

function fold(model: Model): { readonly graph: Graph; readonly notes: readonly PrepareNote[] } {
  const notes: PrepareNote[] = [];
  return { graph: foldBatchNorm(model.graph, notes), notes };
}

interface Case {
  readonly x: number[];
  readonly op: string;
  readonly w: number[];
  readonly b?: number[];
  readonly channels: number;
  readonly attributes?: readonly Attribute[];
}

const FOLDABLE: readonly [string, Case][] = [
  ['Conv', { x: [1, 3, 8, 8], op: 'Conv', w: [4, 3, 3, 3], channels: 4 }],
  ['Conv with bias', { x: [1, 3, 8, 8], op: 'Conv', w: [4, 3, 3, 3], b: [4], channels: 4 }],
  [
    'depthwise Conv',
    { x: [1, 4, 8, 8], op: 'Conv', w: [4, 1, 3, 3], b: [4], channels: 4, attributes: [intAttr('group', 4)] },
  ],
  ['Conv of one dimension', { x: [1, 3, 8], op: 'Conv', w: [4, 3, 3], b: [4], channels: 4 }],
  [
    'ConvTranspose',
    {
      x: [1, 3, 5, 5],
      op: 'ConvTranspose',
      w: [3, 4, 2, 2],
      b: [4],
      channels: 4,
      attributes: [intsAttr('strides', [2, 2])],
    },
  ],
  [
    'grouped ConvTranspose',
    { x: [1, 6, 5, 5], op: 'ConvTranspose', w: [6, 2, 3, 3], channels: 6, attributes: [intAttr('group', 3)] },
  ],
  ['Gemm', { x: [2, 5], op: 'Gemm', w: [5, 4], b: [4], channels: 4 }],
  [
    'Gemm, transposed, alpha and beta',
    {
      x: [2, 5],
      op: 'Gemm',
      w: [4, 5],
      b: [1, 4],
      channels: 4,
      attributes: [intAttr('transB', 1), floatAttr('alpha', 0.5), floatAttr('beta', 3)],
    },
  ],
  ['Gemm with a scalar bias', { x: [2, 5], op: 'Gemm', w: [5, 4], b: [1], channels: 4 }],
  ['Gemm without bias', { x: [2, 5], op: 'Gemm', w: [5, 4], channels: 4 }],
];

function modelOf(spec: Case): Model {
  const layer = makeNode(spec.op, ['x', 'w', ...(spec.b ? ['b'] : [])], ['c'], {
    name: 'layer',
    attributes: spec.attributes ?? [],
  });
  const initializers = [
    random('w', spec.w, 11),
    ...(spec.b ? [random('b', spec.b, 12)] : []),
    ...normParameters(spec.channels),
  ];
  return buildModel({
    inputs: { x: spec.x },
    outputs: { y: null },
    nodes: [layer, norm('c', 'y', [floatAttr('epsilon', 0.01)])],
    initializers,
  });
}

describe('folds into', () => {
  test.each(FOLDABLE)('%s', async (_, spec) => {
    const model = modelOf(spec);
    const { graph, notes } = fold(model);
    expect(notes).toEqual([]);
    expect(graph.node).toMatchObject([{ opType: spec.op, name: 'layer', output: ['y'] }]);
    expect(relativeDifference(await runModel(model), await runModel({ ...model, graph }))).toBeLessThan(2e-6);
  });

  test('one layer with two normalizations in a row', async () => {
    const model = modelOf({ x: [1, 3, 8, 8], op: 'Conv', w: [4, 3, 3, 3], channels: 4 });
    const twice = {
      ...model,
      graph: { ...model.graph, node: [...model.graph.node.slice(0, 1), norm('c', 'n'), norm('n', 'y')] },
    };
    const { graph } = fold(twice);
    expect(graph.node).toMatchObject([{ opType: 'Conv', output: ['y'] }]);
    expect(relativeDifference(await runModel(twice), await runModel({ ...twice, graph }))).toBeLessThan(2e-6);
  });

  test('one of two layers that share weights, which then no longer do', async () => {
    const initializers = [random('w', [3, 3, 1, 1], 1), random('b', [3], 2), ...normParameters(3)];
    const nodes = [makeNode('Conv', ['x', 'w', 'b'], ['c']), norm('c', 'n'), makeNode('Conv', ['n', 'w', 'b'], ['y'])];
    const model = buildModel({ inputs: { x: [1, 3, 4, 4] }, outputs: { y: null }, nodes, initializers });
    const { graph } = fold(model);
    expect(graph.node).toHaveLength(2);
    expect(relativeDifference(await runModel(model), await runModel({ ...model, graph }))).toBeLessThan(2e-6);
  });
});

test('folds in double: w * gamma / sqrt(var + eps), rounded once', () => {
  const [scale, variance, w] = [Math.fround(0.1), Math.fround(0.3), Math.fround(0.7)];
  const initializers = [
    floatTensor('w', [1, 1, 1], [w]),
    floatTensor('scale', [1], [scale]),
    floatTensor('shift', [1], [0]),
    floatTensor('mean', [1], [0]),
    floatTensor('var', [1], [variance]),
  ];
  const model = buildModel({
    inputs: { x: [1, 1, 1] },
    outputs: { y: null },
    nodes: [makeNode('Conv', ['x', 'w'], ['c']), norm('c', 'y')],
    initializers,
  });
  const folded = fold(model).graph.initializer.find((tensor) => tensor.name === 'w');
  const expected = Math.fround((w * scale) / Math.sqrt(variance + Math.fround(1e-5)));
  expect(folded?.data).toEqual({ kind: 'bytes', bytes: new Uint8Array(new Float32Array([expected]).buffer) });
});

describe('stays, with a note that says why', () => {
  const conv = makeNode('Conv', ['x', 'w'], ['c']);
  const weights = random('w', [4, 3, 3, 3], 1);
  const cases: readonly [
    string,
    { nodes: Node[]; outputs?: Record<string, null>; initializers?: Tensor[]; inputs?: Record<string, number[]> },
    string,
  ][] = [
    [
      'when the layer has a second consumer',
      { nodes: [conv, norm('c', 'n'), makeNode('Add', ['n', 'c'], ['y'])] },
      'used elsewhere too',
    ],
    [
      'when the layer is a graph output',
      { nodes: [conv, norm('c', 'y')], outputs: { y: null, c: null } },
      'used elsewhere too',
    ],
    [
      'after another operator',
      { nodes: [conv, makeNode('Relu', ['c'], ['r']), norm('r', 'y')] },
      'no Conv, ConvTranspose or Gemm comes directly before it',
    ],
    [
      'with weights that are computed',
      { nodes: [makeNode('Neg', ['w'], ['w2']), makeNode('Conv', ['x', 'w2'], ['c']), norm('c', 'y')] },
      'are not float32 constants',
    ],
    [
      'with a negative variance',
      {
        nodes: [conv, norm('c', 'y')],
        initializers: [weights, ...normParameters(4).slice(0, 3), floatTensor('var', [4], [1, 1, -1, 1])],
      },
      'not finite',
    ],
    [
      'with the wrong number of channels',
      { nodes: [conv, norm('c', 'y')], initializers: [weights, ...normParameters(3)] },
      'channels',
    ],
    ['in training mode', { nodes: [conv, norm('c', 'y', [intAttr('training_mode', 1)])] }, 'training mode'],
    [
      'after a Gemm whose C is a matrix',
      {
        nodes: [makeNode('Gemm', ['x', 'w', 'b'], ['c']), norm('c', 'y')],
        inputs: { x: [2, 5] },
        initializers: [random('w', [5, 4], 1), random('b', [2, 4], 1), ...normParameters(4)],
      },
      'not one value per channel',
    ],
  ];
  test.each(cases)('%s', (_, spec, reason) => {
    const model = buildModel({
      inputs: spec.inputs ?? { x: [1, 3, 8, 8] },
      outputs: spec.outputs ?? { y: null },
      nodes: spec.nodes,
      initializers: spec.initializers ?? [weights, ...normParameters(4)],
    });
    const { graph, notes } = fold(model);
    expect(graph).toBe(model.graph);
    expect(notes).toMatchObject([{ code: 'batchnorm-kept', message: expect.stringContaining(reason) as string }]);
  });
});
