import { describe, expect, it } from 'vitest';
import { equalize } from '../../../../src-main/onnx/passes/equalize';
import { prepareModel } from '../../../../src-main/onnx/passes/prepare';
import { floatAttr, intAttr, intsAttr } from '../../../../src-main/onnx/graph/make';
import type { Model } from '../../../../src-main/onnx/graph/model';
import { tensorAsFloat32 } from '../../../../src-main/onnx/graph/tensor-values';
import { readModel } from '../../../../src-main/onnx/wire/wire-reader';
import { pseudoRandom } from '../../../support/onnx-builder';
import { sharedDir, sharedPath } from '../../../support/shared';
import { Net, residualNet } from '../../quantization/graphs';
import { runModel } from '../run-ort';

const KERNEL = intsAttr('kernel_shape', [1, 1]);

/**
 * The weights with output channel c (rows of `inputs` values) times factor(c): what no exporter would write, but
 * training does.
 */
function uneven(outputs: number, inputs: number, factor: (channel: number) => number, seed = 3): Float32Array {
  return pseudoRandom(outputs * inputs, seed).map((value, i) => value * factor(Math.floor(i / inputs)));
}

/** Conv(3->8), something, Conv(8->4) whose inputs take the first one's factors back. */
function pair(between: (net: Net, tensor: string) => string, factor: (channel: number) => number): Model {
  const net = new Net();
  const w1 = net.constant('c1.w', [8, 3, 1, 1], uneven(8, 3, factor));
  const b1 = net.constant(
    'c1.b',
    [8],
    pseudoRandom(8, 5).map((value, c) => value * factor(c)),
  );
  const w2 = net.constant(
    'c2.w',
    [4, 8, 1, 1],
    pseudoRandom(32, 9).map((value, i) => value / factor(i % 8)),
  );
  const first = net.op('Conv', 'c1', ['x', w1, b1], [KERNEL]);
  const last = net.op('Conv', 'c2', [between(net, first), w2, net.constant('c2.b', [4])], [KERNEL]);
  return net.model(['n', 3, 6, 6], last);
}

const planted = (channel: number): number => (channel === 5 ? 200 : 1);
const relu = (net: Net, tensor: string): string => net.op('Relu', 'r', [tensor]);

function values(model: Model, name: string): Float32Array {
  const tensor = model.graph.initializer.find((candidate) => candidate.name === name);
  if (!tensor) throw new Error(`no ${name}`);
  return tensorAsFloat32(tensor);
}

/** Largest |w| of row c over the middle row's. */
function spread(weights: Float32Array, inputs: number): number {
  const rows = Array.from({ length: weights.length / inputs }, (_, c) =>
    Math.max(...weights.subarray(c * inputs, (c + 1) * inputs).map(Math.abs)),
  );
  return Math.max(...rows) / (rows.sort((a, b) => a - b)[Math.floor(rows.length / 2)] ?? 1);
}

async function expectSameOutputs(model: Model, equalized: Model): Promise<void> {
  expect(await runModel(equalized)).toEqual(await runModel(model));
}

