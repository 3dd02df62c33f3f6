import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { DataType, type Model } from '../../../src-main/onnx/graph/model';
import { tensorAsFloat32, tensorAsInts } from '../../../src-main/onnx/graph/tensor-values';
import { encodeModel } from '../../../src-main/onnx/wire/wire-writer';
import {
  biasDecisions,
  biasShiftModel,
  correctableBiases,
  shiftName,
} from '../../../src-main/quantization/rewrite/bias-correction';
import type { BiasCorrection } from '../../../src-shared/domain/analysis/repair';
import { graphFacts } from '../../../src-main/quantization/rules/graph-facts';
import { materialize } from '../../../src-main/quantization/rewrite/materialize';
import { placeQdq, quantizeModel, withOutputs } from '../../../src-main/quantization/rewrite/quantize';
import { calibrationTensors } from '../../../src-main/quantization/rewrite/calibration-tensors';
import type { PrecisionPlan, Target } from '../../../src-shared/domain/project/precision';
import { pseudoRandom } from '../../support/onnx-builder';
import { Net } from './graphs';

const DIMS = [1, 3, 8, 8];
const IMAGE = pseudoRandom(3 * 64, 21);

/** Conv-Relu-depthwise-Relu-Conv, mean, Flatten, Gemm: every kind of bias but the one behind a MatMul. */
function network(opset: number): Model {
  const net = new Net();
  const stem = net.op('Relu', 'r1', [net.conv('stem', 'x', 3, 16)]);
  const depthwise = net.op('Relu', 'r2', [
    net.groupedConv('dw', stem, { inputChannels: 16, outputChannels: 16, group: 16 }),
  ]);
  const last = net.op('Relu', 'r3', [net.conv('c', depthwise, 16, 16)]);
  const flat = net.op('Flatten', 'flat', [net.op('GlobalAveragePool', 'gap', [last])]);
  return net.model(
    ['n', 3, 8, 8],
    net.op('Gemm', 'fc', [flat, net.constant('fc.w', [16, 20]), net.constant('fc.b', [20])]),
    opset,
  );
}

async function run(model: Model): Promise<Map<string, Float32Array>> {
  const session = await InferenceSession.create(encodeModel(model), {
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { disable_quant_qdq: '1' } },
  });
  try {
    const results = await session.run({ x: new Tensor('float32', IMAGE, DIMS) });
    return new Map(Object.entries(results).map(([name, tensor]) => [name, (tensor.data as Float32Array).slice()]));
  } finally {
    await session.release();
  }
}

/** MinMax thresholds of the one image. */
async function thresholdsOf(model: Model): Promise<Record<string, number>> {
  const values = await run(
    withOutputs(
      model,
      calibrationTensors(model).filter((name) => name !== 'x'),
    ),
  );
  values.set('x', IMAGE);
  return Object.fromEntries(
    calibrationTensors(model).map((name) => [name, Math.max(...(values.get(name) ?? []).map(Math.abs))]),
  );
}

/** Layers that are too small for an INT8 kernel to pay are asked for by name. */
const asked = (model: Model, layers?: readonly string[]): PrecisionPlan => ({
  fallbackPrecision: 'fp32',
  layers: Object.fromEntries(
    model.graph.node.map(({ name }) => [name, layers === undefined || layers.includes(name) ? 'int8' : 'fp32']),
  ),
});

function means(values: Float32Array, channels: number): number[] {
  const width = values.length / channels;
  return Array.from(
    { length: channels },
    (_, c) => values.subarray(c * width, (c + 1) * width).reduce((sum, value) => sum + value, 0) / width,
  );
}

async function quantized(
  target: Target,
  opset = 17,
): Promise<{
  model: Model;
  thresholds: Record<string, number>;
  biases: ReturnType<typeof correctableBiases>;
  shifts: Map<string, Float32Array>;
}> {
  const model = network(opset);
  const thresholds = await thresholdsOf(model);
  const plan = asked(model);
  const biases = correctableBiases(graphFacts(model), placeQdq(model, plan, target));
  const simulation = quantizeModel({ model, target, plan, thresholds, ranges: {}, purpose: 'simulation' });
  return { model, thresholds, biases, shifts: await run(biasShiftModel(model, simulation.model, biases)) };
}

