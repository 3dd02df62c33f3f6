import { describe, expect, test } from 'vitest';
import { evaluateConstants } from '../../../../src-main/backends/evaluate-constants';
import { graphProblems } from '../../../../src-main/onnx/graph/check-graph';
import {
  floatScalar,
  floatTensor,
  fp16Tensor,
  int32Tensor,
  int8Tensor,
  intAttr,
  makeNode,
  makeTensor,
  makeValueInfo,
  tensorAttr,
  uint8Tensor,
} from '../../../../src-main/onnx/graph/make';
import { DataType, type Model, type Node, type Tensor } from '../../../../src-main/onnx/graph/model';
import { tensorAsFloat32 } from '../../../../src-main/onnx/graph/tensor-values';
import { foldConstants } from '../../../../src-main/onnx/passes/fold-constants';
import { importModel } from '../../../../src-main/onnx/passes/import-model';
import { prepareModel } from '../../../../src-main/onnx/passes/prepare';
import { quantizedThreshold } from '../../../../src-main/onnx/passes/quantized-range';
import { buildModel, pseudoRandom } from '../../../support/onnx-builder';
import { relativeDifference, runModel } from '../run-ort';

const DOUBLE_ONE = new Uint8Array(new Float64Array([1.5]).buffer);

/** Bits of 1, 1.125, 1.25, ... in binary16. */
const HALVES = Uint16Array.from({ length: 144 }, (_, i) => 0x3c00 + 128 * (i % 8));

describe('models in other float types', () => {
  const half = fp16Tensor('w', [4, 4, 3, 3], HALVES);

  function fp16Net(isIo: boolean): Model {
    const cast = (from: string, to: string, type: number): Node =>
      makeNode('Cast', [from], [to], { attributes: [intAttr('to', type)] });
    const body = [
      makeNode('Conv', [isIo ? 'x' : 'h', 'w'], ['c']),
      makeNode('Constant', [], ['k'], { attributes: [tensorAttr('value', fp16Tensor('', [], [0x4000]))] }),
      makeNode('Mul', ['c', 'k'], [isIo ? 'y' : 'm']),
    ];
    const nodes = isIo ? body : [cast('x', 'h', DataType.FLOAT16), ...body, cast('m', 'y', DataType.FLOAT)];
    const model = buildModel({
      inputs: { x: [1, 4, 6, 6] },
      outputs: { y: null },
      nodes,
      initializers: [half],
      valueInfo: [makeValueInfo('c', DataType.FLOAT16, null)],
      opset: 17,
    });
    if (!isIo) return model;
    return {
      ...model,
      graph: {
        ...model.graph,
        input: [makeValueInfo('x', DataType.FLOAT16, [1, 4, 6, 6])],
        output: [makeValueInfo('y', DataType.FLOAT16, null)],
      },
    };
  }

  test.each([true, false])('FP16 weights are the same values in float32 (FP16 inputs: %s)', async (isIo) => {
    const { model, notes } = importModel(fp16Net(isIo));
    expect(notes.map(({ code }) => code)).toEqual(['floats-widened']);
    expect(notes[0]?.message.includes('"x", "y" are float32')).toBe(isIo);
    const prepared = prepareModel(model).model;
    expect(graphProblems(prepared)).toEqual([]);
    expect(prepared.graph.node.map(({ opType }) => opType)).toEqual(['Conv', 'Mul']);
    const [w] = prepared.graph.initializer;
    expect(w?.dataType).toBe(DataType.FLOAT);
    expect([...tensorAsFloat32(w as Tensor)]).toEqual([...tensorAsFloat32(half)]);
    const { y } = await runModel(prepared);
    expect(y).toHaveLength(64);
    expect(y?.every(Number.isFinite)).toBe(true);
  });

  test('FP64 layers become float32; an FP64 constant beside float32 layers stays', () => {
    const nodes = [
      makeNode('Cast', ['x'], ['d'], { attributes: [intAttr('to', DataType.DOUBLE)] }),
      makeNode('MatMul', ['d', 'w'], ['m']),
      makeNode('Cast', ['m'], ['y'], { attributes: [intAttr('to', DataType.FLOAT)] }),
    ];
    const w = makeTensor('w', DataType.DOUBLE, [1, 1], DOUBLE_ONE);
    const spec = { inputs: { x: [1, 1] }, outputs: { y: null }, nodes, initializers: [w] };
    const { model, notes } = importModel(buildModel(spec));
    expect(notes[0]?.message).toMatch(/computes in float64.*are converted/);
    expect(prepareModel(model).model.graph.node.map(({ opType }) => opType)).toEqual(['MatMul']);
    const scaled = buildModel({ ...spec, nodes: nodes.with(1, makeNode('Mul', ['d', 'w'], ['m'])) });
    expect(importModel(scaled).model).toBe(scaled);
  });
});

