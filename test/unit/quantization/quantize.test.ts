import { describe, expect, it } from 'vitest';
import { EMPTY_PLAN, type PrecisionPlan, type Target } from '../../../src-shared/domain/project/precision';
import { floatScalar } from '../../../src-main/onnx/graph/make';
import { DataType, type Model } from '../../../src-main/onnx/graph/model';
import { tensorAsFloat32, tensorAsInts } from '../../../src-main/onnx/graph/tensor-values';
import { calibrationTensors } from '../../../src-main/quantization/rewrite/calibration-tensors';
import { materialize } from '../../../src-main/quantization/rewrite/materialize';
import { countNodes, quantizeModel, type QuantizeRequest } from '../../../src-main/quantization/rewrite/quantize';
import { pseudoRandom } from '../../support/onnx-builder';
import { Net, residualNet } from './graphs';
import { simulate } from './run';

/** MatMul 16 -> 16, bias, Relu, MatMul 16 -> 16: every step can be computed by hand. */
function perceptron(): Model {
  const net = new Net();
  const hidden = net.op('Relu', 'relu', [
    net.op('Add', 'add', [net.matmul('m1', 'x', 16, 16), net.constant('b', [16])]),
  ]);
  return net.model(['n', 16], net.matmul('m2', hidden, 16, 16));
}

const THRESHOLDS = { x: 0.8, 'm1:0': 5, 'add:0': 5, 'relu:0': 2.5 };

/** Everything INT8, small as it is, the rest in FP32, so that results can be compared exactly. */
function allInt8(model: Model): PrecisionPlan {
  return { layers: Object.fromEntries(model.graph.node.map((node) => [node.name, 'int8'])), fallbackPrecision: 'fp32' };
}

function request(model: Model, more: Partial<QuantizeRequest> = {}): QuantizeRequest {
  return { model, target: 'tensorrt', plan: allInt8(model), thresholds: THRESHOLDS, ranges: {}, ...more };
}

/** Thresholds for any model: 3 everywhere. */
function anyThresholds(model: Model): Record<string, number> {
  return Object.fromEntries(calibrationTensors(model).map((name) => [name, 3]));
}

/** Fake quantization in double precision, scale in float32: the independent reference. */
function fake(value: number, scale: number, low = -128, high = 127): number {
  const ratio = value / scale;
  const floor = Math.floor(ratio);
  const nearest = ratio - floor === 0.5 ? (floor % 2 === 0 ? floor : floor + 1) : Math.round(ratio);
  return scale * Math.min(high, Math.max(low, nearest));
}

function fakeWeights(values: Float32Array, columns: number): number[] {
  return [...values].map((value, i) => {
    let amax = 0;
    for (let at = i % columns; at < values.length; at += columns) amax = Math.max(amax, Math.abs(values[at] ?? 0));
    return fake(value, Math.fround(amax / 127), -127);
  });
}

function product(rows: readonly number[], weights: readonly number[], k: number, n: number): number[] {
  return Array.from({ length: n }, (_, column) =>
    rows.reduce((sum, value, i) => sum + value * (weights[i * n + column] ?? 0), 0),
  ).slice(0, k * n);
}

function weightsOf(model: Model, name: string): Float32Array {
  const tensor = model.graph.initializer.find((each) => each.name === name);
  if (!tensor) throw new Error(`no ${name}`);
  return tensorAsFloat32(tensor);
}

