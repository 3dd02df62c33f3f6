import { describe, expect, it } from 'vitest';
import { weightErrors } from '../../../src-main/quantization/rewrite/weight-error';
import { quantizeModel } from '../../../src-main/quantization/rewrite/quantize';
import { weightReport } from '../../../src-main/quantization/rewrite/weight-report';
import { WeightScales } from '../../../src-main/quantization/rewrite/weight-scales';
import { materialize } from '../../../src-main/quantization/rewrite/materialize';
import type { Model } from '../../../src-main/onnx/graph/model';
import { tensorAsFloat32 } from '../../../src-main/onnx/graph/tensor-values';
import type { PrecisionPlan } from '../../../src-shared/domain/project/precision';
import { pseudoRandom } from '../../support/onnx-builder';
import { Net } from './graphs';
import { simulate } from './run';

/** 64 channels of 16 weights; channel 1 has one that is much larger than its others. */
const DIMS = [16, 16, 1, 1];
const WEIGHTS = pseudoRandom(256, 3).map((value, i) => (i === 20 ? 3 : value / 16));

function errorOf(values: Float32Array, threshold: number): number {
  const scale = Math.fround(threshold / 127);
  return values.reduce((sum, value) => {
    const q = Math.max(-128, Math.min(127, Math.round(value / scale)));
    return sum + (value - q * scale) ** 2;
  }, 0);
}

describe('weightErrors', () => {
  it('finds thresholds that no other part of the range beats, and the errors with them', () => {
    const { amax, mse, noise, signal } = weightErrors(WEIGHTS, DIMS, 0);
    for (let channel = 0; channel < 16; channel++) {
      const own = WEIGHTS.subarray(channel * 16, channel * 16 + 16);
      const largest = Math.max(...own.map(Math.abs));
      expect(amax[channel]).toBe(Math.fround(largest));
      expect(noise.minmax[channel]).toBeCloseTo(errorOf(own, largest), 12);
      expect(noise.mse[channel]).toBeCloseTo(errorOf(own, mse[channel] ?? 0), 12);
      for (let part = 1; part > 0.2; part -= 0.05)
        expect(noise.mse[channel]).toBeLessThanOrEqual(errorOf(own, largest * part) * 1.2);
      expect(signal[channel]).toBeCloseTo(
        own.reduce((sum, value) => sum + value * value, 0),
        6,
      );
    }
  });

  it('clips one large weight among many, keeps the range of even weights, and leaves zeros alone', () => {
    const many = pseudoRandom(2 ** 16, 7).map((value, i) => (i === 9 ? 1.5 : value));
    const clipped = weightErrors(many, [1, 2 ** 16], 0);
    expect((clipped.mse[0] ?? 0) / (clipped.amax[0] ?? 1)).toBeLessThan(0.9);
    const even = weightErrors(Float32Array.of(1, -1, 1, -1), [1, 4], 0);
    expect(even.mse[0]).toBe(1);
    const zero = weightErrors(new Float32Array(4), [2, 2], 1);
    expect([...zero.mse, ...zero.noise.mse]).toEqual([0, 0, 0, 0]);
  });

  it('reads the channels of the last axis too', () => {
    const values = Float32Array.of(1, 10, -2, 20, 3, -30);
    expect([...weightErrors(values, [3, 2], 1).amax]).toEqual([3, 30]);
  });
});

describe('a plan with mse for the weights of a layer', () => {
  const net = new Net();
  const weight = net.constant('w', DIMS, WEIGHTS);
  const model = net.model(['n', 16, 4, 4], net.op('Conv', 'c', ['x', weight, net.constant('b', [16])]));
  const quantized = (plan: PrecisionPlan): Model =>
    quantizeModel({ model, target: 'tensorrt', plan, thresholds: { x: 1 }, ranges: {} }).model;
  const scales = (made: Model): Float32Array => {
    const dequantize = made.graph.node.find(({ input }) => input[0] === 'w');
    const tensor = made.graph.initializer.find(({ name }) => name === dequantize?.input[1]);
    if (!tensor) throw new Error('no scale');
    return tensorAsFloat32(tensor);
  };

  it('takes the scales of those thresholds, for that layer only', () => {
    const { amax, mse } = weightErrors(WEIGHTS, DIMS, 0);
    expect(scales(quantized({ layers: {} }))).toEqual(amax.map((value) => value / 127));
    expect(scales(quantized({ layers: {}, weights: { c: 'mse' } }))).toEqual(mse.map((value) => value / 127));
    expect(() => quantized({ layers: {}, weights: { d: 'mse' } })).toThrow('layer "d"');
  });

  it('computes the same with float weights behind Q/DQ and with INT8 weights in the file', async () => {
    const made = quantized({ layers: {}, weights: { c: 'mse' } });
    const input = pseudoRandom(16 * 16, 5);
    const exported = materialize(made);
    expect(exported.graph.initializer.some(({ name }) => name === 'w')).toBe(false);
    expect(await simulate(exported, input, [1, 16, 4, 4])).toEqual(await simulate(made, input, [1, 16, 4, 4]));
  });

  it('quantizes one operand alone on request', () => {
    const of = (only: 'weights' | 'input'): string[] =>
      quantizeModel({ model, target: 'tensorrt', plan: { layers: {} }, thresholds: { x: 1 }, ranges: {}, only })
        .model.graph.node.filter(({ opType }) => opType === 'QuantizeLinear')
        .map(({ input }) => input[0] ?? '');
    expect(of('weights')).toEqual(['w']);
    expect(of('input')).toEqual(['x']);
  });
});

describe('weightReport', () => {
  it('tells the error of every layer, its worst channel, and how unlike its input channels are', () => {
    const net = new Net();
    // Input channel 2 has weights 100 times larger than the others.
    const weights = pseudoRandom(32, 11).map((value, i) => (i % 4 === 2 ? 100 : 1) * (value + Math.sign(value)));
    const product = net.op('MatMul', 'fc', [
      net.op('Relu', 'r', ['x']),
      net.constant('w', [4, 8], transposed(weights)),
    ]);
    const model = net.model(['n', 4], product);
    const [layer, ...others] = weightReport(model, new WeightScales(model));
    expect(others).toEqual([]);
    expect(layer).toMatchObject({ layer: 'fc', op: 'MatMul', initializer: 'w' });
    expect(layer?.amax.length).toBe(8);
    expect(layer?.inputSpread).toBeGreaterThan(40);
    const minmax = layer?.sqnrDb.minmax ?? [];
    expect(minmax[layer?.worstChannel ?? 0]).toBe(Math.min(...minmax.map((value) => value ?? Infinity)));
    expect(layer?.totalSqnrDb.mse).toBeGreaterThanOrEqual(layer?.totalSqnrDb.minmax ?? Infinity);
    expect(layer?.wastedRange).toBeGreaterThanOrEqual(0);
    expect(weightReport(model, new WeightScales(model), () => false)).toEqual([]);
  });

  /** [8, 4] as [4, 8]. */
  function transposed(values: Float32Array): Float32Array {
    return values.map((_, i) => values[(i % 8) * 4 + Math.floor(i / 8)] ?? 0);
  }
});
