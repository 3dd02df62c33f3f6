import { describe, expect, test } from 'vitest';
import { graphMacs } from '../../../src-main/onnx/graph/layer-macs';
import {
  floatTensor,
  graphAttr,
  int64Tensor,
  intAttr,
  intsAttr,
  makeNode,
  tensorAttr,
} from '../../../src-main/onnx/graph/make';
import { DataType, type Node, type Tensor } from '../../../src-main/onnx/graph/model';
import { staticShapes } from '../../../src-main/onnx/graph/static-shapes';
import { readModel } from '../../../src-main/onnx/wire/wire-reader';
import { buildGraph } from '../../support/onnx-builder';
import { sharedDir, sharedPath } from '../../support/shared';

const zeros = (name: string, dims: readonly number[]): Tensor =>
  floatTensor(name, dims, new Array<number>(dims.reduce((a, b) => a * b, 1)).fill(0));
const IMAGE = { x: ['N', 3, 32, 32] } as const;

function shapeOf(
  nodes: readonly Node[],
  initializers: readonly Tensor[] = [],
  inputs: Readonly<Record<string, readonly (string | number)[]>> = IMAGE,
): readonly number[] | undefined {
  return staticShapes(buildGraph({ inputs, outputs: { y: null }, nodes, initializers })).get('y');
}

