import {
  floatTensor,
  int64Tensor,
  int8Tensor,
  intAttr,
  intsAttr,
  makeNode,
  tensorAttr,
  uint8Tensor,
} from '../../src-main/onnx/graph/make';
import type { Attribute, Graph, Model, Node, Tensor, ValueInfo } from '../../src-main/onnx/graph/model';
import { buildModel, pseudoRandom } from '../support/onnx-builder';
import { tinyModel } from '../support/tiny-project';
import type { Draws } from './mutate';

const constant = (name: string, dims: readonly number[]): Tensor =>
  floatTensor(
    name,
    dims,
    pseudoRandom(
      dims.reduce((product, dim) => product * dim, 1),
      dims.length,
    ),
  );

/** Small models that between them reach every pass of the preparation and every rule of placement. */
export function seedModels(): readonly Model[] {
  return [tinyModel(), normalizedModel(), attentionModel(), concatModel(), quantizedModel()];
}

/** Conv, BatchNormalization, Clip, a depthwise Conv, a residual Add, pooling. */
function normalizedModel(): Model {
  const parameters = ['gamma', 'beta', 'mean', 'variance'].map((name) =>
    floatTensor(name, [16], pseudoRandom(16, 3).map(Math.abs)),
  );
  return buildModel({
    inputs: { x: ['n', 3, 8, 8] },
    outputs: { y: null },
    nodes: [
      makeNode('Constant', [], ['low'], { attributes: [tensorAttr('value', floatTensor('low_value', [], [0]))] }),
      makeNode('Conv', ['x', 'w0'], ['c0'], { name: 'conv', attributes: [intsAttr('pads', [1, 1, 1, 1])] }),
      makeNode('BatchNormalization', ['c0', 'gamma', 'beta', 'mean', 'variance'], ['bn'], { name: 'bn' }),
      makeNode('Clip', ['bn', 'low', 'high'], ['clip'], { name: 'clip' }),
      makeNode('Conv', ['clip', 'w1'], ['c1'], {
        name: 'depthwise',
        attributes: [intAttr('group', 16), intsAttr('pads', [1, 1, 1, 1])],
      }),
      makeNode('Identity', ['c1'], ['same'], { name: 'identity' }),
      makeNode('Add', ['same', 'clip'], ['sum'], { name: 'add' }),
      makeNode('MaxPool', ['sum'], ['pool'], { name: 'pool', attributes: [intsAttr('kernel_shape', [2, 2])] }),
      makeNode('GlobalAveragePool', ['pool'], ['y'], { name: 'gap' }),
    ],
    initializers: [
      constant('w0', [16, 3, 3, 3]),
      constant('w1', [16, 1, 3, 3]),
      floatTensor('high', [], [6]),
      ...parameters,
    ],
    opset: 12,
  });
}

/** Q/DQ around a convolution with integer weights, a call of a model-local function, and FP16 values. */
function quantizedModel(): Model {
  const model = buildModel({
    inputs: { x: ['n', 4, 6, 6] },
    outputs: { y: null },
    nodes: [
      makeNode('QuantizeLinear', ['x', 's', 'zu'], ['xq'], { name: 'q' }),
      makeNode('DequantizeLinear', ['xq', 's', 'zu'], ['xd'], { name: 'dq' }),
      makeNode('DequantizeLinear', ['wq', 's', 'z'], ['w'], { name: 'weights' }),
      makeNode('Conv', ['xd', 'w'], ['c'], { name: 'conv' }),
      makeNode('Block', ['c', 'b'], ['d'], { name: 'call', domain: 'local' }),
      makeNode('Cast', ['d'], ['h'], { name: 'half', attributes: [intAttr('to', 10)] }),
      makeNode('Cast', ['h'], ['y'], { name: 'float', attributes: [intAttr('to', 1)] }),
    ],
    initializers: [
      floatTensor('s', [], [0.05]),
      uint8Tensor('zu', [], [0]),
      int8Tensor('z', [], [0]),
      int8Tensor('wq', [4, 4, 1, 1], [...Array(16).keys()]),
      floatTensor('b', [4, 1, 1], pseudoRandom(4)),
    ],
    opset: 17,
  });
  const block = {
    name: 'Block',
    domain: 'local',
    overload: '',
    input: ['X', 'B'],
    output: ['Y'],
    attribute: [],
    attributeDefault: [],
    node: [makeNode('Add', ['X', 'B'], ['t']), makeNode('Relu', ['t'], ['Y'])],
    opsetImport: [{ domain: '', version: 17 }],
    valueInfo: [],
  };
  return { ...model, functions: [block], opsetImport: [...model.opsetImport, { domain: 'local', version: 1 }] };
}

