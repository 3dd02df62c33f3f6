import { describe, expect, it } from 'vitest';
import { EMPTY_PLAN, type Target } from '../../../src-shared/domain/project/precision';
import { int64Tensor, intAttr, intsAttr } from '../../../src-main/onnx/graph/make';
import type { Model } from '../../../src-main/onnx/graph/model';
import { calibrationTensors } from '../../../src-main/quantization/rewrite/calibration-tensors';
import { placeQdq, quantizeModel, rangeFacts } from '../../../src-main/quantization/rewrite/quantize';
import { WeightScales } from '../../../src-main/quantization/rewrite/weight-scales';
import { MAX_SHARING_LOSS_DB } from '../../../src-main/quantization/rules/unlike-ranges';
import { Net } from './graphs';
import { simulate } from './run';

type Amaxes = Readonly<Record<string, number>>;

function place(model: Model, target: Target, amaxes: Amaxes) {
  const ranges = Object.fromEntries(Object.entries(amaxes).map(([name, amax]) => [name, [-amax, amax] as const]));
  return placeQdq(model, EMPTY_PLAN, target, { ranges: rangeFacts(new WeightScales(model), ranges) });
}

/** `layer precision code`, and the tensor of decisions about edges. */
function saidOf(placement: ReturnType<typeof place>, code: string): string[] {
  return placement.decisions
    .filter((decision) => decision.code === code)
    .map(({ layer, precision, tensor }) => [layer, precision, tensor ?? ''].join(' ').trim());
}

/** Two convolutions side by side, concatenated; `behind` reads the whole. */
function concatNet(behind: (net: Net, cat: string) => string): Model {
  const net = new Net();
  const stem = net.op('Relu', 'stem_relu', [net.conv('stem', 'x', 16, 16)]);
  const boxes = net.conv('boxes', stem, 16, 16);
  const masks = net.conv('masks', stem, 16, 16);
  return net.model(['n', 16, 8, 8], behind(net, net.op('Concat', 'cat', [boxes, masks], [intAttr('axis', 1)])));
}

function split(net: Net, input: string): [string, string] {
  net.initializers.push(int64Tensor('sizes', [2], [16, 16]));
  net.nodes.push({
    opType: 'Split',
    input: [input, 'sizes'],
    output: ['left', 'right'],
    name: 'split',
    domain: '',
    attribute: [intAttr('axis', 1)],
  });
  return ['left', 'right'];
}

const CUT_AGAIN = (net: Net, cat: string): string => {
  const [left, right] = split(net, cat);
  return net.op('Add', 'sum', [net.conv('c1', left, 16, 16), net.conv('c2', right, 16, 16)]);
};

