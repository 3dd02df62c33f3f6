import { describe, expect, test } from 'vitest';
import { imageInputOf, inspectModel } from '../../../src-main/onnx/graph/inspect';
import {
  floatTensor,
  graphAttr,
  intAttr,
  intsAttr,
  makeNode,
  makeTensor,
  makeValueInfo,
  tensorAttr,
} from '../../../src-main/onnx/graph/make';
import { DataType, type Model, type Node } from '../../../src-main/onnx/graph/model';
import { parseModel, readModel } from '../../../src-main/onnx/wire/wire-reader';
import { encodeModel } from '../../../src-main/onnx/wire/wire-writer';
import { buildGraph, buildModel, type GraphSpec } from '../../support/onnx-builder';
import { sharedDir, sharedPath } from '../../support/shared';

const image = { x: ['N', 3, 8, 8] } as const;
const weight = floatTensor('w', [2, 3, 1, 1], [1, 2, 3, 4, 5, 6]);
const conv = makeNode('Conv', ['x', 'w'], ['c'], { name: 'conv' });

function warningsOf(spec: Partial<GraphSpec> & { readonly opset?: number }): string[] {
  const model = buildModel({
    inputs: image,
    outputs: { y: null },
    nodes: [conv, makeNode('Relu', ['c'], ['y'])],
    initializers: [weight],
    ...spec,
  });
  return inspectModel(model, 'm.onnx').warnings.map((warning) => `${warning.code}: ${warning.message}`);
}

test('a plain model: everything it is, no warnings', () => {
  const model = buildModel({
    inputs: image,
    outputs: { y: ['N', 2, 8, 8] },
    nodes: [conv, makeNode('Relu', ['c'], ['y'])],
    initializers: [weight],
    opset: 17,
  });
  expect(inspectModel(model, 'm.onnx')).toEqual({
    model: {
      path: 'm.onnx',
      opset: 17,
      ir: 7,
      producer: 'calibration-workbench',
      inputs: [{ name: 'x', dtype: 'float32', shape: ['N', 3, 8, 8] }],
      outputs: [{ name: 'y', dtype: 'float32', shape: ['N', 2, 8, 8] }],
      layers: 2,
      quantizable: 1,
      parameters: 6,
      macs: 8 * 8 * 2 * 3,
      ops: { Conv: 1, Relu: 1 },
    },
    warnings: [],
  });
});

test('weights in Constant nodes count as parameters', () => {
  const model = buildModel({
    inputs: image,
    outputs: { y: ['N', 2, 8, 8] },
    nodes: [
      makeNode('Constant', [], ['w'], { attributes: [tensorAttr('value', weight)] }),
      makeNode('Conv', ['x', 'w'], ['y']),
    ],
  });
  expect(inspectModel(model, 'm.onnx').model.parameters).toBe(6);
});