describe('sizes that follow from the input', () => {
  test.each<[string, Node, readonly Tensor[], readonly number[]]>([
    [
      'Conv',
      makeNode('Conv', ['x', 'w'], ['y'], {
        attributes: [intsAttr('pads', [1, 1, 1, 1]), intsAttr('strides', [2, 2])],
      }),
      [zeros('w', [8, 3, 3, 3])],
      [1, 8, 16, 16],
    ],
    [
      'a dilated Conv',
      makeNode('Conv', ['x', 'w'], ['y'], { attributes: [intsAttr('dilations', [2, 2])] }),
      [zeros('w', [8, 3, 3, 3])],
      [1, 8, 28, 28],
    ],
    [
      'ConvTranspose',
      makeNode('ConvTranspose', ['x', 'w'], ['y'], { attributes: [intsAttr('strides', [2, 2])] }),
      [zeros('w', [3, 5, 2, 2])],
      [1, 5, 64, 64],
    ],
    [
      'a pool that rounds up',
      makeNode('MaxPool', ['x'], ['y'], {
        attributes: [intsAttr('kernel_shape', [3, 3]), intsAttr('strides', [2, 2]), intAttr('ceil_mode', 1)],
      }),
      [],
      [1, 3, 16, 16],
    ],
    ['Reshape', makeNode('Reshape', ['x', 's'], ['y']), [int64Tensor('s', [3], [0, -1, 16])], [1, 192, 16]],
    [
      'Slice',
      makeNode('Slice', ['x', 'from', 'to', 'axes', 'steps'], ['y']),
      [
        int64Tensor('from', [1], [1]),
        int64Tensor('to', [1], [2 ** 31]),
        int64Tensor('axes', [1], [-1]),
        int64Tensor('steps', [1], [2]),
      ],
      [1, 3, 32, 16],
    ],
    ['Resize', makeNode('Resize', ['x', '', 'f'], ['y']), [floatTensor('f', [4], [1, 1, 2, 2])], [1, 3, 64, 64]],
    ['GlobalAveragePool', makeNode('GlobalAveragePool', ['x'], ['y']), [], [1, 3, 1, 1]],
    [
      'ReduceMean',
      makeNode('ReduceMean', ['x'], ['y'], { attributes: [intsAttr('axes', [2, 3]), intAttr('keepdims', 0)] }),
      [],
      [1, 3],
    ],
  ])('%s', (_name, node, initializers, expected) => {
    expect(shapeOf([node], initializers)).toEqual(expected);
  });

  test('a shape that the graph computes: [Shape(x)[0], -1]', () => {
    const nodes = [
      makeNode('Shape', ['x'], ['s']),
      makeNode('Gather', ['s', 'zero'], ['n']),
      makeNode('Concat', ['n', 'rest'], ['to'], { attributes: [intAttr('axis', 0)] }),
      makeNode('Reshape', ['x', 'to'], ['y']),
    ];
    expect(shapeOf(nodes, [int64Tensor('zero', [1], [0]), int64Tensor('rest', [1], [-1])])).toEqual([1, 3072]);
  });

  test('an Expand of torch, where -1 keeps a size: Where([n, -1, 4] == -1, [1, 1, 1], [n, -1, 4])', () => {
    const nodes = [
      makeNode('Shape', ['x'], ['s']),
      makeNode('Gather', ['s', 'zero'], ['n']),
      makeNode('Concat', ['n', 'rest'], ['to'], { attributes: [intAttr('axis', 0)] }),
      makeNode('ConstantOfShape', ['three'], ['ones'], {
        attributes: [tensorAttr('value', int64Tensor('', [1], [1]))],
      }),
      makeNode('Mul', ['ones', 'minus'], ['kept']),
      makeNode('Equal', ['to', 'kept'], ['isKept']),
      makeNode('Where', ['isKept', 'ones', 'to'], ['sizes']),
      makeNode('Expand', ['token', 'sizes'], ['y']),
    ];
    const initializers = [
      int64Tensor('zero', [1], [0]),
      int64Tensor('rest', [2], [-1, 4]),
      int64Tensor('three', [1], [3]),
      int64Tensor('minus', [], [-1]),
      zeros('token', [1, 1, 4]),
    ];
    expect(shapeOf(nodes, initializers)).toEqual([1, 1, 4]);
  });

  test('a Pad of torch to a multiple of 7: the pairs of sizes are turned round in a matrix', () => {
    const nodes = [
      makeNode('Shape', ['x'], ['s']),
      makeNode('Gather', ['s', 'three'], ['width']),
      makeNode('Sub', ['zero', 'width'], ['negative']),
      makeNode('Mod', ['negative', 'seven'], ['missing']),
      makeNode('Concat', ['zero', 'missing'], ['pairs'], { attributes: [intAttr('axis', 0)] }),
      makeNode('ConstantOfShape', ['six'], ['none'], { attributes: [tensorAttr('value', int64Tensor('', [1], [0]))] }),
      makeNode('Concat', ['pairs', 'none'], ['all'], { attributes: [intAttr('axis', 0)] }),
      makeNode('Reshape', ['all', 'twoColumns'], ['matrix']),
      makeNode('Slice', ['matrix', 'minus', 'first', 'zero', 'minus'], ['turned']),
      makeNode('Transpose', ['turned'], ['transposed'], { attributes: [intsAttr('perm', [1, 0])] }),
      makeNode('Reshape', ['transposed', 'minus'], ['pads']),
      makeNode('Pad', ['x', 'pads'], ['y']),
    ];
    const initializers = [
      int64Tensor('zero', [1], [0]),
      int64Tensor('three', [1], [3]),
      int64Tensor('six', [1], [6]),
      int64Tensor('seven', [1], [7]),
      int64Tensor('minus', [1], [-1]),
      int64Tensor('first', [1], [-(2 ** 31)]),
      int64Tensor('twoColumns', [2], [-1, 2]),
    ];
    expect(shapeOf(nodes, initializers)).toEqual([1, 3, 32, 35]);
  });

  test('a Pad of torchvision to a multiple of 32, computed in floating point: ceil(max([30]) / 32) x 32 - 30', () => {
    const nodes = [
      makeNode('ReduceMax', ['sides'], ['most'], { attributes: [intAttr('keepdims', 0)] }),
      makeNode('Div', ['most', 'stride'], ['blocks']),
      makeNode('Ceil', ['blocks'], ['wholeBlocks']),
      makeNode('Mul', ['wholeBlocks', 'stride'], ['padded']),
      makeNode('Cast', ['padded'], ['size'], { attributes: [intAttr('to', DataType.INT64)] }),
      makeNode('Sub', ['size', 'width'], ['missing']),
      makeNode('Unsqueeze', ['missing', 'zero'], ['missingVector']),
      makeNode('Concat', ['sevenZeros', 'missingVector'], ['pads'], { attributes: [intAttr('axis', 0)] }),
      makeNode('Pad', ['x', 'pads'], ['y']),
    ];
    const initializers = [
      floatTensor('sides', [1], Float32Array.of(30)),
      floatTensor('stride', [], Float32Array.of(32)),
      int64Tensor('width', [], [30]),
      int64Tensor('zero', [1], [0]),
      int64Tensor('sevenZeros', [7], [0, 0, 0, 0, 0, 0, 0]),
    ];
    expect(shapeOf(nodes, initializers)).toEqual([1, 3, 32, 34]);
  });

  test('a Resize of torchvision, whose scale is a side divided by the shorter one', () => {
    const nodes = [
      makeNode('Shape', ['x'], ['s']),
      makeNode('Slice', ['s', 'two', 'four'], ['sides']),
      makeNode('Cast', ['sides'], ['floatSides'], { attributes: [intAttr('to', DataType.FLOAT)] }),
      makeNode('ReduceMin', ['floatSides'], ['shorter']),
      makeNode('Reciprocal', ['shorter'], ['perPixel']),
      makeNode('Mul', ['wanted', 'perPixel'], ['scale']),
      makeNode('Concat', ['ones', 'scale', 'scale'], ['scales'], { attributes: [intAttr('axis', 0)] }),
      makeNode('Resize', ['x', '', 'scales'], ['y']),
    ];
    const initializers = [
      int64Tensor('two', [1], [2]),
      int64Tensor('four', [1], [4]),
      floatTensor('wanted', [1], Float32Array.of(48)),
      floatTensor('ones', [2], Float32Array.of(1, 1)),
    ];
    expect(shapeOf(nodes, initializers)).toEqual([1, 3, 48, 48]);
  });

  test('a Range whose ends are known', () => {
    const ends = [int64Tensor('from', [], [2]), int64Tensor('to', [], [9]), int64Tensor('step', [], [3])];
    expect(shapeOf([makeNode('Range', ['from', 'to', 'step'], ['y'])], ends)).toEqual([3]);
  });

  test('follow without the values of small constants that decide no size', () => {
    const bias: Tensor = {
      ...zeros('b', [3]),
      data: {
        kind: 'computed',
        length: 12,
        compute: () => {
          throw new Error('read');
        },
      },
    };
    expect(shapeOf([makeNode('Conv', ['x', 'w', 'b'], ['y'])], [zeros('w', [3, 3, 1, 1]), bias])).toEqual([
      1, 3, 32, 32,
    ]);
  });

  test('are absent behind an operator that is not known, and for other symbolic sizes', () => {
    expect(shapeOf([makeNode('NonZero', ['x'], ['a']), makeNode('Relu', ['a'], ['y'])])).toBeUndefined();
    expect(shapeOf([makeNode('Relu', ['x'], ['y'])], [], { x: ['N', 3, 'H', 'W'] })).toBeUndefined();
  });
});

