import { describe, expect, it } from 'vitest';
import { channelMagnitudes, smoothingExponents } from '../../../src-main/quantization/smoothing/smoothing-factors';
import { smooth } from '../../../src-main/quantization/smoothing/smooth';
import { channelTensors } from '../../../src-main/quantization/rules/smoothing-groups';
import { floatAttr, intAttr, int64Tensor, intsAttr } from '../../../src-main/onnx/graph/make';
import type { Model } from '../../../src-main/onnx/graph/model';
import { tensorAsFloat32 } from '../../../src-main/onnx/graph/tensor-values';
import { runModel } from '../onnx/run-ort';
import { Net } from './graphs';

/** [1, 4, 16] through what `first` makes, and then through a matrix product. */
function readBy(first: (net: Net) => string): Model {
  const net = new Net();
  const tensor = first(net);
  return net.model([1, 4, 16], net.matmul('fc', tensor, 16, 8));
}

const decomposed = (net: Net, beta: string): string => {
  net.initializers.push(int64Tensor('last', [1], [-1]));
  const mean = net.op('ReduceMean', 'mean', ['x'], [intsAttr('axes', [-1])]);
  const centred = net.op('Sub', 'centred', ['x', mean]);
  const square = net.op('Mul', 'square', [centred, centred]);
  const variance = net.op('ReduceMean', 'variance', [square], [intsAttr('axes', [-1])]);
  const sum = net.op('Add', 'sum', [variance, net.constant('epsilon', [], [1e-6])]);
  const divided = net.op('Div', 'divided', [centred, net.op('Sqrt', 'root', [sum])]);
  return net.op('Add', 'shifted', [net.op('Mul', 'scaled', [divided, net.constant('gamma', [16])]), beta]);
};

/** Powers of two from 2^-4 to 2^4, another one for each channel and tensor. */
function uneven(model: Model): Map<string, Int8Array> {
  const magnitudes = channelMagnitudes(
    model,
    new Map(channelTensors(model).map(({ tensor }) => [tensor, new Float32Array(sizeOf(model, tensor)).fill(1)])),
  );
  return new Map(
    magnitudes.map(({ tensor, activations }) => [
      tensor,
      Int8Array.from(activations, (_, channel) => ((channel * 5) % 9) - 4),
    ]),
  );
}

function sizeOf(model: Model, tensor: string): number {
  const reader = model.graph.node.find((node) => node.input[0] === tensor && node.input[1]?.endsWith('.w'));
  const weight = model.graph.initializer.find(({ name }) => name === reader?.input[1]);
  return (reader?.opType === 'Conv' ? weight?.dims[1] : weight?.dims[0]) ?? 0;
}

function values(model: Model, name: string): Float32Array {
  const tensor = model.graph.initializer.find((each) => each.name === name);
  if (!tensor) throw new Error(`no initializer ${name}`);
  return tensorAsFloat32(tensor);
}