describe('warnings', () => {
  const half = makeTensor('w', DataType.FLOAT16, [2, 3, 1, 1], new Uint8Array(12));
  test.each<[string, Partial<GraphSpec> & { opset?: number }, string]>([
    ['an opset that is upgraded', { opset: 9 }, 'opset-upgrade: Operator set 9'],
    [
      'one that cannot be',
      { opset: 9, nodes: [conv, makeNode('Upsample', ['c', 'c'], ['y'], { name: 'up' })] },
      'opset-not-upgradable: Upsample "up"',
    ],
    [
      'quantized already',
      {
        nodes: [conv, makeNode('QuantizeLinear', ['c', 's'], ['q']), makeNode('DequantizeLinear', ['q', 's'], ['y'])],
        initializers: [weight, floatTensor('s', [], [1])],
      },
      'qdq-imported: The model carries Q/DQ, which was taken out: the scales of 1 activation are thresholds',
    ],
    [
      'integer operators',
      { nodes: [conv, makeNode('ConvInteger', ['c', 'c'], ['y'])] },
      'not-importable: The model is quantized into integer operators (1 ConvInteger), from which the float32 model ' +
        'cannot be restored. Start from the float32 original.',
    ],
    [
      'other domains',
      { nodes: [conv, makeNode('Magic', ['c'], ['y'], { domain: 'com.example' })] },
      'custom-operators: Operators outside the ONNX standard stay in float32 and need a runtime that knows them: com.example.Magic',
    ],
    [
      'half precision',
      {
        nodes: [
          makeNode('Cast', ['x'], ['h'], { attributes: [intAttr('to', DataType.FLOAT16)] }),
          makeNode('Conv', ['h', 'w'], ['y']),
        ],
        initializers: [half],
      },
      'floats-widened: The model computes in float16; the workbench works on it in float32: 1 weights and constants',
    ],
    [
      'dynamic sizes',
      { inputs: { x: ['N', 3, 'H', 'W'] } },
      'dynamic-dimensions: Dimensions other than the batch are not fixed: "x" float32 [N, 3, H, W]',
    ],
    [
      'control flow',
      {
        nodes: [
          conv,
          makeNode('If', ['c'], ['y'], {
            attributes: [graphAttr('then_branch', buildGraph({ outputs: {}, nodes: [] }))],
          }),
        ],
      },
      'control-flow: Layers inside 1 If',
    ],
    [
      'computed weights',
      { nodes: [makeNode('Neg', ['w'], ['w2']), makeNode('Conv', ['x', 'w2'], ['y'], { name: 'folded' })] },
      'weights-folded: The weights of one layer are computed from constants; they are computed once and stored: Conv "folded"',
    ],
    [
      'random weights',
      {
        nodes: [makeNode('RandomNormalLike', ['w'], ['w2']), makeNode('Conv', ['x', 'w2'], ['y'], { name: 'dyn' })],
      },
      'dynamic-weights: The weights of these layers are computed while the model runs, so they are not quantized: Conv "dyn"',
    ],
    ['nothing to quantize', { nodes: [makeNode('Relu', ['x'], ['y'])] }, 'nothing-to-quantize'],
  ])('%s', (_, spec, expected) => {
    const found = warningsOf(spec);
    expect(
      found.some((warning) => warning.startsWith(expected)),
      found.join('\n'),
    ).toBe(true);
  });

  test('weights behind an Identity or Constant are constant', () => {
    expect(warningsOf({ nodes: [makeNode('Identity', ['w'], ['w2']), makeNode('Conv', ['x', 'w2'], ['y'])] })).toEqual(
      [],
    );
  });
});