/** MatMul, Softmax, Transpose, Reshape and a decomposed normalisation. */
function attentionModel(): Model {
  return buildModel({
    inputs: { x: ['n', 16, 32] },
    outputs: { y: ['n', 16, 32] },
    nodes: [
      makeNode('MatMul', ['x', 'wq'], ['q'], { name: 'q' }),
      makeNode('MatMul', ['x', 'wk'], ['k'], { name: 'k' }),
      makeNode('Transpose', ['k'], ['kt'], { name: 'kt', attributes: [intsAttr('perm', [0, 2, 1])] }),
      makeNode('MatMul', ['q', 'kt'], ['scores'], { name: 'scores' }),
      makeNode('Softmax', ['scores'], ['p'], { name: 'softmax', attributes: [intAttr('axis', -1)] }),
      makeNode('MatMul', ['p', 'x'], ['mixed'], { name: 'mixed' }),
      makeNode('Reshape', ['mixed', 'shape'], ['flat'], { name: 'reshape' }),
      makeNode('ReduceMean', ['flat'], ['mean'], { name: 'mean', attributes: [intsAttr('axes', [-1])] }),
      makeNode('Sub', ['flat', 'mean'], ['centred'], { name: 'centre' }),
      makeNode('Pow', ['centred', 'two'], ['square'], { name: 'square' }),
      makeNode('ReduceMean', ['square'], ['variance'], { name: 'variance', attributes: [intsAttr('axes', [-1])] }),
      makeNode('Add', ['variance', 'epsilon'], ['safe'], { name: 'safe' }),
      makeNode('Sqrt', ['safe'], ['deviation'], { name: 'sqrt' }),
      makeNode('Div', ['centred', 'deviation'], ['y'], { name: 'div' }),
    ],
    initializers: [
      constant('wq', [32, 32]),
      constant('wk', [32, 32]),
      int64Tensor('shape', [3], [0, 16, 32]),
      floatTensor('two', [], [2]),
      floatTensor('epsilon', [], [1e-5]),
    ],
    opset: 17,
  });
}

/** Split, Concat, Resize, Sigmoid, Mul and ConvTranspose. */
function concatModel(): Model {
  return buildModel({
    inputs: { x: [1, 3, 8, 8] },
    outputs: { y: null, z: null },
    nodes: [
      makeNode('Conv', ['x', 'w0'], ['c0'], { name: 'conv' }),
      makeNode('Sigmoid', ['c0'], ['s'], { name: 'sigmoid' }),
      makeNode('Mul', ['c0', 's'], ['silu'], { name: 'silu' }),
      makeNode('Split', ['silu', 'halves'], ['left', 'right'], { name: 'split', attributes: [intAttr('axis', 1)] }),
      makeNode('Conv', ['left', 'w1'], ['c1'], { name: 'conv1' }),
      makeNode('Concat', ['c1', 'right'], ['both'], { name: 'concat', attributes: [intAttr('axis', 1)] }),
      makeNode('Resize', ['both', '', 'scales'], ['large'], { name: 'resize' }),
      makeNode('ConvTranspose', ['large', 'wt'], ['y'], {
        name: 'transpose',
        attributes: [intsAttr('strides', [2, 2])],
      }),
      makeNode('AveragePool', ['both'], ['z'], { name: 'average', attributes: [intsAttr('kernel_shape', [2, 2])] }),
    ],
    initializers: [
      constant('w0', [32, 3, 1, 1]),
      constant('w1', [16, 16, 1, 1]),
      constant('wt', [32, 16, 2, 2]),
      int64Tensor('halves', [2], [16, 16]),
      floatTensor('scales', [4], [1, 1, 2, 2]),
    ],
    opset: 13,
  });
}

const OPERATORS = [
  'Conv',
  'Gemm',
  'MatMul',
  'Relu',
  'Clip',
  'Concat',
  'Add',
  'Mul',
  'Split',
  'Resize',
  'Softmax',
  'BatchNormalization',
  'Identity',
  'Dropout',
  'Constant',
  'If',
  'Loop',
  'QuantizeLinear',
  'DequantizeLinear',
  'Cast',
  'Where',
  'Pad',
  'ConvTranspose',
  'AveragePool',
  'LayerNormalization',
  'InstanceNormalization',
  'Celu',
  'NonMaxSuppression',
  'Reshape',
  'Unknown',
];
const DIMENSIONS = [0, 1, 2, 3, 8, 15, 16, 17, 1e9, 2 ** 40, -1];

