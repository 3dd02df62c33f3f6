import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { EMPTY_PLAN, TARGETS } from '../../../src-shared/domain/project/precision';
import { floatTensor, graphAttr, int64Tensor, intsAttr, makeNode, stringAttr } from '../../../src-main/onnx/graph/make';
import { DataType, type Model } from '../../../src-main/onnx/graph/model';
import { prepareModel } from '../../../src-main/onnx/passes/prepare';
import { encodeModel } from '../../../src-main/onnx/wire/wire-writer';
import { calibrationTensors } from '../../../src-main/quantization/rewrite/calibration-tensors';
import { materialize } from '../../../src-main/quantization/rewrite/materialize';
import { quantizeModel } from '../../../src-main/quantization/rewrite/quantize';
import { createRandom } from '../../support/random';
import { buildGraph } from '../../support/onnx-builder';
import { Net } from './graphs';

const DIMS = [1, 8, 8, 8] as const;

/** Uniform in [-1, 1). */
function uniform(count: number, seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => 2 * random() - 1);
}

const INPUT = uniform(512, 9);

/** Conv, Relu, what `build` adds, Conv, Relu, Conv: integers on both sides of it. */
function between(build: (net: Net, input: string) => string, opset = 19): Model {
  const net = new Net();
  const conv = (name: string, input: string, channels: number): string =>
    net.op('Conv', name, [input, net.constant(`${name}.w`, [channels, 8, 1, 1], uniform(channels * 8, name.length))]);
  const made = build(net, net.op('Relu', 'before', [conv('stem', 'x', 8)]));
  const behind = net.op('Relu', 'behind', [conv('second', made, 8)]);
  return prepareModel(net.model(['n', 8, 8, 8], conv('head', behind, 4), opset)).model;
}

async function outputOf(model: Model): Promise<Float32Array> {
  const session = await InferenceSession.create(encodeModel(model), { intraOpNumThreads: 1, logSeverityLevel: 4 });
  try {
    const outputs = await session.run({ x: new Tensor('float32', INPUT, DIMS) });
    return Float32Array.from(Object.values(outputs)[0]?.data as Float32Array);
  } finally {
    await session.release();
  }
}

function quantized(model: Model, target: (typeof TARGETS)[number] = 'onnxruntime'): ReturnType<typeof quantizeModel> {
  const thresholds = Object.fromEntries(calibrationTensors(model).map((name) => [name, name === 'x' ? 1 : 8]));
  const made = quantizeModel({ model, target, plan: EMPTY_PLAN, thresholds, ranges: {} });
  return { ...made, model: materialize(made.model) };
}

/** 10 log10 of signal to noise power of the model as ONNX Runtime fuses it, against FP32. */
async function fusedSqnrDb(model: Model): Promise<number> {
  const expected = await outputOf(model);
  const found = await outputOf(quantized(model).model);
  const power = (values: Float32Array): number => values.reduce((sum, value) => sum + value * value, 0);
  return 10 * Math.log10(power(expected) / power(expected.map((value, i) => value - (found[i] ?? Number.NaN))));
}

const kernel = intsAttr('kernel_shape', [2, 2]);

