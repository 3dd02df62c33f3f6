import { describe, expect, test } from 'vitest';
import { evaluateConstants } from '../../../../src-main/backends/evaluate-constants';
import {
  floatTensor,
  fp16Tensor,
  int64Tensor,
  int8Tensor,
  intAttr,
  intsAttr,
  makeNode,
  tensorAttr,
} from '../../../../src-main/onnx/graph/make';
import { DataType, type Model } from '../../../../src-main/onnx/graph/model';
import { constantExpressions } from '../../../../src-main/onnx/passes/constant-expressions';
import { foldConstants } from '../../../../src-main/onnx/passes/fold-constants';
import { prepareModel } from '../../../../src-main/onnx/passes/prepare';
import { readModel } from '../../../../src-main/onnx/wire/wire-reader';
import { sharedDir, sharedPath } from '../../../support/shared';
import { buildModel, pseudoRandom, type GraphSpec } from '../../../support/onnx-builder';
import { runModel } from '../run-ort';

const fold = (model: Model) => foldConstants(model, evaluateConstants);

function net(spec: Omit<GraphSpec, 'outputs' | 'inputs'>): Model {
  return buildModel({ inputs: { x: [1, 4, 6, 6] }, outputs: { y: null }, opset: 17, irVersion: 8, ...spec });
}

async function expectFolded(model: Model, ops: readonly string[]): Promise<Model> {
  const { model: folded, notes } = await fold(model);
  expect(notes).toEqual([]);
  expect(folded.graph.node.map(({ opType }) => opType).filter((op) => op !== 'Constant')).toEqual(ops);
  // Bit for bit: the constants are what ONNX Runtime computes.
  expect(await runModel(folded)).toEqual(await runModel(model));
  return folded;
}

describe('weights that are computed from constants', () => {
  const w = floatTensor('w', [4, 4, 3, 3], pseudoRandom(144));

  test.each<[string, Omit<GraphSpec, 'outputs' | 'inputs'>]>([
    [
      'Cast of FP16',
      {
        nodes: [
          makeNode('Cast', ['w'], ['v'], { attributes: [intAttr('to', DataType.FLOAT)] }),
          makeNode('Conv', ['x', 'v'], ['y']),
        ],
        initializers: [
          fp16Tensor(
            'w',
            [4, 4, 1, 1],
            Uint16Array.from({ length: 16 }, (_, i) => 0x3800 + i),
          ),
        ],
      },
    ],
    [
      'a weight norm',
      {
        nodes: [
          makeNode('ReduceL2', ['w'], ['n'], { attributes: [intsAttr('axes', [1, 2, 3])] }),
          makeNode('Div', ['w', 'n'], ['d']),
          makeNode('Mul', ['d', 'g'], ['v']),
          makeNode('Conv', ['x', 'v'], ['y']),
        ],
        initializers: [w, floatTensor('g', [4, 1, 1, 1], pseudoRandom(4, 3))],
      },
    ],
    [
      'Reshape of Concat of Unsqueeze, with Constant nodes',
      {
        nodes: [
          makeNode('Constant', [], ['p'], {
            attributes: [tensorAttr('value', floatTensor('', [4, 4], pseudoRandom(16)))],
          }),
          makeNode('Unsqueeze', ['p', 'axis'], ['u']),
          makeNode('Concat', ['u', 'u'], ['c'], { attributes: [intAttr('axis', 0)] }),
          makeNode('Reshape', ['c', 'shape'], ['v']),
          makeNode('Conv', ['x', 'v'], ['y']),
        ],
        initializers: [int64Tensor('axis', [1], [0]), int64Tensor('shape', [4], [8, 4, 1, 1])],
      },
    ],
    [
      'DequantizeLinear per channel',
      {
        nodes: [
          makeNode('DequantizeLinear', ['q', 's', 'z'], ['v'], { attributes: [intAttr('axis', 0)] }),
          makeNode('Conv', ['x', 'v'], ['y']),
        ],
        initializers: [
          int8Tensor('q', [4, 4, 1, 1], [...Array(16).keys()]),
          floatTensor('s', [4], [0.1, 0.2, 0.3, 0.4]),
          int8Tensor('z', [4], [0, 0, 0, 0]),
        ],
      },
    ],
  ])('%s', async (_, spec) => {
    const folded = await expectFolded(net(spec), ['Conv']);
    expect(folded.graph.initializer.find(({ name }) => name === 'v')?.dataType).toBe(DataType.FLOAT);
  });

  test('a node with another output that is needed stays for it', async () => {
    const nodes = [
      makeNode('Split', ['w', 'sizes'], ['a', 'b'], { attributes: [intAttr('axis', 0)] }),
      makeNode('Shape', ['b'], ['size']),
      makeNode('Conv', ['x', 'a'], ['c']),
      makeNode('Reshape', ['c', 'size'], ['y']),
    ];
    const shaped = floatTensor('w', [5, 4, 3, 3], pseudoRandom(180));
    const model = net({ nodes, initializers: [shaped, int64Tensor('sizes', [2], [1, 4])] });
    const { model: folded } = await fold({
      ...model,
      graph: { ...model.graph, node: nodes.with(3, makeNode('ConstantOfShape', ['size'], ['y'])) },
    });
    expect(folded.graph.node.map(({ opType }) => opType)).toEqual(['Split', 'Shape', 'Conv', 'ConstantOfShape']);
    expect(folded.graph.node[0]?.output).toEqual(['a_1', 'b']);
  });

  test('prepared, the layers have constant weights and unequal names', async () => {
    const nodes = [
      makeNode('Transpose', ['w'], ['v'], { attributes: [intsAttr('perm', [1, 0, 2, 3])] }),
      makeNode('Conv', ['x', 'v'], ['a']),
      makeNode('Conv', ['a', 'v'], ['y']),
    ];
    const { model } = prepareModel((await fold(net({ nodes, initializers: [w] }))).model);
    expect(model.graph.node.map(({ name }) => name)).toEqual(['Conv_0', 'Conv_1']);
  });
});