/** The model with one to four changes that keep it a protobuf message but may make it meaningless. */
export function mutateModel(model: Model, draws: Draws): Model {
  let changed = model;
  for (let changes = 1 + draws.below(4); changes > 0; changes -= 1) changed = changeModel(changed, draws);
  return changed;
}

function changeModel(model: Model, draws: Draws): Model {
  const { graph } = model;
  switch (draws.below(8)) {
    case 0:
      return {
        ...model,
        opsetImport: [{ domain: draws.pick(['', 'ai.onnx', 'com.microsoft']), version: draws.below(30) }],
      };
    case 1:
      return {
        ...model,
        graph: { ...graph, initializer: changeOne(graph.initializer, draws, (tensor) => changeTensor(tensor, draws)) },
      };
    case 2:
      return {
        ...model,
        graph: { ...graph, input: changeOne(graph.input, draws, (value) => changeValue(value, graph, draws)) },
      };
    case 3:
      return {
        ...model,
        graph: { ...graph, output: changeOne(graph.output, draws, (value) => changeValue(value, graph, draws)) },
      };
    default:
      return {
        ...model,
        graph: { ...graph, node: changeOne(graph.node, draws, (node) => changeNode(node, graph, draws)) },
      };
  }
}

/** The list with one element changed, removed or doubled. */
function changeOne<T>(list: readonly T[], draws: Draws, change: (item: T) => T): readonly T[] {
  const at = draws.below(list.length);
  const kind = draws.below(8);
  return list.flatMap((item, i) => (i !== at ? [item] : kind === 0 ? [] : kind === 1 ? [item, item] : [change(item)]));
}

function tensorName(graph: Graph, draws: Draws): string {
  const names = [
    ...graph.node.flatMap((node) => node.output),
    ...graph.initializer.map((tensor) => tensor.name),
    '',
    '__proto__',
    'new',
  ];
  return draws.pick(names);
}

function changeTensor(tensor: Tensor, draws: Draws): Tensor {
  switch (draws.below(4)) {
    case 0:
      return { ...tensor, dataType: draws.below(24) };
    case 1:
      return { ...tensor, dims: changeOne(tensor.dims, draws, () => draws.pick(DIMENSIONS)) };
    case 2: {
      const bytes = tensor.data.kind === 'bytes' ? tensor.data.bytes : new Uint8Array();
      const value = draws.pick([0, 0x7f, 0xff, 0x80]);
      const from = draws.below(bytes.length);
      return {
        ...tensor,
        data: { kind: 'bytes', bytes: bytes.map((byte, i) => (i >= from && i < from + 8 ? value : byte)) },
      };
    }
    default:
      return { ...tensor, name: draws.pick(['', '__proto__', 'x', 'w0', 'y']) };
  }
}

function changeValue(value: ValueInfo, graph: Graph, draws: Draws): ValueInfo {
  if (draws.chance(0.3)) return { ...value, name: tensorName(graph, draws) };
  if (draws.chance(0.2)) return { ...value, tensorType: null };
  const shape = Array.from(
    { length: draws.below(6) },
    () => ({ kind: 'value', value: draws.pick(DIMENSIONS) }) as const,
  );
  return { ...value, tensorType: { elemType: draws.below(18), shape: draws.chance(0.2) ? null : shape } };
}

function changeNode(node: Node, graph: Graph, draws: Draws): Node {
  switch (draws.below(6)) {
    case 0:
      return { ...node, opType: draws.pick(OPERATORS) };
    case 1:
      return { ...node, input: changeOne(node.input, draws, () => tensorName(graph, draws)) };
    case 2:
      return { ...node, output: changeOne(node.output, draws, () => tensorName(graph, draws)) };
    case 3:
      return { ...node, name: draws.pick(['', 'conv', '__proto__', 'toString']) };
    case 4:
      return { ...node, domain: draws.pick(['', 'com.microsoft', 'custom']) };
    default:
      return { ...node, attribute: changeAttributes(node.attribute, draws) };
  }
}

function changeAttributes(attributes: readonly Attribute[], draws: Draws): readonly Attribute[] {
  const name = draws.pick([
    'axis',
    'group',
    'pads',
    'strides',
    'kernel_shape',
    'dilations',
    'perm',
    'axes',
    'to',
    'transB',
    'auto_pad',
  ]);
  const ints = Array.from({ length: draws.below(5) }, () => draws.pick(DIMENSIONS));
  const added = draws.chance(0.5) ? intsAttr(name, ints) : intAttr(name, draws.pick(DIMENSIONS));
  return [...changeOne(attributes, draws, (attribute) => ({ ...attribute, name })), added];
}