describe('smooth', () => {
  it.each<[string, Model]>([
    [
      'LayerNormalization',
      readBy((net) => net.op('LayerNormalization', 'ln', ['x', net.constant('g', [16]), net.constant('b', [16])])),
    ],
    [
      'SimplifiedLayerNormalization',
      readBy((net) =>
        net.op('SimplifiedLayerNormalization', 'n', ['x', net.constant('g', [16])], [intAttr('axis', -1)]),
      ),
    ],
    ['a normalization of single operators', readBy((net) => decomposed(net, net.constant('beta', [16])))],
    [
      'a matrix product with a bias and LeakyRelu',
      readBy((net) =>
        net.op(
          'LeakyRelu',
          'a',
          [net.op('Add', 'sum', [net.matmul('first', 'x', 16, 16), net.constant('bias', [16])])],
          [floatAttr('alpha', 0.1)],
        ),
      ),
    ],
  ])('scales channels behind %s, and keeps every output bit-identical', async (_, model) => {
    const exponents = uneven(model);
    expect(exponents.size).toBe(1);
    const { model: smoothed, layers, tensors } = smooth(model, exponents);
    expect(values(smoothed, 'fc.w')).not.toEqual(values(model, 'fc.w'));
    expect(tensors.length).toBeGreaterThan(0);
    expect(layers.filter(({ code }) => code === 'smoothed').map(({ layer }) => layer)).toContain('fc');
    expect(await runModel(smoothed)).toEqual(await runModel(model));
  });

  it('scales a convolution with groups, pooled and flattened channels', async () => {
    const net = new Net();
    const relu = net.op('Relu', 'r', [net.conv('c', 'x', 4, 8)]);
    const inner = net.groupedConv('g', relu, { inputChannels: 8, outputChannels: 8, group: 2 });
    const pooled = net.op('MaxPool', 'p', [inner], [intsAttr('kernel_shape', [2, 2])]);
    const model = net.model([1, 4, 4, 4], net.matmul('fc', net.op('Flatten', 'f', [pooled]), 72, 5));
    const exponents = new Map(['c:0', 'g:0'].map((tensor) => [tensor, Int8Array.of(0, 3, -2, 1, 0, -5, 7, 2)]));
    const { model: smoothed } = smooth(model, exponents);
    expect(values(smoothed, 'g.w')[1]).toBe((values(model, 'g.w')[1] ?? 0) * 2 ** 3);
    expect(await runModel(smoothed)).toEqual(await runModel(model));
  });

  it('copies a shift that another normalization reads too', async () => {
    const net = new Net();
    const shift = net.constant('b', [16]);
    const one = net.op('LayerNormalization', 'one', ['x', net.constant('g1', [16]), shift]);
    const two = net.op('LayerNormalization', 'two', ['x', net.constant('g2', [16]), shift]);
    const sum = net.op('Add', 'sum', [net.matmul('fc1', one, 16, 8), net.matmul('fc2', two, 16, 8)]);
    const model = net.model([1, 4, 16], sum);
    const { model: smoothed } = smooth(model, new Map([['one:0', new Int8Array(16).fill(2, 3, 9)]]));
    expect(values(smoothed, 'b')).toEqual(values(model, 'b'));
    expect(await runModel(smoothed)).toEqual(await runModel(model));
  });
});

describe('smoothingExponents', () => {
  const magnitudes = [
    {
      tensor: 't',
      activations: Float64Array.of(64, 1, 1, 1, 0, 1),
      weights: Float64Array.of(1, 1, 1, 1, 1, 0),
    },
  ];

  it.each([
    [0.25, 2], // 64^(1/4) = 2^1.5, rounded away from the middle channel's 1
    [0.5, 3],
    [0.75, 5], // 2^4.5
  ])('takes the part alpha = %f of an outlier out of the activations: 2^%i', (alpha, exponent) => {
    expect([...(smoothingExponents(magnitudes, alpha).get('t') ?? [])]).toEqual([exponent, 0, 0, 0, 0, 0]);
  });

  it('gives large weights the smaller factors', () => {
    const [own] = [
      ...smoothingExponents(
        [{ tensor: 't', activations: Float64Array.of(1, 1, 1), weights: Float64Array.of(1, 1, 16) }],
        0.5,
      ).values(),
    ];
    expect([...(own ?? [])]).toEqual([0, 0, -2]);
  });

  it('reads the largest weight of every input, over all layers that read a channel', () => {
    const net = new Net();
    const tensor = net.op('LayerNormalization', 'ln', ['x', net.constant('g', [2]), net.constant('b', [2])]);
    const w1 = net.constant('w1', [2, 2], [1, -3, 2, 0]);
    const w2 = net.constant('w2', [2, 2], [-5, 1, 1, 1]);
    const sum = net.op('Add', 'sum', [net.op('MatMul', 'm1', [tensor, w1]), net.op('MatMul', 'm2', [tensor, w2])]);
    const model = net.model([1, 2, 2], sum);
    expect(channelMagnitudes(model, new Map([['ln:0', Float32Array.of(7, 9)]]))).toEqual([
      { tensor: 'ln:0', activations: Float64Array.of(7, 9), weights: Float64Array.of(5, 2) },
    ]);
    expect(channelMagnitudes(model, new Map())).toEqual([]);
  });
});
