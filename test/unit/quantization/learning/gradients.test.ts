import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import {
  floatAttr,
  floatTensor,
  int64Tensor,
  intAttr,
  intsAttr,
  makeNode,
  stringAttr,
} from '../../../../src-main/onnx/graph/make';
import {
  DataType,
  type Attribute,
  type Graph,
  type Model,
  type Node,
  type Tensor as Constant,
} from '../../../../src-main/onnx/graph/model';
import { makeModel, makeValueInfo } from '../../../../src-main/onnx/graph/make';
import { encodeModel } from '../../../../src-main/onnx/wire/wire-writer';
import { GradientScope } from '../../../../src-main/quantization/learning/gradient-scope';
import { addGradients } from '../../../../src-main/quantization/learning/gradients';
import { pseudoRandom } from '../../../support/onnx-builder';

/** A layer whose float inputs are variables, and constants that it reads. */
interface Case {
  readonly op: string;
  /** Sizes of the variables by name, in the order of the inputs; a null is filled with the next constant. */
  readonly variables: Readonly<Record<string, readonly number[]>>;
  /** Names of all inputs, where they are not the variables alone. */
  readonly inputs?: readonly string[];
  readonly constants?: readonly Constant[];
  readonly attributes?: readonly Attribute[];
  readonly outputs?: number;
  /** Maps random values in -1..1 to values of the variables. */
  readonly map?: (value: number) => number;
}

const OPSET = 19;
const ints = (name: string, values: readonly number[]): Constant => int64Tensor(name, [values.length], values);
const positive = (value: number): number => 1.5 + value;
/** Keeps values away from the kinks at multiples of 0.5. */
const offKinks = (value: number): number => Math.floor(value * 4) / 2 + 0.25 + 0.1 * value;