describe('what ONNX Runtime fuses runs and is near FP32', () => {
  it.each<[string, (net: Net, input: string) => string]>([
    ['a Relu behind a Relu', (net, input) => net.op('Relu', 'again', [input])],
    [
      'Relu, Clip and Relu behind each other',
      (net, input) => {
        net.initializers.push(floatTensor('zero', [], [0]), floatTensor('six', [], [6]));
        return net.op('Relu', 'again', [net.op('Clip', 'clip', [input, 'zero', 'six'])]);
      },
    ],
    [
      'AveragePool with dilations',
      (net, input) => net.op('AveragePool', 'pool', [input], [kernel, intsAttr('dilations', [2, 2])]),
    ],
    [
      'AveragePool with dilations of 1',
      (net, input) => net.op('AveragePool', 'pool', [input], [kernel, intsAttr('dilations', [1, 1])]),
    ],
    [
      'Resize of some axes by scales',
      (net, input) =>
        net.op(
          'Resize',
          'up',
          [input, '', net.constant('scales', [2], [2, 2])],
          [stringAttr('mode', 'nearest'), intsAttr('axes', [2, 3])],
        ),
    ],
    [
      'linear Resize of some axes to sizes',
      (net, input) => {
        net.initializers.push(int64Tensor('sizes', [2], [12, 10]));
        return net.op(
          'Resize',
          'up',
          [input, '', '', 'sizes'],
          [stringAttr('mode', 'linear'), intsAttr('axes', [-1, -2])],
        );
      },
    ],
    ...['nearest', 'linear'].flatMap((mode) =>
      ['not_larger', 'not_smaller'].map((policy): [string, (net: Net, input: string) => string] => [
        `${mode} Resize of some axes that keeps the aspect ratio, ${policy}`,
        (net, input) => {
          net.initializers.push(int64Tensor('sizes', [2], [13, 18]));
          return net.op(
            'Resize',
            'up',
            [input, '', '', 'sizes'],
            [stringAttr('mode', mode), intsAttr('axes', [-1, 2]), stringAttr('keep_aspect_ratio_policy', policy)],
          );
        },
      ]),
    ),
    [
      'MatMul with one matrix in 3 dimensions',
      (net, input) => net.op('MatMul', 'product', [input, net.constant('m.w', [1, 8, 6], uniform(48, 4))]),
    ],
    [
      'MatMul with a matrix per channel',
      (net, input) => net.op('MatMul', 'product', [input, net.constant('m.w', [8, 8, 6], uniform(384, 4))]),
    ],
  ])('%s', async (_, build) => {
    expect(await fusedSqnrDb(between(build))).toBeGreaterThan(25);
  });

  it('large weights and activations do not saturate', async () => {
    const net = new Net();
    net.initializers.push(
      floatTensor('w', [8, 8, 1, 1], new Float32Array(64).fill(1)),
      floatTensor('v', [8, 8, 1, 1], uniform(64, 3)),
    );
    const model = net.model(
      ['n', 8, 8, 8],
      net.op('Conv', 'head', [net.op('Relu', 'r', [net.op('Conv', 'c', ['x', 'w'])]), 'v']),
    );
    const thresholds = Object.fromEntries(calibrationTensors(model).map((name) => [name, name === 'x' ? 1 : 8]));
    const made = materialize(
      quantizeModel({ model, target: 'onnxruntime', plan: EMPTY_PLAN, thresholds, ranges: {} }).model,
    );
    const bright = new Float32Array(512).fill(1);
    const session = await InferenceSession.create(encodeModel(made), { logSeverityLevel: 4 });
    const outputs = await session.run({ x: new Tensor('float32', bright, DIMS) });
    const found = outputs['head:0']?.data[0];
    const expected = [...uniform(64, 3).slice(0, 8)].reduce((sum, weight) => sum + 8 * weight, 0);
    expect(found).toBeCloseTo(expected, 1);
    await session.release();
  });
});

it('keeps weights as UINT8 around 128 for ONNX Runtime and as INT8 for TensorRT', () => {
  const model = between((_, input) => input);
  const typesOf = (target: (typeof TARGETS)[number]): number[] =>
    quantized(model, target)
      .model.graph.initializer.filter(({ dims }) => dims.join() === '8,8,1,1')
      .map(({ dataType }) => dataType);
  expect(typesOf('onnxruntime')).toEqual([DataType.UINT8, DataType.UINT8]);
  expect(typesOf('tensorrt')).not.toContain(DataType.UINT8);
});

it('says why a MatMul of 3-D weights and an AveragePool with dilations stay in float', () => {
  const { decisions } = quantized(
    between((net, input) =>
      net.op(
        'AveragePool',
        'pool',
        [net.op('MatMul', 'product', [input, net.constant('m.w', [1, 8, 8])])],
        [kernel, intsAttr('dilations', [2, 2])],
      ),
    ),
  );
  const codes = decisions
    .filter(({ tensor }) => tensor === undefined)
    .map(({ layer, precision, code }) => `${layer} ${precision} ${code}`);
  expect(codes).toEqual(expect.arrayContaining(['product fp32 weights-rank', 'pool fp32 no-integer-form']));
});

it.each(TARGETS)('gives no name that a body of an If has already: %s', async (target) => {
  const inner = (factor: number) =>
    buildGraph({
      outputs: { 'before:0_dequantized': null },
      nodes: [
        makeNode('Mul', ['before:0', 'before:0_zero_point'], ['before:0_quantized']),
        makeNode('Add', ['before:0_quantized', 'before:0_scale'], ['before:0_dequantized']),
      ],
      initializers: [floatTensor('before:0_zero_point', [], [factor]), floatTensor('before:0_scale', [], [0.5])],
    });
  const model = between((net, input) => {
    net.initializers.push({ ...int64Tensor('yes', [], [1]) });
    const condition = net.op(
      'Cast',
      'condition',
      ['yes'],
      [{ name: 'to', value: { kind: 'int', value: BigInt(DataType.BOOL) } }],
    );
    return (
      net.op('If', 'choice', [condition], [graphAttr('then_branch', inner(1)), graphAttr('else_branch', inner(2))]) &&
      net.conv('again', input, 8, 8)
    );
  });
  expect(await outputOf(quantized(model, target).model)).toHaveLength(4 * 64);
});
