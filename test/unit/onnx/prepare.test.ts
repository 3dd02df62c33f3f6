import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  floatAttr,
  floatTensor,
  graphAttr,
  int64Tensor,
  intAttr,
  intsAttr,
  makeNode,
  makeTensor,
  makeValueInfo,
  tensorAttr,
} from '../../../src-main/onnx/graph/make';
import { DataType, type Model } from '../../../src-main/onnx/graph/model';
import { prepareModel } from '../../../src-main/onnx/passes/prepare';
import { loadPrepared, storePrepared } from '../../../src-main/onnx/passes/prepared-store';
import { buildGraph, buildModel, pseudoRandom } from '../../support/onnx-builder';
import { relativeDifference, runModel } from './run-ort';

const opsOf = (model: Model): string[] => model.graph.node.map((node) => node.opType);
const constant = (name: string, values: number[]): ReturnType<typeof makeNode> =>
  makeNode('Constant', [], [name], { attributes: [tensorAttr('value', floatTensor('', [values.length], values))] });

async function expectSame(model: Model): Promise<Model> {
  const prepared = prepareModel(model).model;
  expect(relativeDifference(await runModel(model), await runModel(prepared))).toBeLessThan(1e-6);
  expect(prepared.graph.output).toEqual(model.graph.output);
  return prepared;
}

test('every form of Constant becomes an initializer; one that is a graph output stays', async () => {
  const nodes = [
    constant('a', [1, 2, 3]),
    makeNode('Constant', [], ['b'], { attributes: [floatAttr('value_float', 0.5)] }),
    makeNode('Constant', [], ['s'], { attributes: [intsAttr('value_ints', [3, 1])] }),
    makeNode('Constant', [], ['axis'], { attributes: [intAttr('value_int', 0)] }),
    constant('k', [7]),
    makeNode('Add', ['x', 'a'], ['t']),
    makeNode('Mul', ['t', 'b'], ['u']),
    makeNode('Reshape', ['u', 's'], ['v']),
    makeNode('Gather', ['v', 'axis'], ['y']),
  ];
  const prepared = await expectSame(buildModel({ inputs: { x: [3] }, outputs: { y: null, k: [1] }, nodes }));
  expect(opsOf(prepared)).toEqual(['Constant', 'Add', 'Mul', 'Reshape', 'Gather']);
  expect(prepared.graph.initializer.map((tensor) => [tensor.name, tensor.dims])).toEqual([
    ['a', [3]],
    ['b', []],
    ['s', [2]],
    ['axis', []],
  ]);
});

describe('Identity and Dropout', () => {
  test.each<[string, ReturnType<typeof makeNode>[], string[]]>([
    [
      'in the middle',
      [
        makeNode('Relu', ['x'], ['a']),
        makeNode('Identity', ['a'], ['b']),
        makeNode('Dropout', ['b'], ['c', 'mask']),
        makeNode('Neg', ['c'], ['y']),
      ],
      ['Relu', 'Neg'],
    ],
    [
      'before an output, which keeps its name',
      [makeNode('Relu', ['x'], ['a']), makeNode('Identity', ['a'], ['y'])],
      ['Relu'],
    ],
    [
      'a chain before an output',
      [makeNode('Relu', ['x'], ['a']), makeNode('Identity', ['a'], ['b']), makeNode('Identity', ['b'], ['y'])],
      ['Relu'],
    ],
    ['between input and output stays', [makeNode('Identity', ['x'], ['y'])], ['Identity']],
    [
      'of a constant',
      [constant('k', [2]), makeNode('Identity', ['k'], ['k2']), makeNode('Mul', ['x', 'k2'], ['y'])],
      ['Mul'],
    ],
  ])('%s', async (_, nodes, ops) => {
    expect(opsOf(await expectSame(buildModel({ inputs: { x: [2, 3] }, outputs: { y: null }, nodes })))).toEqual(ops);
  });

  test('two outputs that copy one tensor', async () => {
    const nodes = [
      makeNode('Relu', ['x'], ['a']),
      makeNode('Identity', ['a'], ['y']),
      makeNode('Identity', ['a'], ['z']),
      makeNode('Neg', ['a'], ['w']),
    ];
    expect(
      opsOf(await expectSame(buildModel({ inputs: { x: [4] }, outputs: { y: null, z: null, w: null }, nodes }))).sort(),
    ).toEqual(['Identity', 'Neg', 'Relu']);
  });

  test('a Dropout whose mask is used stays, with a note', () => {
    const nodes = [makeNode('Dropout', ['x'], ['a', 'm'], { name: 'drop' }), makeNode('Where', ['m', 'a', 'x'], ['y'])];
    const { model, notes } = prepareModel(buildModel({ inputs: { x: [2] }, outputs: { y: null }, nodes }));
    expect(opsOf(model)).toEqual(['Dropout', 'Where']);
    expect(notes).toMatchObject([{ code: 'dropout-kept', layer: 'drop' }]);
  });
});