describe('what is not folded', () => {
  test.each<[string, Omit<GraphSpec, 'outputs' | 'inputs'>]>([
    [
      'Expand to gigabytes',
      {
        nodes: [makeNode('Expand', ['one', 'shape'], ['v']), makeNode('Mul', ['x', 'v'], ['y'])],
        initializers: [floatTensor('one', [1], [1]), int64Tensor('shape', [3], [1000, 1000, 1000])],
      },
    ],
    [
      'Tile whose intermediate is large',
      {
        nodes: [
          makeNode('Tile', ['one', 'repeats'], ['v']),
          makeNode('ReduceSum', ['v'], ['s']),
          makeNode('Mul', ['x', 's'], ['y']),
        ],
        initializers: [floatTensor('one', [1], [1]), int64Tensor('repeats', [1], [2 ** 30])],
      },
    ],
    [
      'ConstantOfShape and a product of vectors that grow',
      {
        nodes: [
          makeNode('ConstantOfShape', ['shape'], ['v']),
          makeNode('MatMul', ['v', 'r'], ['m']),
          makeNode('Mul', ['x', 'm'], ['y']),
        ],
        initializers: [int64Tensor('shape', [2], [100000, 1]), floatTensor('r', [1, 100000], new Float32Array(100000))],
      },
    ],
    [
      'random numbers',
      {
        nodes: [
          makeNode('RandomNormal', [], ['v'], { attributes: [intsAttr('shape', [4, 4, 1, 1])] }),
          makeNode('Conv', ['x', 'v'], ['y']),
        ],
        initializers: [],
      },
    ],
    [
      'integers and graph outputs',
      {
        nodes: [makeNode('Neg', ['w'], ['y'])],
        initializers: [floatTensor('w', [4], pseudoRandom(4))],
      },
    ],
  ])('%s', (_, spec) => {
    expect(constantExpressions(net(spec))).toEqual([]);
  });

  test('an expression that fails stays, with a note, and the others are folded', async () => {
    const nodes = [
      makeNode('Reshape', ['w', 'wrong'], ['bad']),
      makeNode('Neg', ['w'], ['good']),
      makeNode('Add', ['x', 'bad'], ['a']),
      makeNode('Add', ['a', 'good'], ['y']),
    ];
    const initializers = [floatTensor('w', [4, 1, 1], pseudoRandom(4)), int64Tensor('wrong', [3], [5, 1, 1])];
    const { model, notes } = await fold(net({ nodes, initializers }));
    expect(notes.map(({ code }) => code)).toEqual(['constant-kept']);
    expect(notes[0]?.message).toContain('"bad"');
    expect(model.graph.node.map(({ opType }) => opType)).toEqual(['Reshape', 'Add', 'Add']);
  });
});

describe.skipIf(sharedDir() === null)('of the shared cases', () => {
  test('weights behind Cast, weight norm, Reshape and Transpose', async () => {
    const model = readModel(sharedPath('cases', 'weights-from-constants.onnx'));
    const { model: folded } = await fold(model);
    expect(
      folded.graph.node.filter(({ opType }) => ['Cast', 'ReduceL2', 'Reshape', 'Transpose'].includes(opType)),
    ).toEqual([]);
    expect(await runModel(folded)).toEqual(await runModel(model));
  });
});