describe('equalize', () => {
  it('takes a planted channel back, leaves every output bit-identical and says which channel', async () => {
    const model = pair(relu, planted);
    const { graph, layers, tensors } = equalize(model.graph);
    const after = { ...model, graph };
    expect(spread(values(model, 'c1.w'), 3)).toBeGreaterThan(100);
    expect(spread(values(after, 'c1.w'), 3)).toBeLessThan(4);
    // In between lies one power of two per channel, also for the bias.
    const ratios = values(after, 'c1.b').map((value, c) => value / (values(model, 'c1.b')[c] ?? 1));
    expect(ratios.every((ratio) => Number.isInteger(Math.log2(ratio)))).toBe(true);
    expect(Math.log2(ratios[5] ?? 1)).toBeLessThanOrEqual(-7);
    expect(tensors).toEqual(['c1:0', 'r:0']);
    expect(layers.map(({ layer, code, weight }) => [layer, code, weight])).toEqual([
      ['c1', 'equalized', 'c1.w'],
      ['c2', 'equalized', 'c2.w'],
      ['c2', 'not-equalized', 'c2.w'],
    ]);
    expect(layers[0]?.reason).toMatch(
      /channel 5 by 1\/(128|256): its largest weight over the largest that reads it was \d+ times above the middle channel's; c2 undoes it/,
    );
    expect(layers[1]?.reason).toMatch(/channel 5 by (128|256), which undoes what was done to c1/);
    await expectSameOutputs(model, after);
  });

  it.each([
    ['LeakyRelu', (net: Net, tensor: string) => net.op('LeakyRelu', 'a', [tensor], [floatAttr('alpha', 0.1)])],
    ['PRelu', (net: Net, tensor: string) => net.op('PRelu', 'a', [tensor, net.constant('slope', [8, 1, 1])])],
    [
      'a Clip that is a Relu',
      (net: Net, tensor: string) => net.op('Clip', 'a', [tensor, net.constant('zero', [], [0])]),
    ],
    [
      'pools',
      (net: Net, tensor: string) =>
        net.op(
          'AveragePool',
          'b',
          [net.op('MaxPool', 'a', [tensor], [intsAttr('kernel_shape', [2, 2])])],
          [intsAttr('kernel_shape', [2, 2])],
        ),
    ],
  ])('passes through %s', async (_, between) => {
    const model = pair(between, planted);
    const { graph, tensors } = equalize(model.graph);
    expect(tensors).toContain('a:0');
    await expectSameOutputs(model, { ...model, graph });
  });

  it.each([
    [
      'a Clip with an upper bound',
      (net: Net, tensor: string) =>
        net.op('Clip', 'a', [tensor, net.constant('low', [], [0]), net.constant('high', [], [6])]),
      'a Clip ends at 6, one bound for all channels',
    ],
    [
      'a Sigmoid',
      (net: Net, tensor: string) => net.op('Sigmoid', 'a', [tensor]),
      'a Sigmoid passes no factor per channel',
    ],
    [
      'an Add',
      (net: Net, tensor: string) => net.op('Add', 'a', [tensor, net.conv('other', 'x', 3, 8)]),
      'its result meets another path in an Add',
    ],
    [
      'a Concat',
      (net: Net, tensor: string) => net.op('Concat', 'a', [tensor], [intAttr('axis', 1)]),
      'its result meets another path in a Concat',
    ],
  ])('leaves layers before %s as they are, and says so', (_, between, cause) => {
    const { graph } = pair(between, planted);
    const { graph: after, layers, tensors } = equalize(graph);
    expect(tensors).toEqual([]);
    expect(after.initializer).toEqual(graph.initializer);
    expect(layers.find(({ layer }) => layer === 'c1')).toMatchObject({ code: 'not-equalized', cause });
  });

  it('leaves what is shared, or seen from outside, as it is', () => {
    const shared = new Net();
    const w = shared.constant(
      'w',
      [3, 3, 1, 1],
      uneven(3, 3, (channel) => 10 ** channel),
    );
    const first = shared.op('Conv', 'c1', ['x', w], [KERNEL]);
    const { layers, tensors } = equalize(
      shared.model(['n', 3, 4, 4], shared.op('Conv', 'c2', [first, w], [KERNEL])).graph,
    );
    expect(tensors).toEqual([]);
    expect(layers.map(({ cause }) => cause)).toEqual([
      'its weights or bias are shared, computed, or not float32',
      'its weights or bias are shared, computed, or not float32',
    ]);
    const seen = pair(relu, planted).graph;
    const output = seen.output[0];
    if (!output) throw new Error('no output');
    expect(equalize({ ...seen, output: [output, { ...output, name: 'r:0' }] }).tensors).toEqual([]);
  });

  it('reaches depthwise, grouped and dense layers, several readers, and Gemm behind a Flatten', async () => {
    const net = new Net();
    const uneven8 = (channel: number): number => 4 ** (channel % 4);
    const stem = net.op(
      'Conv',
      'stem',
      ['x', net.constant('stem.w', [8, 3, 1, 1], uneven(8, 3, uneven8)), net.constant('stem.b', [8])],
      [KERNEL],
    );
    const depthwise = net.groupedConv('dw', net.op('Relu', 'r1', [stem]), {
      inputChannels: 8,
      outputChannels: 8,
      group: 8,
    });
    const split = net.op('Relu', 'r2', [depthwise]);
    const grouped = net.groupedConv('grouped', split, { inputChannels: 8, outputChannels: 6, group: 2 });
    const dense = net.op(
      'Conv',
      'dense',
      [
        split,
        net.constant(
          'dense.w',
          [6, 8, 1, 1],
          uneven(6, 8, (channel) => 9 ** (channel % 2)),
        ),
        net.constant('dense.b', [6]),
      ],
      [KERNEL],
    );
    const flat = net.op('Flatten', 'flat', [net.op('Relu', 'r3', [dense])]);
    const hidden = net.op(
      'Gemm',
      'fc1',
      [
        flat,
        net.constant(
          'fc1.w',
          [5, 24],
          uneven(5, 24, (channel) => 7 ** channel),
        ),
        net.constant('fc1.b', [5]),
      ],
      [intAttr('transB', 1)],
    );
    const logits = net.op('Gemm', 'fc2', [net.op('Relu', 'r4', [hidden]), net.constant('fc2.w', [5, 3])]);
    const joined = net.op('Concat', 'joined', [net.op('Flatten', 'flat2', [grouped]), logits], [intAttr('axis', 1)]);
    const model = net.model(['n', 3, 2, 2], joined);
    const { graph, layers } = equalize(model.graph);
    expect(layers.filter(({ code }) => code === 'equalized').map(({ layer }) => layer)).toEqual([
      'stem',
      'dw',
      'grouped',
      'dense',
      'fc1',
      'fc2',
    ]);
    await expectSameOutputs(model, { ...model, graph });
  });

  it('takes a ReduceMean over all positions for a pool, and no other', async () => {
    const net = (axes: readonly number[], columns: number): Model => {
      const built = new Net();
      const first = built.op(
        'Conv',
        'c1',
        ['x', built.constant('c1.w', [8, 3, 1, 1], uneven(8, 3, planted))],
        [KERNEL],
      );
      const mean = built.op('ReduceMean', 'mean', [first], [intsAttr('axes', axes), intAttr('keepdims', 0)]);
      const flat = built.op('Flatten', 'flat', [mean]);
      return built.model(['n', 3, 2, 2], built.op('Gemm', 'fc', [flat, built.constant('fc.w', [columns, 4])]));
    };
    const pooled = net([-2, -1], 8);
    const { graph, tensors } = equalize(pooled.graph);
    expect(tensors).toEqual(['c1:0', 'mean:0', 'flat:0']);
    await expectSameOutputs(pooled, { ...pooled, graph });
    expect(equalize(net([1, 2], 2).graph).tensors).toEqual([]);
  });

  it('keeps channels without weights, and factors that all channels share', () => {
    const dead = pair(relu, (channel) => (channel === 2 ? 0 : 1));
    const { graph } = equalize(dead.graph);
    expect(values({ ...dead, graph }, 'c1.w').subarray(6, 9)).toEqual(values(dead, 'c1.w').subarray(6, 9));
    expect(values({ ...dead, graph }, 'c1.w').every(Number.isFinite)).toBe(true);
    const flat = new Net();
    const first = flat.op('Conv', 'c1', ['x', flat.constant('c1.w', [4, 1, 1, 1], [8, 8, 8, 8])], [KERNEL]);
    const last = flat.op('Conv', 'c2', [first, flat.constant('c2.w', [1, 4, 1, 1], [1, 1, 1, 1])], [KERNEL]);
    expect(equalize(flat.model(['n', 1, 2, 2], last).graph).tensors).toEqual([]);
  });

  it('scales inside residual blocks only', async () => {
    const model = residualNet();
    const { layers } = equalize(model.graph);
    expect(layers.find(({ layer }) => layer === 'c2')).toBeDefined();
    expect(layers.filter(({ code }) => code === 'not-equalized').map(({ layer }) => layer)).toEqual(['stem', 'c2']);
  });

  it.skipIf(sharedDir() === null).each(['planted_outlier', 'plate_chars', 'squeezenet_v11'])(
    '%s answers bit-identically',
    async (name) => {
      const { model } = prepareModel(readModel(sharedPath('models', `${name}.onnx`)));
      const { graph, tensors } = equalize(model.graph);
      expect(tensors.length).toBeGreaterThan(0);
      await expectSameOutputs(model, { ...model, graph });
    },
  );
});