describe('thresholds of scales and zero points', () => {
  test.each<[string, readonly [type: number, scale: number, zeroPoint: number], readonly [number, boolean]]>([
    ['INT8 symmetric', [DataType.INT8, 0.5, 0], [63.5, true]],
    ['UINT8 with the middle as zero point', [DataType.UINT8, 0.5, 128], [63.5, true]],
    ['UINT8 of values above 0', [DataType.UINT8, 0.5, 0], [127.5, false]],
    ['UINT8 asymmetric: the larger end', [DataType.UINT8, 0.5, 200], [100, false]],
    ['INT8 asymmetric', [DataType.INT8, 0.5, -128], [127.5, false]],
    ['UINT16', [DataType.UINT16, 1, 0], [65535, false]],
    ['FP8 E4M3', [17, 0.5, 0], [224, true]],
  ])('%s', (_, [type, scale, zeroPoint], expected) => {
    const range = quantizedThreshold([scale], [zeroPoint], type);
    expect([range?.threshold, range?.isSymmetric]).toEqual(expected);
  });

  test('the largest of several channels; bounds of PyTorch', () => {
    expect(quantizedThreshold([0.5, 1], [], DataType.INT8)?.threshold).toBe(127);
    expect(quantizedThreshold([1], [0], DataType.INT8)?.clipped(-63, 63)).toBe(63);
    expect(quantizedThreshold([1], [0], DataType.INT32)).toBeNull();
  });
});

