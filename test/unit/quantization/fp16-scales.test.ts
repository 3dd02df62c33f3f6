import { describe, expect, it } from 'vitest';
import { intAttr, intsAttr } from '../../../src-main/onnx/graph/make';
import { DataType, type Model } from '../../../src-main/onnx/graph/model';
import { tensorAsFloat32 } from '../../../src-main/onnx/graph/tensor-values';
import { asFp16 } from '../../../src-main/quantization/rules/number-formats';
import type { QuantizedModel } from '../../../src-main/quantization/rewrite/quantize';
import { pseudoRandom } from '../../support/onnx-builder';
import { Net } from './graphs';
import { Calibrated } from './simulated-variants';

const DIMS = [1, 16, 4, 4];

/** Conv of 16 to 16 channels, 1x1, no bias, weights in [-scale, scale), then Relu. */
function layer(net: Net, name: string, input: string, scale: number): string {
  const weights = net.constant(
    `${name}.w`,
    [16, 16, 1, 1],
    pseudoRandom(256, name.charCodeAt(1)).map((value) => value * scale),
  );
  return net.op('Relu', `${name}_relu`, [net.op('Conv', name, [input, weights], [intsAttr('kernel_shape', [1, 1])])]);
}

/** c1 leaves FP16's range, c2 comes back, c3 is an ordinary layer; the last one has float32 around its integers. */
function beyondFp16(): Model {
  const net = new Net();
  const back = layer(net, 'c2', layer(net, 'c1', 'x', 1e6), 1e-6);
  const ordinary = layer(net, 'c3', net.op('LRN', 'lrn', [back], [intAttr('size', 3)]), 0.5);
  return net.model(DIMS, layer(net, 'c4', ordinary, 0.5), 17);
}

/** Type and value of the scale of every Q/DQ of a tensor. */
function scalesOf(
  { model }: QuantizedModel,
  tensor: string,
): readonly { readonly type: number; readonly value: number }[] {
  const initializers = new Map(model.graph.initializer.map((each) => [each.name, each]));
  const nodes = model.graph.node.filter(
    ({ opType, name }) => ['QuantizeLinear', 'DequantizeLinear'].includes(opType) && name.startsWith(`${tensor}_`),
  );
  return nodes.map(({ input }) => {
    const scale = initializers.get(input[1] ?? '');
    if (!scale) throw new Error(`no scale of ${tensor}`);
    return { type: scale.dataType, value: tensorAsFloat32(scale)[0] ?? NaN };
  });
}

describe('scales of a model of which some Q/DQ are in FP16', () => {
  it('are rounded for FP16 where it reads them, and nowhere else', async () => {
    const calibrated = await Calibrated.of(beyondFp16(), DIMS);
    const variant = calibrated.int8();
    const wide = scalesOf(variant, 'c1_relu:0');
    expect(new Set(wide.map(({ type }) => type))).toEqual(new Set([DataType.FLOAT]));
    expect(wide[0]?.value).toBeGreaterThan(10_000);
    expect(wide[0]?.value).not.toBe(asFp16(wide[0]?.value ?? 0));
    const held = scalesOf(variant, 'lrn:0');
    expect(held.map(({ type }) => type)).toContain(DataType.FLOAT16);
    for (const { value } of held) expect(value).toBe(asFp16(value));
    expect(await calibrated.sqnrDb(variant)).toBeGreaterThan(25);
    expect(await calibrated.sqnrDb(variant)).toBeGreaterThan(
      (await calibrated.sqnrDb(calibrated.variant({ layers: {}, fallbackPrecision: 'fp32' }))) - 0.5,
    );
  });

  it.each([
    ['far above what was seen', 1e8, 'is above 65504'],
    ['so small that FP16 would clamp it', 1e-7, 'so small that FP16 would change it by'],
  ])('keep their value with a threshold %s', async (_, threshold, words) => {
    const net = new Net();
    const calibrated = await Calibrated.of(
      net.model(DIMS, layer(net, 'c4', layer(net, 'c2', layer(net, 'c1', 'x', 0.3), 0.3), 0.3), 17),
      DIMS,
    );
    const variant = calibrated.variant({ layers: {} }, { 'c1_relu:0': threshold });
    const scales = scalesOf(variant, 'c1_relu:0');
    expect(scales.length).toBeGreaterThan(1);
    for (const scale of scales) expect(scale).toEqual({ type: DataType.FLOAT, value: Math.fround(threshold / 127) });
    const remark = variant.decisions.find(({ layer: name, code }) => name === 'c2' && code === 'fp16-refused-scale');
    expect(remark).toMatchObject({
      precision: 'int8',
      tensor: 'c1_relu:0',
      reason: expect.stringContaining(words) as unknown,
    });
  });

  it('of a group are one, in FP16 or not', async () => {
    const net = new Net();
    const pooled = net.op(
      'MaxPool',
      'pool',
      [net.op('Sigmoid', 'gate', [layer(net, 'c1', 'x', 0.3)])],
      [intsAttr('kernel_shape', [1, 1])],
    );
    const calibrated = await Calibrated.of(
      net.model(DIMS, layer(net, 'c2', layer(net, 'c3', pooled, 0.3), 0.3), 17),
      DIMS,
    );
    const variant = calibrated.int8();
    const values = ['gate:0', 'pool:0'].flatMap((tensor) => scalesOf(variant, tensor).map(({ value }) => value));
    expect(new Set(values).size).toBe(1);
  });

  it('of weights: tiny ones keep float32, those of a dead channel do not hinder FP16', async () => {
    const withWeights = (scale: (channel: number) => number): Model => {
      const net = new Net();
      const weights = net.constant(
        'c2.w',
        [16, 16, 1, 1],
        pseudoRandom(256, 4).map((value, i) => value * scale(Math.floor(i / 16))),
      );
      const conv = net.op('Conv', 'c2', [layer(net, 'c1', 'x', 0.3), weights], [intsAttr('kernel_shape', [1, 1])]);
      return net.model(
        DIMS,
        layer(
          net,
          'c3',
          net.op('Relu', 'c2_relu', [net.op('Mul', 'up', [conv, net.constant('factor', [1], [1 / scale(1)])])]),
          0.3,
        ),
        17,
      );
    };
    const tiny = await Calibrated.of(
      withWeights(() => 1e-7),
      DIMS,
    );
    expect(new Set(scalesOf(tiny.int8(), 'c2.w').map(({ type }) => type))).toEqual(new Set([DataType.FLOAT]));
    expect(await tiny.sqnrDb(tiny.int8())).toBeGreaterThan(30);
    const dead = await Calibrated.of(
      withWeights((channel) => (channel === 0 ? 1e-12 : 0.3)),
      DIMS,
    );
    expect(scalesOf(dead.int8(), 'c2.w').map(({ type }) => type)).toContain(DataType.FLOAT16);
    expect(await dead.sqnrDb(dead.int8())).toBeGreaterThan(30);
  });
});