const corrected = (biases: ReturnType<typeof correctableBiases>, by: (channel: number) => number): BiasCorrection[] =>
  biases.map((bias) => ({ ...bias, shift: Array.from({ length: bias.channels }, (_, channel) => by(channel)) }));

const initializer = (model: Model, name: string) => {
  const found = model.graph.initializer.find((tensor) => tensor.name === name);
  if (!found) throw new Error(`no initializer ${name}`);
  return found;
};

describe('biasShiftModel', () => {
  it.each([
    ['tensorrt', 17],
    ['tensorrt', 18],
    ['onnxruntime', 17],
  ] as const)('measures every layer alone, fed by FP32: target %s, opset %i', async (target, opset) => {
    const { model, thresholds, biases, shifts } = await quantized(target, opset);
    expect(biases.map(({ owner }) => owner)).toEqual(['stem', 'dw', 'c', 'fc']);
    const expected = await run(
      withOutputs(
        model,
        biases.map(({ owner }) => `${owner}:0`),
      ),
    );
    for (const [i, { owner, channels }] of biases.entries()) {
      // The same by the plan: nothing else is quantized, so that FP32's values reach the layer.
      const alone = quantizeModel({
        model,
        target,
        plan: asked(model, [owner]),
        thresholds,
        ranges: {},
        purpose: 'simulation',
        observed: [`${owner}:0`],
      });
      const found = means((await run(alone.model)).get(`${owner}:0`) ?? new Float32Array(), channels);
      const shift = shifts.get(shiftName(i)) ?? new Float32Array();
      expect(shift).toHaveLength(channels);
      expect(Math.max(...shift.map(Math.abs))).toBeGreaterThan(1e-4);
      for (const [c, mean] of means(expected.get(`${owner}:0`) ?? new Float32Array(), channels).entries())
        expect(shift[c]).toBeCloseTo(mean - (found[c] ?? 0), 4);
    }
  });

  it('leaves nothing of the first layer’s shift once its bias has it', async () => {
    const { model, thresholds, biases, shifts } = await quantized('tensorrt');
    const [first] = biases;
    if (!first) throw new Error('no bias');
    const correction = { ...first, shift: [...(shifts.get(shiftName(0)) ?? [])] };
    const request = {
      model,
      target: 'tensorrt',
      plan: asked(model),
      thresholds,
      ranges: {},
      purpose: 'simulation',
      observed: ['stem:0'],
    } as const;
    const off = (values: Map<string, Float32Array>, fp32: number[]) =>
      Math.max(
        ...means(values.get('stem:0') ?? new Float32Array(), 16).map((mean, c) => Math.abs(mean - (fp32[c] ?? 0))),
      );
    const fp32 = means((await run(withOutputs(model, ['stem:0']))).get('stem:0') ?? new Float32Array(), 16);
    const before = off(await run(quantizeModel(request).model), fp32);
    const after = off(await run(quantizeModel({ ...request, biases: [correction] }).model), fp32);
    expect(after).toBeLessThan(before / 50);
  });
});