const IMAGE = { x: [2, 4, 7, 6] };
const CASES: Readonly<Record<string, Case>> = {
  'Add with broadcasting': { op: 'Add', variables: { a: [2, 3, 4], b: [3, 1] } },
  'Sub with a scalar': { op: 'Sub', variables: { a: [2, 3], b: [] } },
  Mul: { op: 'Mul', variables: { a: [2, 3], b: [2, 1] } },
  'Mul of a tensor with itself': { op: 'Mul', variables: { a: [5] }, inputs: ['a', 'a'] },
  Div: { op: 'Div', variables: { a: [2, 3], b: [3] }, map: positive },
  Sum: { op: 'Sum', variables: { a: [2, 3], b: [3], c: [2, 1] } },
  Neg: { op: 'Neg', variables: { x: [6] } },
  Relu: { op: 'Relu', variables: { x: [24] }, map: offKinks },
  LeakyRelu: { op: 'LeakyRelu', variables: { x: [24] }, attributes: [floatAttr('alpha', 0.2)], map: offKinks },
  PRelu: {
    op: 'PRelu',
    variables: { x: [2, 3, 4] },
    inputs: ['x', 'slope'],
    constants: [floatTensor('slope', [3, 1], [0.1, 0.2, 0.3])],
    map: offKinks,
  },
  Elu: { op: 'Elu', variables: { x: [12] }, attributes: [floatAttr('alpha', 0.7)], map: offKinks },
  Clip: {
    op: 'Clip',
    variables: { x: [24] },
    inputs: ['x', 'low', 'high'],
    constants: [floatTensor('low', [], [-0.5]), floatTensor('high', [], [1])],
    map: offKinks,
  },
  'Clip without a lower bound': {
    op: 'Clip',
    variables: { x: [24] },
    inputs: ['x', '', 'high'],
    constants: [floatTensor('high', [], [0.5])],
    map: offKinks,
  },
  Sigmoid: { op: 'Sigmoid', variables: { x: [12] } },
  HardSigmoid: {
    op: 'HardSigmoid',
    variables: { x: [24] },
    attributes: [floatAttr('alpha', 1), floatAttr('beta', 0.5)],
    map: offKinks,
  },
  HardSwish: { op: 'HardSwish', variables: { x: [24] }, map: (value) => 4 * offKinks(value) },
  Softplus: { op: 'Softplus', variables: { x: [12] } },
  Tanh: { op: 'Tanh', variables: { x: [12] } },
  Exp: { op: 'Exp', variables: { x: [12] } },
  Log: { op: 'Log', variables: { x: [12] }, map: positive },
  Sqrt: { op: 'Sqrt', variables: { x: [12] }, map: positive },
  Reciprocal: { op: 'Reciprocal', variables: { x: [12] }, map: positive },
  Abs: { op: 'Abs', variables: { x: [12] }, map: offKinks },
  Erf: { op: 'Erf', variables: { x: [12] } },
  Square: { op: 'Pow', variables: { x: [12] }, inputs: ['x', 'two'], constants: [floatTensor('two', [], [2])] },
  Cube: { op: 'Pow', variables: { x: [12] }, inputs: ['x', 'three'], constants: [floatTensor('three', [1], [3])] },
  Softmax: { op: 'Softmax', variables: { x: [2, 5, 3] }, attributes: [intAttr('axis', 1)] },
  LayerNormalization: {
    op: 'LayerNormalization',
    variables: { x: [2, 3, 5], bias: [5] },
    inputs: ['x', 'scale', 'bias'],
    constants: [floatTensor('scale', [5], [1, 2, 0.5, -1, 1.5])],
  },
  Conv: { op: 'Conv', variables: { ...IMAGE, w: [5, 4, 3, 2], b: [5] } },
  'Conv with a stride that leaves values over': {
    op: 'Conv',
    variables: { ...IMAGE, w: [3, 4, 3, 3], b: [3] },
    attributes: [intsAttr('strides', [3, 2]), intsAttr('pads', [0, 1, 0, 0])],
  },
  'dilated Conv': {
    op: 'Conv',
    variables: { ...IMAGE, w: [2, 4, 3, 2] },
    attributes: [intsAttr('dilations', [2, 3]), intsAttr('pads', [2, 1, 2, 2])],
  },
  'strided and dilated Conv': {
    op: 'Conv',
    variables: { x: [1, 2, 9, 8], w: [2, 2, 3, 2] },
    attributes: [intsAttr('strides', [2, 2]), intsAttr('dilations', [2, 2]), intsAttr('pads', [1, 0, 0, 1])],
  },
  'grouped Conv': {
    op: 'Conv',
    variables: { ...IMAGE, w: [6, 2, 3, 3], b: [6] },
    attributes: [intAttr('group', 2), intsAttr('strides', [2, 2]), intsAttr('pads', [1, 1, 1, 1])],
  },
  'depthwise Conv with a stride': {
    op: 'Conv',
    variables: { x: [2, 4, 8, 7], w: [4, 1, 3, 3] },
    attributes: [intAttr('group', 4), intsAttr('strides', [2, 3]), intsAttr('pads', [1, 1, 0, 1])],
  },
  'Conv with more padding than its kernel reaches': {
    op: 'Conv',
    variables: { x: [1, 2, 3, 3], w: [2, 2, 2, 2] },
    attributes: [intsAttr('pads', [2, 1, 2, 3])],
  },
  'depthwise Conv': {
    op: 'Conv',
    variables: { ...IMAGE, w: [4, 1, 3, 3], b: [4] },
    attributes: [intAttr('group', 4), intsAttr('pads', [1, 1, 1, 1])],
  },
  'Conv with auto_pad': {
    op: 'Conv',
    variables: { ...IMAGE, w: [3, 4, 4, 3] },
    attributes: [stringAttr('auto_pad', 'SAME_UPPER'), intsAttr('strides', [2, 2])],
  },
  'Conv with SAME_LOWER': {
    op: 'Conv',
    variables: { ...IMAGE, w: [3, 4, 2, 2] },
    attributes: [stringAttr('auto_pad', 'SAME_LOWER')],
  },
  'Conv over one axis': {
    op: 'Conv',
    variables: { x: [2, 3, 8], w: [4, 3, 3], b: [4] },
    attributes: [intsAttr('strides', [2])],
  },
  ConvTranspose: {
    op: 'ConvTranspose',
    variables: { x: [2, 4, 3, 3], b: [6] },
    inputs: ['x', 'w', 'b'],
    constants: [floatTensor('w', [4, 3, 3, 2], pseudoRandom(72, 3))],
    attributes: [
      intAttr('group', 2),
      intsAttr('strides', [2, 2]),
      intsAttr('pads', [1, 0, 1, 1]),
      intsAttr('output_padding', [1, 0]),
    ],
  },
  Gemm: {
    op: 'Gemm',
    variables: { a: [3, 4], b: [4, 5], c: [5] },
    attributes: [floatAttr('alpha', 0.5), floatAttr('beta', 2)],
  },
  'Gemm with transA': {
    op: 'Gemm',
    variables: { a: [4, 3], b: [4, 5], c: [3, 1] },
    attributes: [intAttr('transA', 1)],
  },
  'Gemm with transB': { op: 'Gemm', variables: { a: [3, 4], b: [5, 4], c: [] }, attributes: [intAttr('transB', 1)] },
  'Gemm with both': {
    op: 'Gemm',
    variables: { a: [4, 3], b: [5, 4] },
    attributes: [intAttr('transA', 1), intAttr('transB', 1)],
  },
  'MatMul with broadcasting': { op: 'MatMul', variables: { a: [2, 3, 4, 5], b: [3, 5, 2] } },
  MaxPool: {
    op: 'MaxPool',
    variables: IMAGE,
    attributes: [intsAttr('kernel_shape', [3, 3]), intsAttr('strides', [2, 2]), intsAttr('pads', [1, 1, 1, 1])],
  },
  'MaxPool whose windows overlap': {
    op: 'MaxPool',
    variables: IMAGE,
    attributes: [intsAttr('kernel_shape', [5, 5]), intsAttr('pads', [2, 2, 2, 2])],
  },
  AveragePool: {
    op: 'AveragePool',
    variables: IMAGE,
    attributes: [intsAttr('kernel_shape', [3, 2]), intsAttr('strides', [2, 2]), intsAttr('pads', [1, 0, 1, 0])],
  },
  'AveragePool that counts padding': {
    op: 'AveragePool',
    variables: IMAGE,
    attributes: [intsAttr('kernel_shape', [3, 3]), intsAttr('pads', [1, 1, 1, 1]), intAttr('count_include_pad', 1)],
  },
  'AveragePool with ceil_mode': {
    op: 'AveragePool',
    variables: IMAGE,
    attributes: [intsAttr('kernel_shape', [2, 3]), intsAttr('strides', [2, 2]), intAttr('ceil_mode', 1)],
  },
  GlobalAveragePool: { op: 'GlobalAveragePool', variables: IMAGE },
  GlobalMaxPool: { op: 'GlobalMaxPool', variables: IMAGE },
  ReduceMean: {
    op: 'ReduceMean',
    variables: IMAGE,
    inputs: ['x', 'axes'],
    constants: [ints('axes', [-1, 1])],
    attributes: [intAttr('keepdims', 0)],
  },
  'ReduceSum over all axes': { op: 'ReduceSum', variables: IMAGE },
  Reshape: { op: 'Reshape', variables: IMAGE, inputs: ['x', 'shape'], constants: [ints('shape', [0, -1])] },
  Transpose: { op: 'Transpose', variables: { x: [2, 3, 4] }, attributes: [intsAttr('perm', [2, 0, 1])] },
  Concat: { op: 'Concat', variables: { a: [2, 3, 2], b: [2, 1, 2] }, attributes: [intAttr('axis', 1)] },
  'Split of which one part counts': {
    op: 'Split',
    variables: { x: [2, 5] },
    inputs: ['x', 'sizes'],
    constants: [ints('sizes', [2, 3])],
    attributes: [intAttr('axis', 1)],
    outputs: 2,
  },
  Slice: {
    op: 'Slice',
    variables: IMAGE,
    inputs: ['x', 'starts', 'ends', 'axes'],
    constants: [ints('starts', [-5, 1]), ints('ends', [1000, -1]), ints('axes', [2, -1])],
  },
  Gather: {
    op: 'Gather',
    variables: { x: [3, 4, 2] },
    inputs: ['x', 'index'],
    constants: [int64Tensor('index', [], [-2])],
    attributes: [intAttr('axis', 1)],
  },
  Pad: { op: 'Pad', variables: { x: [2, 3] }, inputs: ['x', 'pads'], constants: [ints('pads', [0, 1, 2, 1])] },
  Expand: { op: 'Expand', variables: { x: [3, 1] }, inputs: ['x', 'shape'], constants: [ints('shape', [2, 3, 4])] },
  Resize: {
    op: 'Resize',
    variables: { x: [1, 2, 3, 2] },
    inputs: ['x', '', 'scales'],
    constants: [floatTensor('scales', [4], [1, 1, 2, 3])],
    attributes: [
      stringAttr('mode', 'nearest'),
      stringAttr('coordinate_transformation_mode', 'asymmetric'),
      stringAttr('nearest_mode', 'floor'),
    ],
  },
  'Resize with half pixels': {
    op: 'Resize',
    variables: { x: [1, 2, 3, 2] },
    inputs: ['x', '', 'scales'],
    constants: [floatTensor('scales', [4], [1, 1, 3, 2])],
  },
  DepthToSpace: { op: 'DepthToSpace', variables: { x: [1, 8, 2, 3] }, attributes: [intAttr('blocksize', 2)] },
  SpaceToDepth: { op: 'SpaceToDepth', variables: { x: [1, 2, 4, 6] }, attributes: [intAttr('blocksize', 2)] },
};