describe('multiply-accumulate operations', () => {
  const macs = (
    nodes: readonly Node[],
    initializers: readonly Tensor[] = [],
    inputs: Readonly<Record<string, readonly (string | number)[]>> = IMAGE,
  ): number | null => graphMacs(buildGraph({ inputs, outputs: { y: null }, nodes, initializers })).total;

  test('of each kind of layer, by hand', () => {
    expect(
      macs([makeNode('Conv', ['x', 'w'], ['y'], { attributes: [intAttr('group', 3)] })], [zeros('w', [6, 1, 3, 3])]),
    ).toBe(6 * 30 * 30 * 9);
    expect(macs([makeNode('ConvTranspose', ['x', 'w'], ['y'])], [zeros('w', [3, 5, 2, 2])])).toBe(3 * 32 * 32 * 5 * 4);
    expect(
      macs([makeNode('Gemm', ['x', 'w'], ['y'], { attributes: [intAttr('transB', 1)] })], [zeros('w', [10, 7])], {
        x: ['N', 7],
      }),
    ).toBe(70);
    expect(macs([makeNode('MatMul', ['x', 'z'], ['y'])], [], { x: [1, 4, 16, 8], z: [1, 4, 8, 20] })).toBe(
      4 * 16 * 8 * 20,
    );
    expect(macs([makeNode('Relu', ['x'], ['y'])])).toBe(0);
  });

  test('are not told where one layer is unknown', () => {
    expect(
      macs([makeNode('Conv', ['x', 'w'], ['y'])], [zeros('w', [6, 3, 3, 3])], { x: ['N', 3, 'H', 'W'] }),
    ).toBeNull();
    const body = buildGraph({ outputs: { b: null }, nodes: [makeNode('MatMul', ['x', 'x'], ['b'])] });
    expect(
      macs([makeNode('If', ['c'], ['y'], { attributes: [graphAttr('then_branch', body)] })], [], { ...IMAGE, c: [1] }),
    ).toBeNull();
  });

  // From the shapes that ONNX's own shape inference gives; the transformer's attention products, which it cannot tell,
  // by hand.
  test.skipIf(sharedDir() === null).each([
    ['cifar_resnet20', 40_813_184],
    ['mobilenet_v1_075_bn', 325_400_448],
    ['yolox_nano', 522_553_408],
    ['cells_unet', 3_629_056_000],
    ['ultraface_rfb_320', 100_418_560],
    ['cifar_vit', 142_149_504 + 6 * 2 * 64 * 64 * 192],
  ])('of %s', (name, expected) => {
    expect(graphMacs(readModel(sharedPath('models', `${name}.onnx`)).graph).total).toBe(expected);
  });
});