describe('quantizeModel with corrected biases', () => {
  it('reads another FP32 bias, keeps the model’s own and every weight where it is, and says so', async () => {
    const { model, thresholds, biases } = await quantized('tensorrt');
    const { model: written, decisions } = quantizeModel({
      model,
      target: 'tensorrt',
      plan: asked(model),
      thresholds,
      ranges: {},
      biases: corrected(biases, (channel) => (channel === 3 ? -0.5 : 0.125)),
    });
    const stem = written.graph.node.find(({ name }) => name === 'stem');
    const bias = initializer(written, stem?.input[2] ?? '');
    expect(bias.name).not.toBe('stem.b');
    expect([...tensorAsFloat32(bias)]).toEqual(
      [...tensorAsFloat32(initializer(model, 'stem.b'))].map((value, c) =>
        Math.fround(value + (c === 3 ? -0.5 : 0.125)),
      ),
    );
    expect(initializer(written, 'stem.w')).toBe(initializer(model, 'stem.w'));
    expect(
      decisions.filter(({ code }) => code === 'bias-corrected').map(({ layer, tensor }) => [layer, tensor]),
    ).toEqual([
      ['stem', 'stem.b'],
      ['dw', 'dw.b'],
      ['c', 'c.b'],
      ['fc', 'fc.b'],
    ]);
    expect(decisions.find(({ code }) => code === 'bias-corrected')?.reason).toBe(
      'INT8 moved the mean of its output channels, channel 3 most, by 0.5; its bias takes that back',
    );
    const learned = corrected(biases, (channel) => (channel === 3 ? -0.5 : 0.125)).map((own) => ({
      ...own,
      isLearned: true,
    }));
    expect(biasDecisions(learned)[0]).toMatchObject({
      code: 'bias-learned',
      reason: 'its bias was learned: channel 3 changed most, by -0.5',
    });
  });

  it('quantizes INT32 biases from the corrected values', async () => {
    const { model, thresholds, biases } = await quantized('onnxruntime');
    const request = { model, target: 'onnxruntime', plan: asked(model), thresholds, ranges: {} } as const;
    const int32 = (written: Model): readonly number[] => {
      const dequantized = written.graph.node.find(({ name }) => name === 'stem')?.input[2] ?? '';
      const source = initializer(
        written,
        written.graph.node.find(({ output }) => output[0] === dequantized)?.input[0] ?? '',
      );
      expect(source.dataType).toBe(DataType.INT32);
      return tensorAsInts(source);
    };
    const before = int32(quantizeModel(request).model);
    const after = int32(quantizeModel({ ...request, biases: corrected(biases, () => 0.25) }).model);
    expect(after.every((value, c) => value > (before[c] ?? 0))).toBe(true);
  });

  it('rounds them to FP16 where the layers around INT8 compute in it', async () => {
    const { model, thresholds, biases } = await quantized('tensorrt');
    const plan: PrecisionPlan = { layers: asked(model).layers, fallbackPrecision: 'fp16' };
    const { model: written } = quantizeModel({
      model,
      target: 'tensorrt',
      plan,
      thresholds,
      ranges: {},
      purpose: 'engine',
      biases: corrected(biases, () => 0.25),
    });
    const full = materialize(written);
    const bias = initializer(full, full.graph.node.find(({ name }) => name === 'c')?.input[2] ?? '');
    expect(bias.dataType).toBe(DataType.FLOAT16);
    for (const [c, value] of tensorAsFloat32(initializer(model, 'c.b')).entries())
      expect(tensorAsFloat32(bias)[c]).toBeCloseTo(value + 0.25, 3);
  });

  it('reaches the Add behind a MatMul', async () => {
    const net = new Net();
    const product = net.matmul('m', 'x', 32, 24);
    const model = net.model(['n', 32], net.op('Add', 'add', [product, net.constant('b', [24])]));
    const plan: PrecisionPlan = { layers: { m: 'int8' }, fallbackPrecision: 'fp32' };
    const biases = correctableBiases(graphFacts(model), placeQdq(model, plan, 'tensorrt'));
    expect(biases).toEqual([{ layer: 'add', slot: 1, initializer: 'b', owner: 'm', op: 'MatMul', channels: 24 }]);
    const { model: written } = quantizeModel({
      model,
      target: 'tensorrt',
      plan,
      thresholds: { x: 1 },
      ranges: {},
      biases: corrected(biases, () => 1),
    });
    const added = initializer(written, written.graph.node.find(({ name }) => name === 'add')?.input[1] ?? '');
    expect([...tensorAsFloat32(added)]).toEqual(
      [...tensorAsFloat32(initializer(model, 'b'))].map((value) => Math.fround(value + 1)),
    );
  });
});