describe('ranges of parts that share a scale', () => {
  const factor = 10 ** (MAX_SHARING_LOSS_DB / 20);

  it.each([
    ['just within', 0.99, []],
    ['just beyond', 1.01, ['cat fp32']],
  ])('%s the limit: a Concat whose parts are taken apart', (_, excess, expected) => {
    const placement = place(concatNet(CUT_AGAIN), 'onnxruntime', {
      'boxes:0': factor * excess,
      'masks:0': 1,
      'cat:0': factor * excess,
    });
    expect(saidOf(placement, 'unlike-ranges')).toEqual(expected);
  });

  it('names the part, both ranges and the loss', () => {
    const placement = place(concatNet(CUT_AGAIN), 'onnxruntime', { 'boxes:0': 100, 'masks:0': 1, 'cat:0': 100 });
    const reason = placement.decisions.find(({ layer, tensor }) => layer === 'cat' && tensor === undefined)?.reason;
    expect(reason).toContain('masks:0 reaches 1.00 beside 100: one scale for both costs it 40.0 dB');
    const scaled = new Set(placement.tensors.map(({ tensor }) => tensor));
    expect(scaled.has('masks:0') && scaled.has('boxes:0')).toBe(true);
    expect(placement.groups.flatMap(({ tensors }) => tensors)).not.toContain('masks:0');
  });

  it('a Concat that a Conv reads whole has one scale in any case, which is said', () => {
    const amaxes = { 'boxes:0': 100, 'masks:0': 1, 'cat:0': 100 };
    const model = concatNet((net, cat) => net.op('Relu', 'end', [net.conv('c1', cat, 32, 16)]));
    expect(saidOf(place(model, 'onnxruntime', amaxes), 'unlike-ranges')).toEqual(['cat int8 masks:0']);
    expect(saidOf(place(model, 'tensorrt', amaxes), 'unlike-ranges')).toEqual(['cat int8 masks:0']);
  });

  it('a Conv whose result is cut into unlike parts yields float', () => {
    const net = new Net();
    const head = net.conv('head', net.op('Relu', 'stem_relu', [net.conv('stem', 'x', 16, 16)]), 16, 32);
    const [left, right] = split(net, head);
    net.op('Sigmoid', 'scores', [right]);
    const model = net.model(['n', 16, 8, 8], net.op('Relu', 'end', [net.conv('c1', left, 16, 16)]));
    expect(calibrationTensors(model)).toEqual(expect.arrayContaining(['left', 'right']));
    const placement = place(model, 'onnxruntime', { 'head:0': 50, left: 50, right: 2 });
    expect(saidOf(placement, 'unlike-ranges')).toEqual(['head fp32']);
    expect(placement.tensors.map(({ tensor }) => tensor)).not.toContain('head:0');
    expect(saidOf(place(model, 'onnxruntime', { 'head:0': 50, left: 50, right: 40 }), 'unlike-ranges')).toEqual([]);
  });

  it('TensorRT: an input that another quantized layer reads keeps its own scale', () => {
    const net = new Net();
    const stem = net.op('Relu', 'stem_relu', [net.conv('stem', 'x', 16, 16)]);
    const small = net.op('Relu', 'small_relu', [net.conv('small', stem, 16, 16)]);
    const large = net.op('Relu', 'large_relu', [net.conv('large', small, 16, 16)]);
    const cat = net.op('Concat', 'cat', [small, large], [intAttr('axis', 1)]);
    const model = net.model(['n', 16, 8, 8], net.op('Relu', 'end', [net.conv('last', cat, 32, 16)]));
    const unlike = place(model, 'tensorrt', { 'small_relu:0': 1, 'large_relu:0': 64, 'cat:0': 64 });
    expect(saidOf(unlike, 'unlike-ranges')).toEqual(['cat fp16']);
    expect(unlike.groups).toEqual([]);
    const alike = place(model, 'tensorrt', { 'small_relu:0': 20, 'large_relu:0': 64, 'cat:0': 64 });
    expect(alike.groups).toEqual([expect.objectContaining({ tensors: ['cat:0', 'large_relu:0', 'small_relu:0'] })]);
  });

  it('TensorRT: an average far below its input has a scale of its own', () => {
    const net = new Net();
    const stem = net.op('Relu', 'stem_relu', [net.conv('stem', 'x', 16, 16)]);
    const pool = net.op('AveragePool', 'pool', [stem], [intsAttr('kernel_shape', [8, 8])]);
    const model = net.model(['n', 16, 8, 8], net.op('Relu', 'end', [net.conv('last', pool, 16, 16)]));
    expect(place(model, 'tensorrt', { 'stem_relu:0': 100, 'pool:0': 5 }).groups).toEqual([]);
    expect(place(model, 'tensorrt', { 'stem_relu:0': 100, 'pool:0': 50 }).groups).toHaveLength(1);
  });

  it('the small part of a mixed tensor keeps its accuracy', async () => {
    const net = new Net();
    const gain = Float32Array.from({ length: 32 * 16 }, (_, i) => Math.sin(i) * (i < 256 ? 100 : 0.1));
    const head = net.op('Conv', 'head', [
      net.op('Relu', 'stem_relu', [net.conv('stem', 'x', 16, 16)]),
      net.constant('head.w', [32, 16, 1, 1], gain),
    ]);
    const [left, right] = split(net, head);
    net.op('Relu', 'unread', [net.conv('c1', left, 16, 16)]);
    const model = net.model(['n', 16, 2, 2], net.op('Neg', 'out', [right]));
    const values = Float32Array.from({ length: 64 }, (_, i) => Math.cos(i));
    const thresholds: Record<string, number> = Object.fromEntries(
      calibrationTensors(model).map((name) => [name, 1000]),
    );
    Object.assign(thresholds, { x: 1, 'stem_relu:0': 10, 'stem:0': 10 });
    const ranges = { 'head:0': [-1000, 1000], left: [-1000, 1000], right: [-1, 1] } as const;
    const expected = await simulate(model, values, [1, 16, 2, 2]);
    const found = await simulate(
      quantizeModel({ model, target: 'onnxruntime', plan: EMPTY_PLAN, thresholds, ranges }).model,
      values,
      [1, 16, 2, 2],
    );
    const power = (list: Float32Array): number => list.reduce((sum, value) => sum + value * value, 0);
    expect(
      10 * Math.log10(power(expected) / power(expected.map((value, i) => value - (found[i] ?? Number.NaN)))),
    ).toBeGreaterThan(25);
  });
});
