import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import type { PrecisionPlan } from '../../../src-shared/domain/project/precision';
import { quantizedFeeds } from '../../../src-main/backends/feeds';
import { intAttr } from '../../../src-main/onnx/graph/make';
import { DataType, type Model } from '../../../src-main/onnx/graph/model';
import { encodeModel } from '../../../src-main/onnx/wire/wire-writer';
import { calibrationTensors } from '../../../src-main/quantization/rewrite/calibration-tensors';
import { withInputThresholds, withInt8Inputs } from '../../../src-main/quantization/rewrite/int8-inputs';
import { quantizeModel } from '../../../src-main/quantization/rewrite/quantize';
import { pseudoRandom } from '../../support/onnx-builder';
import { Net } from './graphs';
import { simulate } from './run';

const DIMS = [2, 16, 4, 4];
const VALUES = Float32Array.from(pseudoRandom(512, 7), (value) => value * 4);

/** A convolution on the input, and a shortcut that reads the input in floating point. */
function shortcutNet(): Model {
  const net = new Net();
  const first = net.op('Relu', 'relu', [net.conv('c1', 'x', 16, 16)]);
  return net.model(['n', 16, 4, 4], net.op('Mul', 'mul', [net.conv('c2', first, 16, 16), 'x']));
}

function quantized(model: Model, plan: PrecisionPlan) {
  const thresholds = Object.fromEntries(calibrationTensors(model).map((name) => [name, name === 'x' ? 2.5 : 5]));
  const made = quantizeModel({ model, target: 'tensorrt', plan, thresholds, ranges: {}, purpose: 'simulation' });
  return { made, thresholds };
}

async function run(model: Model, scales: Readonly<Record<string, number>>): Promise<Float32Array> {
  const session = await InferenceSession.create(encodeModel(model), {
    graphOptimizationLevel: 'basic',
    intraOpNumThreads: 1,
    extra: { session: { disable_quant_qdq: '1' } },
  });
  const [feed] = quantizedFeeds([{ name: 'x', dtype: 'float32', dims: DIMS, data: VALUES }], scales);
  const results = await session.run({ x: new Tensor('int8', feed?.data as Int8Array, DIMS) });
  await session.release();
  return Object.values(results)[0]?.data as Float32Array;
}

describe('withInt8Inputs', () => {
  const model = shortcutNet();
  const int8: PrecisionPlan = { layers: { c1: 'int8', c2: 'int8', relu: 'int8' }, fallbackPrecision: 'fp32' };

  it('drops the QuantizeLinear of the input and keeps every answer', async () => {
    const net = new Net();
    const single = net.model(['n', 16, 4, 4], net.conv('c1', 'x', 16, 16));
    const { made, thresholds } = quantized(single, { layers: { c1: 'int8' }, fallbackPrecision: 'fp32' });
    const { model: changed, inputScales } = withInt8Inputs(made.model, made.scales, thresholds);
    expect(inputScales).toEqual({ x: made.scales.get('x')?.scale });
    expect(changed.graph.input[0]?.tensorType?.elemType).toBe(DataType.INT8);
    const readers = changed.graph.node.filter(({ input }) => input.includes('x')).map(({ opType }) => opType);
    expect(readers).toEqual(['DequantizeLinear']);
    expect(await run(changed, inputScales)).toEqual(await simulate(made.model, VALUES, DIMS));
  });

  it('gives readers in floating point what the INT8 values stand for', async () => {
    const { made, thresholds } = quantized(model, int8);
    const { model: changed, inputScales } = withInt8Inputs(made.model, made.scales, thresholds);
    const scale = Math.fround(inputScales['x'] ?? 0);
    const [feed] = quantizedFeeds([{ name: 'x', dtype: 'float32', dims: DIMS, data: VALUES }], inputScales);
    const rounded = Float32Array.from(feed?.data as Int8Array, (value) => value * scale);
    expect(await run(changed, inputScales)).toEqual(await simulate(made.model, rounded, DIMS));
  });

  it('quantizes an input that no INT8 layer reads with its threshold, and refuses one without', () => {
    const { inputScales } = withInt8Inputs(model, new Map(), { x: 1.27 });
    expect(inputScales['x']).toBeCloseTo(0.01, 9);
    expect(() => withInt8Inputs(model, new Map(), {})).toThrow('Input "x" cannot be INT8: it has no threshold');
  });

  it('takes the largest threshold behind layers that only move values, as the focus layer of a detector', () => {
    const net = new Net();
    const flat = net.op('Flatten', 'flat', ['x']);
    const joined = net.op('Concat', 'joined', [flat, net.op('Transpose', 'turned', [flat])], [intAttr('axis', 1)]);
    const focus = net.model(['n', 16], net.op('Concat', 'out', [net.op('Relu', 'relu', [joined]), joined]));
    expect(withInputThresholds(focus, { 'joined:0': 2, 'turned:0': 3, 'relu:0': 9 })).toMatchObject({ x: 3 });
    expect(withInputThresholds(focus, { x: 1, 'joined:0': 2 })).toMatchObject({ x: 1 });
    expect(withInputThresholds(focus, { 'relu:0': 9 })['x']).toBeUndefined();
  });
});

describe('quantizedFeeds', () => {
  it('rounds to even and clips as QuantizeLinear does, and leaves other inputs alone', () => {
    const x = {
      name: 'x',
      dtype: 'float32',
      dims: [6],
      data: Float32Array.of(0.25, 0.75, -0.25, 100, -100, 1),
    } as const;
    const ids = { name: 'ids', dtype: 'int64', dims: [1], data: BigInt64Array.of(3n) } as const;
    const [quantized8, same] = quantizedFeeds([x, ids], { x: 0.5 });
    expect(quantized8).toMatchObject({ dtype: 'int8', data: Int8Array.of(0, 2, 0, 127, -128, 2) });
    expect(same).toBe(ids);
  });
});