test('names that a subgraph captures survive', async () => {
  const branch = (name: string, weight: string): ReturnType<typeof buildGraph> =>
    buildGraph({
      outputs: { [name]: null },
      nodes: [makeNode('Identity', ['copy'], [`${name}_i`]), makeNode('Mul', [`${name}_i`, weight], [name])],
    });
  const nodes = [
    makeNode('Relu', ['x'], ['r']),
    makeNode('Identity', ['r'], ['copy']),
    constant('two', [2]),
    makeNode('ReduceMax', ['x'], ['top'], { attributes: [intAttr('keepdims', 0)] }),
    makeNode('Cast', ['top'], ['cond'], { attributes: [intAttr('to', DataType.BOOL)] }),
    makeNode('If', ['cond'], ['y'], {
      attributes: [graphAttr('then_branch', branch('t', 'two')), graphAttr('else_branch', branch('e', 'three'))],
    }),
  ];
  const prepared = await expectSame(
    buildModel({
      inputs: { x: [3] },
      outputs: { y: null },
      nodes,
      initializers: [floatTensor('three', [1], [3]), floatTensor('unused', [1], [0])],
    }),
  );
  expect(prepared.graph.initializer.map((tensor) => tensor.name).sort()).toEqual(['three', 'two']);
  expect(opsOf(prepared)).toContain('Identity');
});

test('nodes are sorted and named, names that are unique stay', () => {
  const nodes = [
    makeNode('Neg', ['b'], ['y'], { name: 'n' }),
    makeNode('Relu', ['x'], ['a']),
    makeNode('Abs', ['a'], ['b'], { name: 'n' }),
    makeNode('Exp', ['a'], ['z'], { name: 'Relu_0' }),
  ];
  const prepared = prepareModel(buildModel({ inputs: { x: [2] }, outputs: { y: null, z: null }, nodes })).model;
  expect(prepared.graph.node.map((node) => [node.name, node.opType])).toEqual([
    ['Relu_0_1', 'Relu'],
    ['n', 'Abs'],
    ['Neg_2', 'Neg'],
    ['Relu_0', 'Exp'],
  ]);
});

test('initializers among the inputs are none, and the IR version allows it', () => {
  const model = buildModel({
    inputs: { x: [1], w: [1] },
    outputs: { y: null },
    nodes: [makeNode('Mul', ['x', 'w'], ['y'])],
    initializers: [floatTensor('w', [1], [2])],
    irVersion: 3,
  });
  const prepared = prepareModel(model).model;
  expect(prepared.graph.input.map((value) => value.name)).toEqual(['x']);
  expect(prepared.irVersion).toBe(4);
});

describe('broken graphs are refused', () => {
  test.each<[string, ReturnType<typeof makeNode>[], RegExp]>([
    [
      'a cycle',
      [makeNode('Add', ['x', 'b'], ['a'], { name: 'p' }), makeNode('Neg', ['a'], ['b']), makeNode('Neg', ['b'], ['y'])],
      /cycle: Add "p", Neg "b", Neg "y"/,
    ],
    ['an undefined tensor', [makeNode('Add', ['x', 'nowhere'], ['y'], { name: 'p' })], /Add "p" uses tensor "nowhere"/],
    ['an output nobody makes', [makeNode('Neg', ['x'], ['a'])], /Graph output "y" is not made/],
    [
      'a tensor made twice',
      [makeNode('Neg', ['x'], ['y']), makeNode('Abs', ['x'], ['y'])],
      /"y" is the output of two nodes/,
    ],
  ])('%s', (_, nodes, message) => {
    expect(() => prepareModel(buildModel({ inputs: { x: [1] }, outputs: { y: null }, nodes }))).toThrow(message);
  });

  test('an operator set out of range', () => {
    const at = (opset: number): Model =>
      buildModel({ inputs: { x: [1] }, outputs: { y: null }, nodes: [makeNode('Neg', ['x'], ['y'])], opset });
    expect(() => prepareModel(at(6))).toThrow(/from 7 to 26, found opset 6/);
    expect(() => prepareModel(at(27))).toThrow(/from 7 to 26, found opset 27/);
  });
});

test('the prepared folder: large tensors in weights.bin at multiples of 64 bytes, small ones in the graph', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'onnx-prepared-'));
  try {
    const odd = makeTensor('odd', DataType.INT8, [1025], new Uint8Array(1025));
    const initializers = [odd, floatTensor('w', [300], pseudoRandom(300)), int64Tensor('s', [1], [300])];
    const nodes = [
      makeNode('Mul', ['x', 'w'], ['a']),
      makeNode('Reshape', ['a', 's'], ['b']),
      makeNode('Cast', ['odd'], ['o'], { attributes: [intAttr('to', 1)] }),
      makeNode('Concat', ['b', 'o'], ['y'], { attributes: [intAttr('axis', 0)] }),
    ];
    const model = buildModel({ inputs: { x: [300] }, outputs: { y: null }, nodes, initializers, opset: 17 });
    await storePrepared(prepareModel(model).model, join(dir, 'p'));
    expect(readdirSync(join(dir, 'p')).sort()).toEqual(['model.onnx', 'weights.bin']);
    expect(statSync(join(dir, 'p/weights.bin')).size).toBe(1088 + 1200);
    const loaded = loadPrepared(join(dir, 'p'));
    expect(
      loaded.graph.initializer.map(({ name, data }) => [name, data.kind, data.kind === 'file' ? data.offset : null]),
    ).toEqual([
      ['odd', 'file', 0],
      ['w', 'file', 1088],
      ['s', 'bytes', null],
    ]);
    expect(relativeDifference(await runModel(model), await runModel(loaded, join(dir, 'p/model.onnx')))).toBe(0);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test('value_info of removed tensors goes', () => {
  const model = buildModel({
    inputs: { x: [1] },
    outputs: { y: null },
    nodes: [makeNode('Neg', ['x'], ['a']), makeNode('Identity', ['a'], ['b']), makeNode('Abs', ['b'], ['y'])],
    valueInfo: [makeValueInfo('a', 1, [1]), makeValueInfo('b', 1, [1])],
  });
  expect(prepareModel(model).model.graph.valueInfo.map((value) => value.name)).toEqual(['a']);
});