describe('models that carry Q/DQ', () => {
  const q = (from: string, to: string, scale: string, zero: string): Node =>
    makeNode('QuantizeLinear', [from, scale, zero], [to]);
  const dq = (from: string, to: string, scale: string, zero: string): Node =>
    makeNode('DequantizeLinear', [from, scale, zero], [to]);
  const constants = [
    floatScalar('s1', 0.01),
    floatScalar('s2', 0.02),
    floatScalar('sw', 0.01),
    int8Tensor('z', [], [0]),
    uint8Tensor('zu', [], [0]),
    int32Tensor('zi', [], [0]),
    int8Tensor(
      'wq',
      [4, 4, 1, 1],
      Array.from({ length: 16 }, (_, i) => 5 * i - 40),
    ),
    int32Tensor('bq', [4], [100, -200, 300, -400]),
    floatTensor('wf', [4, 4, 1, 1], pseudoRandom(16)),
  ];

  function net(nodes: readonly Node[], initializers: readonly Tensor[] = constants): Model {
    return buildModel({ inputs: { x: [1, 4, 6, 6] }, outputs: { y: null }, nodes, initializers, opset: 17 });
  }

  async function prepared(model: Model): Promise<{ readonly model: Model; readonly thresholds: object }> {
    const imported = importModel(model);
    const { model: folded } = await foldConstants(imported.model, evaluateConstants);
    const result = prepareModel(folded).model;
    expect(graphProblems(result)).toEqual([]);
    return { model: result, thresholds: imported.thresholds };
  }

  test('integer weights and biases are float32 again, activations lose their pairs', async () => {
    const { model, thresholds } = await prepared(
      net([
        q('x', 'xq', 's1', 'z'),
        dq('xq', 'xd', 's1', 'z'),
        dq('wq', 'wd', 'sw', 'z'),
        dq('bq', 'bd', 's1', 'zi'),
        makeNode('Conv', ['xd', 'wd', 'bd'], ['c']),
        q('c', 'cq', 's2', 'z'),
        dq('cq', 'cd', 's2', 'z'),
        makeNode('Relu', ['cd'], ['y']),
      ]),
    );
    expect(model.graph.node.map(({ opType, input }) => [opType, ...input])).toEqual([
      ['Conv', 'x', 'wd', 'bd'],
      ['Relu', 'c'],
    ]);
    expect(thresholds).toEqual({ x: Math.fround(0.01) * 127, c: Math.fround(0.02) * 127 });
    const byHand = net(
      [makeNode('Conv', ['x', 'w', 'b'], ['c']), makeNode('Relu', ['c'], ['y'])],
      [
        floatTensor(
          'w',
          [4, 4, 1, 1],
          Array.from({ length: 16 }, (_, i) => (5 * i - 40) * Math.fround(0.01)),
        ),
        floatTensor(
          'b',
          [4],
          [100, -200, 300, -400].map((value) => value * Math.fround(0.01)),
        ),
      ],
    );
    expect(relativeDifference(await runModel(byHand), await runModel(model))).toBeLessThan(1e-6);
  });

  test('float weights of training with quantization stay as they are', async () => {
    const { model, thresholds } = await prepared(
      net(
        [
          q('wf', 'wfq', 'sw', 'z'),
          makeNode('Clip', ['wfq', 'low', 'high'], ['wfc']),
          dq('wfc', 'wd', 'sw', 'z'),
          makeNode('Conv', ['x', 'wd'], ['c']),
          q('c', 'cq', 's2', 'z'),
          makeNode('Clip', ['cq', 'low', 'high'], ['cc']),
          dq('cc', 'y', 's2', 'z'),
        ],
        [...constants, int8Tensor('low', [], [-63]), int8Tensor('high', [], [63])],
      ),
    );
    expect(model.graph.node.map(({ opType, input, output }) => [opType, ...input, ...output])).toEqual([
      ['Conv', 'x', 'wf', 'y'],
    ]);
    expect(thresholds).toMatchObject({ c: Math.fround(0.02) * 63 });
  });

  test('a range that begins at 0 stands for a Relu, unless the values are not negative anyway', async () => {
    const nodes = (between: readonly Node[]): readonly Node[] => [
      dq('wq', 'wd', 'sw', 'z'),
      makeNode('Conv', ['x', 'wd'], ['c']),
      ...between,
      makeNode('Neg', ['cd'], ['y']),
    ];
    const restored = await prepared(net(nodes([q('c', 'cq', 's2', 'zu'), dq('cq', 'cd', 's2', 'zu')])));
    expect(restored.model.graph.node.map(({ opType }) => opType)).toEqual(['Conv', 'Relu', 'Neg']);
    expect(restored.thresholds).toEqual({ c_activation: Math.fround(0.02) * 255 });
    const present = await prepared(
      net(nodes([makeNode('Relu', ['c'], ['r']), q('r', 'cq', 's2', 'zu'), dq('cq', 'cd', 's2', 'zu')])),
    );
    expect(present.model.graph.node.map(({ opType }) => opType)).toEqual(['Conv', 'Relu', 'Neg']);
    const six = [...constants, floatScalar('s6', 6 / 255)];
    const relu6 = await prepared(net(nodes([q('c', 'cq', 's6', 'zu'), dq('cq', 'cd', 's6', 'zu')]), six));
    expect(relu6.model.graph.node.map(({ opType }) => opType)).toEqual(['Conv', 'Clip', 'Neg']);
  });

  test('integers that are clipped at their zero point are a Relu', async () => {
    const nodes = (high: string): readonly Node[] => [
      dq('wq', 'wd', 'sw', 'z'),
      makeNode('Conv', ['x', 'wd'], ['c']),
      q('c', 'cq', 's2', 'zm'),
      makeNode('Clip', ['cq', 'zm', high], ['cc'], { name: 'relu' }),
      dq('cc', 'cd', 's2', 'zm'),
      makeNode('Neg', ['cd'], ['y']),
    ];
    const more = [uint8Tensor('zm', [], [128]), uint8Tensor('top', [], [255]), uint8Tensor('six', [], [178])];
    const relu = await prepared(net(nodes('top'), [...constants, ...more]));
    expect(relu.model.graph.node.map(({ opType }) => opType)).toEqual(['Conv', 'Relu', 'Neg']);
    expect(relu.thresholds).toEqual({ c: Math.fround(0.02) * 127, cc: Math.fround(0.02) * 127 });
    const clip = await prepared(net(nodes('six'), [...constants, ...more]));
    expect(clip.model.graph.node.map(({ opType }) => opType)).toEqual(['Conv', 'Clip', 'Neg']);
    expect(clip.thresholds).toMatchObject({ cc: Math.fround(0.02) * 50 });
  });

  test('a pair may lead from float32 to FP16', async () => {
    const model = net(
      [
        q('x', 'xq', 's1', 'z'),
        dq('xq', 'xh', 's1h', 'z'),
        makeNode('Conv', ['xh', 'wh'], ['h']),
        makeNode('Cast', ['h'], ['y'], { attributes: [intAttr('to', DataType.FLOAT)] }),
      ],
      [
        floatScalar('s1', 0.125),
        fp16Tensor('s1h', [], [0x3000]),
        int8Tensor('z', [], [0]),
        fp16Tensor('wh', [4, 4, 3, 3], HALVES),
      ],
    );
    const { model: result } = await prepared(model);
    expect(result.graph.node.map(({ opType }) => opType)).toEqual(['Conv']);
    expect((await runModel(result))['y']).toHaveLength(64);
  });

  test('integers that are only moved, and an integer input', async () => {
    const model = net([
      dq('image', 'x0', 's1', 'zu'),
      dq('wq', 'wd', 'sw', 'z'),
      makeNode('Conv', ['x0', 'wd'], ['c']),
      q('c', 'cq', 's2', 'z'),
      makeNode('MaxPool', ['cq'], ['p'], {
        attributes: [{ name: 'kernel_shape', value: { kind: 'ints', value: [2n, 2n] } }],
      }),
      dq('p', 'y', 's2', 'z'),
    ]);
    const withImage = {
      ...model,
      graph: { ...model.graph, input: [makeValueInfo('image', DataType.UINT8, [1, 4, 6, 6])] },
    };
    const { model: result } = await prepared(withImage);
    expect(result.graph.node.map(({ opType }) => opType)).toEqual(['Cast', 'Sub', 'Mul', 'Conv', 'MaxPool']);
  });

  test.each<[string, readonly Node[], RegExp]>([
    [
      'integer operators',
      [makeNode('QLinearConv', ['x', 's1', 'z', 'wq', 'sw', 'z', 's2', 'z'], ['y'])],
      /quantized into integer operators \(1 QLinearConv\)/,
    ],
    [
      'integers that something else reads',
      [q('x', 'xq', 's1', 'z'), makeNode('Add', ['xq', 'xq'], ['t']), dq('t', 'y', 's1', 'z')],
      /Add \(output "t"\) reads integers of a QuantizeLinear/,
    ],
    ['unequal scales', [q('x', 'xq', 's1', 'z'), dq('xq', 'y', 's2', 'z')], /has another scale or zero point/],
  ])('%s are refused', (_, nodes, message) => {
    expect(() => importModel(net(nodes))).toThrow(message);
  });
});