describe('the image input', () => {
  const withInput = (shape: (number | string)[], type: number = DataType.FLOAT): Model => {
    const model = buildModel({ outputs: { y: null }, nodes: [makeNode('Relu', ['x'], ['y'])] });
    return { ...model, graph: { ...model.graph, input: [makeValueInfo('x', type, shape)] } };
  };
  test.each<[(number | string)[], object]>([
    [['N', 3, 32, 48], { name: 'x', fixedBatch: null, channels: 3, height: 32, width: 48, layout: 'nchw' }],
    [[1, 1, 28, 28], { name: 'x', fixedBatch: 1, channels: 1, height: 28, width: 28, layout: 'nchw' }],
    [[8, 224, 192, 3], { name: 'x', fixedBatch: 8, channels: 3, height: 224, width: 192, layout: 'nhwc' }],
    [['N', 28, 28, 1], { name: 'x', fixedBatch: null, channels: 1, height: 28, width: 28, layout: 'nhwc' }],
    [[-1, 3, 4, 4], { name: 'x', fixedBatch: null, channels: 3, height: 4, width: 4, layout: 'nchw' }],
    [['N', 3, 'H', 32], { name: 'x', fixedBatch: null, channels: 3, height: null, width: 32, layout: 'nchw' }],
    [['N', 'H', 'W', 1], { name: 'x', fixedBatch: null, channels: 1, height: null, width: null, layout: 'nhwc' }],
    [['a', 'b', 'c', 'd'], { name: 'x', fixedBatch: null, channels: 3, height: null, width: null, layout: 'nchw' }],
    [
      [3, 'H', 'W'],
      { name: 'x', isUnbatched: true, fixedBatch: 1, channels: 3, height: null, width: null, layout: 'nchw' },
    ],
  ])('%j', (shape, expected) => expect(imageInputOf(withInput(shape))).toEqual(expected));

  test.each<[Model, RegExp]>([
    [withInput([32, 32]), /with 4 dimensions .*found "x" float32 \[32, 32\]/],
    [withInput([1, 3, 32, 32], DataType.STRING), /tensors of known rank and of a number type, found "x" string/],
    [buildModel({ inputs: { a: [1], b: [2] }, outputs: {}, nodes: [] }), /found "a" float32 \[1\], "b" float32 \[2\]/],
    [buildModel({ inputs: {}, outputs: {}, nodes: [] }), /found none/],
  ])('is refused otherwise (%#)', (model, message) => {
    expect(() => imageInputOf(model)).toThrow(message);
  });

  test('of open sizes is read from the first convolution behind casts and transposes', () => {
    const spec = (layers: readonly Node[]): Model =>
      buildModel({
        inputs: { x: ['N', 'a', 'b', 'c'] },
        outputs: { y: null },
        nodes: layers,
        initializers: [floatTensor('w', [8, 1, 3, 3], new Float32Array(72))],
      });
    const transposed = spec([
      makeNode('Mul', ['x', 'k'], ['s']),
      makeNode('Transpose', ['s'], ['t'], { attributes: [intsAttr('perm', [0, 3, 1, 2])] }),
      makeNode('Conv', ['t', 'w'], ['y'], { attributes: [intAttr('group', 4)] }),
    ]);
    expect(imageInputOf(transposed)).toMatchObject({ layout: 'nhwc', channels: 4, height: null, width: null });
    expect(imageInputOf(spec([makeNode('Conv', ['x', 'w'], ['y'])]))).toMatchObject({ layout: 'nchw', channels: 1 });
  });

  test.skipIf(sharedDir() === null)('of real models, initializers among the inputs aside', () => {
    expect(imageInputOf(readModel(sharedPath('models', 'ultraface_rfb_320.onnx')))).toEqual({
      name: 'input',
      fixedBatch: 1,
      channels: 3,
      height: 240,
      width: 320,
      layout: 'nchw',
    });
    expect(imageInputOf(readModel(sharedPath('models', 'mnist_cntk.onnx')))).toMatchObject({
      name: 'Input3',
      fixedBatch: 1,
      channels: 1,
      height: 28,
      width: 28,
    });
    const inspection = inspectModel(readModel(sharedPath('models', 'mobilenet_v1_075_bn.onnx')), 'm');
    expect(inspection.model).toMatchObject({ opset: 13, quantizable: 28, ops: { BatchNormalization: 27, Conv: 28 } });
    expect(inspection.warnings).toEqual([]);
  });
});

test('inputs that nothing can hold are refused, in words', () => {
  const model = buildModel({
    inputs: { x: ['N', 3, 100_000, 100_000] },
    outputs: { y: null },
    nodes: [makeNode('Relu', ['x'], ['y'])],
  });
  expect(() => inspectModel(model, 'm.onnx')).toThrow(/found "x" float32 \[N, 3, 100000, 100000\] with 30000000000/);
});

test('IR versions that ONNX Runtime does not read are refused when the file is read', () => {
  const at = (irVersion: number) => () =>
    parseModel(
      encodeModel(
        buildModel({ inputs: image, outputs: { y: null }, nodes: [makeNode('Relu', ['x'], ['y'])], irVersion }),
      ),
      'm.onnx',
    );
  expect(at(13)).not.toThrow();
  expect(at(14)).toThrow(/IR version 13 or lower, which ONNX Runtime reads, found IR version 14/);
});

test('counts as quantizable what calibration takes: constant weights, and products of two activations', () => {
  const nodes = [
    makeNode('Transpose', ['v'], ['vt'], { name: 't' }),
    makeNode('MatMul', ['x', 'vt'], ['a'], { name: 'computed' }),
    makeNode('MatMul', ['a', 'a'], ['b'], { name: 'attention' }),
    makeNode('MatMul', ['b', 'v'], ['y'], { name: 'stored' }),
  ];
  const model = buildModel({
    inputs: { x: ['N', 3, 8, 8] },
    outputs: { y: null },
    nodes,
    initializers: [floatTensor('v', [8, 8], new Float32Array(64))],
  });
  const { model: facts, warnings } = inspectModel(model, 'm.onnx');
  expect(facts.quantizable).toBe(3);
  expect(warnings.find(({ code }) => code === 'weights-folded')?.message).toContain('MatMul "computed"');
});