describe('quantizeModel', () => {
  const model = perceptron();
  const row = pseudoRandom(16, 11);

  it.each<[Target, 'int8' | 'uint8', (value: number) => number]>([
    ['tensorrt', 'int8', (value) => fake(value, Math.fround(2.5 / 127))],
    ['onnxruntime', 'int8', (value) => fake(value, Math.fround(2.5 / 127))],
    ['onnxruntime', 'uint8', (value) => fake(value, Math.fround(2.5 / 255), 0, 255)],
  ])('computes what Q/DQ mean: %s %s', async (target, activationType, fakeHidden) => {
    const ranges = activationType === 'uint8' ? ({ x: [-0.8, 0.8], 'relu:0': [0, 9] } as const) : {};
    const quantized = quantizeModel(request(model, { target, activationType, ranges })).model;
    const found = await simulate(quantized, row, [1, 16]);
    const scaleX = Math.fround((activationType === 'uint8' ? 1.6 : 0.8) / (activationType === 'uint8' ? 255 : 127));
    const zero = activationType === 'uint8' ? 128 : 0;
    const data = [...row].map((value) =>
      activationType === 'uint8' ? fake(value, scaleX, -zero, 255 - zero) : fake(value, scaleX),
    );
    const bias = weightsOf(model, 'b');
    const hidden = product(data, fakeWeights(weightsOf(model, 'm1.w'), 16), 16, 16).map((value, i) =>
      fakeHidden(Math.max(0, value + (bias[i] ?? 0))),
    );
    const expected = product(hidden, fakeWeights(weightsOf(model, 'm2.w'), 16), 16, 16);
    for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 4);
  });

  it('references weights and never copies them', () => {
    const { graph } = quantizeModel(request(model)).model;
    for (const tensor of model.graph.initializer) expect(graph.initializer).toContain(tensor);
    const added = graph.initializer.filter((tensor) => !model.graph.initializer.includes(tensor));
    expect(Math.max(...added.map((tensor) => tensor.dims.reduce((count, dim) => count * dim, 1)))).toBe(16);
  });

  it('writes zero points of the target', () => {
    const zeroPoint = (target: Target) => {
      const { graph } = quantizeModel(request(model, { target })).model;
      const tensor = graph.initializer.find((each) => each.name === 'x_zero_point');
      return tensor && { dataType: tensor.dataType, values: tensorAsInts(tensor) };
    };
    expect(zeroPoint('tensorrt')).toEqual({ dataType: DataType.INT8, values: [0] });
    expect(zeroPoint('onnxruntime')).toEqual({ dataType: DataType.UINT8, values: [128] });
  });

  it('names the tensor that has no threshold, or none that can be one', () => {
    expect(() => quantizeModel(request(model, { thresholds: { x: 1 } }))).toThrow('"relu:0"');
    expect(() => quantizeModel(request(model, { thresholds: { ...THRESHOLDS, x: Number.NaN } }))).toThrow(
      '"x", found NaN',
    );
  });

  it('survives a threshold of 0', async () => {
    const quantized = quantizeModel(request(model, { thresholds: { ...THRESHOLDS, 'relu:0': 0 } })).model;
    expect((await simulate(quantized, row, [1, 16])).every((value) => Math.abs(value) < 1e-30)).toBe(true);
  });

  it('gives a shared scale the largest threshold of its sources', () => {
    const net = residualNet();
    const thresholds = { ...anyThresholds(net), 'stem_relu:0': 7, 'stem:0': 9 };
    const { scales } = quantizeModel(request(net, { target: 'onnxruntime', thresholds }));
    expect(scales.get('stem:0')).toMatchObject({ thresholdReal: 7, scale: Math.fround(7 / 127) });
  });

  it('says which near names a plan may have meant', () => {
    expect(() => quantizeModel(request(model, { plan: { layers: { rellu: 'fp16' } } }))).toThrow('"rellu"');
    try {
      quantizeModel(request(model, { plan: { layers: { rellu: 'fp16' } } }));
    } catch (error) {
      expect(error).toMatchObject({ code: 'not-found', hint: expect.stringContaining('"relu"') as unknown });
    }
  });
});