describe('addGradients', () => {
  it.each(Object.keys(CASES))('agrees with finite differences: %s', async (name) => {
    const own = CASES[name] as Case;
    const graph = graphOf(own);
    const values = new Map(
      Object.entries(own.variables).map(
        ([variable, dims], i) =>
          [
            variable,
            { dims, data: pseudoRandom(size(dims), i + 2).map((value) => (own.map ? own.map(value) : value)) },
          ] as const,
      ),
    );
    const forward = makeModel(graph, OPSET);
    const session = await open(forward);
    const outputs = await run(session, values);
    const y = defined(outputs.get('y0'));
    const weights = pseudoRandom(y.data.length, 99);
    const loss = async (): Promise<number> => {
      const found = defined((await run(session, values)).get('y0'));
      return found.data.reduce((sum, value, i) => sum + value * (weights[i] ?? 0), 0);
    };
    const dims = new Map(
      [...values, ...outputs, ...graph.initializer.map((tensor) => [tensor.name, tensor] as const)].map(
        ([tensor, each]) => [tensor, each.dims],
      ),
    );
    const scope = new GradientScope(graph, dims);
    const seed = scope.floats(y.dims, weights);
    const wanted = Object.keys(own.variables);
    const gradients = addGradients(graph, scope, new Map([['y0', seed]]), new Set(wanted));
    expect([...gradients.keys()]).toEqual(wanted);
    const backward = makeModel(
      {
        ...graph,
        node: [...graph.node, ...scope.nodes],
        initializer: [...graph.initializer, ...scope.constants],
        output: [...gradients.values()].map((gradient) => makeValueInfo(gradient, DataType.FLOAT, null)),
      },
      OPSET,
    );
    const found = await run(await open(backward), values);
    for (const [variable, { data, dims: expectedDims }] of values) {
      const gradient = defined(found.get(defined(gradients.get(variable))));
      expect(gradient.dims).toEqual(expectedDims);
      for (const at of spreadOver(data.length)) {
        const before = data[at] ?? 0;
        data[at] = before + STEP;
        const above = await loss();
        data[at] = before - STEP;
        const below = await loss();
        data[at] = before;
        const expected = (above - below) / (2 * STEP);
        expect(gradient.data[at], `${variable}[${at}]`).toBeCloseTo(expected, 2);
      }
    }
  });

  it('adds up the gradients of a tensor that several layers read', async () => {
    const graph: Graph = {
      ...graphOf({ op: 'Mul', variables: { a: [3] }, inputs: ['a', 'a'] }),
      node: [makeNode('Exp', ['a'], ['e']), makeNode('Mul', ['e', 'a'], ['m']), makeNode('Add', ['m', 'e'], ['y0'])],
    };
    const dims = new Map(['a', 'e', 'm', 'y0'].map((name) => [name, [3]] as const));
    const scope = new GradientScope(graph, dims);
    const gradients = addGradients(graph, scope, new Map([['y0', scope.floats([3], [1, 1, 1])]]), new Set(['a']));
    const gradient = defined(gradients.get('a'));
    const model = makeModel(
      {
        ...graph,
        node: [...graph.node, ...scope.nodes],
        initializer: scope.constants,
        output: [makeValueInfo(gradient, DataType.FLOAT, null)],
      },
      OPSET,
    );
    const a = Float32Array.of(0, 0.5, -1);
    const found = await run(await open(model), new Map([['a', { dims: [3], data: a }]]));
    // d/da (a e^a + e^a) = (a + 2) e^a
    const expected = [...a].map((value) => (value + 2) * Math.exp(value));
    for (const [i, value] of expected.entries()) expect(defined(found.get(gradient)).data[i]).toBeCloseTo(value, 5);
  });

  it('names a tensor of unknown sizes', () => {
    const graph = graphOf({ op: 'Softmax', variables: { x: [2] } });
    const scope = new GradientScope(graph, new Map());
    expect(() => scope.dimsOf('x')).toThrow('The sizes of tensor "x" are not known');
    expect(scope.initializer('x')).toBeUndefined();
  });

  it('names a layer without a rule', () => {
    const graph = graphOf({ op: 'LRN', variables: { x: [1, 2, 2, 2] }, attributes: [intAttr('size', 1)] });
    const scope = new GradientScope(
      graph,
      new Map([
        ['x', [1, 2, 2, 2]],
        ['y0', [1, 2, 2, 2]],
      ]),
    );
    expect(() => addGradients(graph, scope, new Map([['y0', scope.zeros([1, 2, 2, 2])]]), new Set(['x']))).toThrow(
      /There is no gradient rule for LRN "layer"/,
    );
  });
});

const STEP = 1 / 128;

function graphOf({ op, variables, inputs, constants = [], attributes = [], outputs = 1 }: Case): Graph {
  const node: Node = makeNode(
    op,
    inputs ?? Object.keys(variables),
    Array.from({ length: outputs }, (_, i) => `y${i}`),
    { name: 'layer', attributes },
  );
  return {
    name: 'case',
    node: [node],
    initializer: constants,
    input: Object.entries(variables).map(([name, dims]) => makeValueInfo(name, DataType.FLOAT, dims)),
    output: node.output.map((name) => makeValueInfo(name, DataType.FLOAT, null)),
    valueInfo: [],
  };
}

interface Values {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

function open(model: Model): Promise<InferenceSession> {
  return InferenceSession.create(encodeModel(model), { intraOpNumThreads: 1, logSeverityLevel: 3 });
}

async function run(
  session: InferenceSession,
  values: ReadonlyMap<string, Values>,
): Promise<ReadonlyMap<string, Values>> {
  const feeds = Object.fromEntries(
    [...values]
      .filter(([name]) => session.inputNames.includes(name))
      .map(([name, { dims, data }]) => [name, new Tensor('float32', data.slice(), dims)]),
  );
  const found = await session.run(feeds);
  return new Map(
    session.outputNames.map((name) => {
      const tensor = defined(found[name]);
      return [name, { dims: tensor.dims, data: tensor.data as Float32Array }];
    }),
  );
}

function size(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Up to 5 indices, spread over the values. */
function spreadOver(length: number): number[] {
  const count = Math.min(length, 5);
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * length) / count));
}

function defined<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Expected a value');
  return value;
}