describe('layers in FP16', () => {
  const all = (model: Model): PrecisionPlan => ({
    layers: Object.fromEntries(model.graph.node.map((node) => [node.name, 'fp16'] as const)),
  });

  it('form one region: one Cast in, one out, one per weight', () => {
    const model = perceptron();
    const { graph } = quantizeModel(request(model, { plan: all(model), thresholds: {} })).model;
    const casts = graph.node
      .filter((node) => node.opType === 'Cast')
      .map((node) => `${node.input[0]} -> ${node.output[0]}`);
    expect(casts).toEqual([
      'x -> x_fp16',
      'm1.w -> m1.w_fp16',
      'b -> b_fp16',
      'm2.w -> m2.w_fp16',
      'm2:0_fp16 -> m2:0',
    ]);
    expect(graph.output).toEqual(model.graph.output);
  });

  it('compute nearly the same', async () => {
    const model = residualNet();
    const values = pseudoRandom(48, 2);
    const half = await simulate(
      quantizeModel(request(model, { plan: all(model), thresholds: {} })).model,
      values,
      [1, 3, 4, 4],
    );
    const full = await simulate(model, values, [1, 3, 4, 4]);
    const error = Math.max(...half.map((value, i) => Math.abs(value - (full[i] ?? NaN))));
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(0.02);
  });

  it('border on INT8 layers through float32', () => {
    const model = perceptron();
    const { graph } = quantizeModel(
      request(model, { plan: { layers: { m1: 'fp16', m2: 'int8' }, fallbackPrecision: 'fp32' } }),
    ).model;
    expect(graph.node.map((node) => node.opType)).toEqual([
      'Cast',
      'Cast',
      'MatMul',
      'Cast',
      'Add',
      'Relu',
      'Cast',
      'QuantizeLinear',
      'DequantizeLinear',
      'QuantizeLinear',
      'DequantizeLinear',
      'MatMul',
    ]);
  });

  it('are refused where a weight or an activation exceeds FP16', () => {
    const net = new Net();
    net.initializers.push(floatScalar('huge', 1e5));
    const model = net.model(
      ['n', 16],
      net.op('Softmax', 'soft', [net.op('Mul', 'mul', [net.op('Tanh', 'tanh', ['x']), 'huge'])]),
    );
    const ranges = { 'mul:0': [-7e4, 0] } as const;
    const { decisions, model: quantized } = quantizeModel(request(model, { plan: all(model), ranges }));
    expect(decisions.map(({ layer, precision, code }) => `${layer} ${precision} ${code}`)).toEqual([
      'tanh fp16 plan-fp16',
      'mul fp32 fp16-refused-weight',
      'soft fp32 fp16-refused-activation',
    ]);
    expect(countNodes(quantized).Cast).toBe(2);
  });
});

describe('materialize', () => {
  it.each<[string, PrecisionPlan]>([
    ['int8', allInt8(residualNet())],
    ['int8 and fp16', EMPTY_PLAN],
    ['mixed', { layers: { c1: 'fp16', fc: 'fp16' }, fallbackPrecision: 'fp32' }],
    ['mixed, rest in fp16', { layers: { c1: 'fp16', fc: 'int8' } }],
  ])('changes no value: %s', async (_, plan) => {
    const model = residualNet();
    const values = pseudoRandom(48, 4);
    const quantized = quantizeModel(request(model, { plan, thresholds: anyThresholds(model) })).model;
    const reference = await simulate(quantized, values, [1, 3, 4, 4]);
    expect(await simulate(materialize(quantized), values, [1, 3, 4, 4])).toEqual(reference);
  });

  it('leaves INT8 and FP16 weights only', () => {
    const model = residualNet();
    const quantized = quantizeModel(
      request(model, { plan: { layers: { fc: 'fp16' } }, thresholds: anyThresholds(model) }),
    ).model;
    const { initializer } = materialize(quantized).graph;
    const typeOf = (dims: string) =>
      initializer.filter((tensor) => tensor.dims.join() === dims).map((tensor) => tensor.dataType);
    expect(typeOf('16,16,1,1')).toEqual([DataType.INT8, DataType.INT8]);
    expect(typeOf('16,20')).toEqual([DataType.FLOAT16]);
  });

  it('stops when it is cancelled', () => {
    const model = residualNet();
    const quantized = quantizeModel(request(model, { thresholds: anyThresholds(model) })).model;
    expect(() => materialize(quantized, { signal: AbortSignal.abort() })).toThrow();
  });

  it.each<[Target]>([['onnxruntime'], ['tensorrt']])(
    'keeps a Relu that is a graph output as well as the input of an INT8 layer: %s',
    async (target) => {
      const net = new Net();
      const feature = net.op('Relu', 'r1', [net.conv('c1', 'x', 16, 16)]);
      const top = net.conv('c2', net.op('Relu', 'r2', [net.conv('c3', feature, 16, 16)]), 16, 16);
      const single = net.model(['n', 16, 4, 4], top);
      const output = [...single.graph.output, { name: feature, tensorType: { elemType: DataType.FLOAT, shape: null } }];
      const pyramid: Model = { ...single, graph: { ...single.graph, output } };
      const quantized = quantizeModel(request(pyramid, { target, thresholds: anyThresholds(pyramid) })).model;
      const made = new Set(quantized.graph.node.flatMap((node) => node.output));
      expect(quantized.graph.output.map(({ name }) => [name, made.has(name)])).toEqual([
        [top, true],
        [feature, true],
      ]);
      const values = await simulate(quantized, pseudoRandom(256, 5), [1, 16, 4, 4]);
      expect(values.every(Number.isFinite)).toBe(true);
    },
  );
});
