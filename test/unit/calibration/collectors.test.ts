import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/backends/addon';
import type { Feed, PreparedImage } from '../../../src-main/backends/feeds';
import { collectionModel, countingModel } from '../../../src-main/calibration/histograms/collection-model';
import type { ChannelTensor } from '../../../src-main/onnx/passes/channel-path';
import type { Collector, CollectorState } from '../../../src-main/calibration/histograms/collector';
import { CopyingCollector } from '../../../src-main/calibration/histograms/copying-collector';
import { openCollector, type OpenCollectorOptions } from '../../../src-main/calibration/histograms/open-collector';
import { floatTensor, int64Tensor, intAttr, intsAttr, makeNode } from '../../../src-main/onnx/graph/make';
import { DataType, type Model, type Node } from '../../../src-main/onnx/graph/model';
import { readModel } from '../../../src-main/onnx/wire/wire-reader';
import type { WorkbenchError } from '../../../src-shared/base/errors';
import type { FeedType } from '../../../src-shared/domain/project/feed-types';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import { decodeHistogram } from '../../../src-shared/domain/histograms/histogram-codec';
import { buildModel, pseudoRandom } from '../../support/onnx-builder';

const dir = mkdtempSync(join(tmpdir(), 'calib-collectors-'));
writeFileSync(join(dir, 'weights.bin'), '');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const addon = loadAddon();

interface Case {
  readonly model: Model;
  readonly tensors: readonly string[];
  readonly feeding: Feeding;
  readonly channels?: readonly ChannelTensor[];
  /** [batches][images]: the group and the image. */
  readonly batches: readonly (readonly (readonly [string, PreparedImage])[])[];
}

function optionsOf({ model, tensors, feeding, channels = [] }: Case): OpenCollectorOptions {
  return {
    copyingModel: () => collectionModel(model, dir, tensors),
    counting: countingModel(model, dir, { tensors, feeding, channels }),
    optimizedDir: mkdtempSync(join(dir, 'optimized-')),
    weightsDir: dir,
    tensors,
    feeding,
    channels,
  };
}

async function collected(collector: Collector, { batches }: Case): Promise<readonly [CollectorState, unknown]> {
  const contributions: unknown[] = [];
  for (const batch of batches)
    contributions.push(await collector.collect(batch.map(([group, image]) => ({ group, image }))));
  return [collector.takeState(), contributions];
}

/** Collects with both collectors, and checks that they agree. Returns the state of the one inside ONNX Runtime. */
async function collectBoth(example: Case): Promise<CollectorState> {
  const options = optionsOf(example);
  const { collector, copyReason, plainReason } = await openCollector(options, addon);
  expect([copyReason, plainReason]).toEqual([null, null]);
  const createSet = (count: number) => new addon.HistogramSet(count);
  const copying = await CopyingCollector.open({ ...options, model: options.copyingModel(), createSet, addon });
  const counted = await collected(collector, example);
  expect(counted).toEqual(await collected(copying, example));
  return counted[0];
}

function feedingOf(inputs: readonly (readonly [string, readonly number[], FeedType?])[], fixedBatch?: number): Feeding {
  return {
    inputs: inputs.map(([name, dims, dtype = 'float32']) => ({ name, dtype, hasBatch: true, dims, source: null })),
    ...(fixedBatch === undefined ? {} : { fixedBatch }),
  } as unknown as Feeding;
}

function floats(name: string, dims: readonly number[], seed: number): Feed {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return { name, dtype: 'float32', dims, data: pseudoRandom(count, seed) };
}

const imageOf = (...feeds: readonly Feed[]): PreparedImage => ({ feeds, geometry: null });

const conv = (input: string, output: string, channels: readonly [number, number], seed: number) => ({
  node: makeNode('Conv', [input, `${output}_w`], [output], {
    name: output,
    attributes: [intsAttr('pads', [1, 1, 1, 1])],
  }),
  weights: floatTensor(
    `${output}_w`,
    [channels[1], channels[0], 3, 3],
    pseudoRandom(channels[0] * channels[1] * 9, seed),
  ),
});

const elements = (state: CollectorState, group: string, tensor: number): number =>
  decodeHistogram(state.groups[group]?.[tensor] ?? new Uint8Array()).elementCount;

describe('both collectors count the same', () => {
  it('several layers, an input and an output of the model, groups of any name, NaN and infinity', async () => {
    const first = conv('x', 'a', [3, 12], 1);
    const second = conv('relu', 'b', [12, 5], 2);
    const nodes = [first.node, makeNode('Relu', ['a'], ['relu'], { name: 'relu' }), second.node];
    const model = buildModel({
      inputs: { x: ['N', 3, 8, 8] },
      outputs: { b: null },
      nodes: [...nodes, makeNode('Softmax', ['b'], ['unused'], { name: 'unused' })],
      initializers: [first.weights, second.weights],
    });
    const broken = floats('x', [3, 8, 8], 4);
    (broken.data as Float32Array).set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e-40], 5);
    const state = await collectBoth({
      model,
      tensors: ['x', 'b', 'relu', 'a'],
      feeding: feedingOf([['x', [3, 8, 8]]]),
      channels: [
        { tensor: 'relu', axis: 1 },
        { tensor: 'x', axis: -1 },
      ],
      batches: [
        [['day', imageOf(floats('x', [3, 8, 8], 3))]],
        [['__proto__', imageOf(broken)]],
        [['day', imageOf(floats('x', [3, 8, 8], 5))]],
      ],
    });
    expect(Object.keys(state.groups)).toEqual(['day', '__proto__']);
    expect(elements(state, 'day', 3)).toBe(2 * 12 * 64);
    expect([...state.channels].map(([tensor, maxima]) => [tensor, maxima.length])).toEqual([
      ['relu', 12],
      ['x', 8],
    ]);
  });

  it('tensors in groups of channels, and activations between them', async () => {
    const layers = [conv('x', 'a', [3, 20], 1), conv('clipped', 'b', [20, 32], 2), conv('silu', 'c', [32, 32], 3)];
    const model = buildModel({
      inputs: { x: ['N', 3, 9, 11] },
      outputs: { pooled: null },
      nodes: [
        layers[0]?.node,
        makeNode('Clip', ['a', 'low', 'high'], ['clipped'], { name: 'clipped' }),
        layers[1]?.node,
        makeNode('HardSigmoid', ['b'], ['gate'], { name: 'gate' }),
        makeNode('Mul', ['b', 'gate'], ['silu'], { name: 'silu' }),
        layers[2]?.node,
        makeNode('Add', ['c', 'silu'], ['sum'], { name: 'sum' }),
        makeNode('Concat', ['sum', 'b'], ['both'], { name: 'both', attributes: [intAttr('axis', 1)] }),
        makeNode('MaxPool', ['both'], ['pooled'], { name: 'pooled', attributes: [intsAttr('kernel_shape', [2, 2])] }),
      ].flatMap((node) => node ?? []),
      initializers: [
        ...layers.map(({ weights }) => weights),
        floatTensor('low', [], [0.25]),
        floatTensor('high', [], [1.5]),
      ],
    });
    const tensors = ['x', 'a', 'clipped', 'b', 'gate', 'silu', 'c', 'sum', 'both', 'pooled'];
    const broken = floats('x', [3, 9, 11], 6);
    (broken.data as Float32Array).set([Number.POSITIVE_INFINITY, Number.NaN], 100);
    const example: Case = {
      model,
      tensors,
      feeding: feedingOf([['x', [3, 9, 11]]]),
      channels: ['a', 'clipped', 'both'].map((tensor) => ({ tensor, axis: 1 })).concat({ tensor: 'silu', axis: -1 }),
      batches: [[['day', imageOf(floats('x', [3, 9, 11], 4))]], [['', imageOf(floats('x', [3, 9, 11], 5))]]],
    };
    const state = await collectBoth(example);
    expect(elements(state, 'day', 1)).toBe(20 * 99);
    expect(state.channels.get('both')).toHaveLength(64);
    await collectBoth({ ...example, batches: [[['', imageOf(broken)]]] });
  });

  it('tensors that follow from others: Relu, Clip and Concat, of NaN and infinity too', async () => {
    const first = conv('x', 'a', [3, 20], 1);
    const second = conv('joined', 'b', [46, 16], 2);
    const model = buildModel({
      inputs: { x: ['N', 3, 9, 11] },
      outputs: { ['again']: null },
      nodes: [
        first.node,
        makeNode('Relu', ['a'], ['relu'], { name: 'relu' }),
        makeNode('Clip', ['a', 'zero', 'six'], ['second'], { name: 'second' }),
        makeNode('Relu', ['x'], ['positive'], { name: 'positive' }),
        makeNode('Concat', ['relu', 'second', 'x', 'positive'], ['joined'], {
          name: 'joined',
          attributes: [intAttr('axis', 1)],
        }),
        second.node,
        makeNode('Clip', ['b', 'zero', 'low'], ['clipped'], { name: 'clipped' }),
        makeNode('Relu', ['clipped'], ['again'], { name: 'again' }),
      ],
      initializers: [
        first.weights,
        second.weights,
        floatTensor('zero', [], [0]),
        floatTensor('six', [], [6]),
        floatTensor('low', [], [0.3]),
      ],
    });
    const tensors = ['again', 'joined', 'x', 'a', 'relu', 'second', 'positive', 'b', 'clipped'];
    const special = (...values: readonly number[]): PreparedImage => {
      const feed = floats('x', [3, 9, 11], values.length);
      (feed.data as Float32Array).set(values, 100);
      return imageOf(feed);
    };
    const example: Case = {
      model,
      tensors,
      feeding: feedingOf([['x', [3, 9, 11]]]),
      batches: [special(1), special(-90, 0, -0), special(), special(Number.NaN), special(1e-41, -1e-41, 3e38)].map(
        (image, i) => [[i % 2 === 0 ? 'day' : 'night', image]],
      ),
    };
    const { counting } = optionsOf(example);
    expect(counting.derived.map(({ tensor }) => tensors[tensor])).toEqual(['relu', 'positive', 'joined', 'clipped']);
    await collectBoth(example);
    for (const value of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      await collectBoth({ ...example, batches: [[['', special(value)]]] });
  });

  it.runIf(process.arch === 'x64')('without reordering, with weights that all workers share', async () => {
    const first = conv('x', 'a', [3, 16], 1);
    const second = conv('clipped', 'b', [16, 16], 2);
    const model = buildModel({
      inputs: { x: ['N', 3, 8, 8] },
      outputs: { b: null },
      nodes: [first.node, makeNode('Clip', ['a', 'zero', 'six'], ['clipped'], { name: 'clipped' }), second.node],
      initializers: [first.weights, second.weights, floatTensor('zero', [], [0]), floatTensor('six', [], [6])],
    });
    const tensors = ['a', 'b'];
    const options = optionsOf({ model, tensors, feeding: feedingOf([['x', [3, 8, 8]]]), batches: [] });
    for (let worker = 0; worker < 2; worker += 1) await openCollector(options, addon);
    const optimized = readModel(join(options.optimizedDir ?? '', 'counting.onnx'));
    const operators = optimized.graph.node.map(({ opType }) => opType);
    expect(operators.filter((opType) => opType.startsWith('Reorder'))).toEqual([]);
    expect(operators).toContain('Clip');
    expect(existsSync(join(options.optimizedDir ?? '', 'weights.bin'))).toBe(true);
  });

  it('a fixed batch with tensors that split, and that are constant', async () => {
    const layer = conv('x', 'a', [3, 4], 1);
    const model = buildModel({
      inputs: { x: [3, 3, 7, 7] },
      outputs: { a: null },
      nodes: [
        layer.node,
        makeNode('Relu', ['c'], ['constant'], { name: 'constant' }),
        makeNode('MatMul', ['a', 'constant'], ['b'], { name: 'b' }),
      ],
      initializers: [layer.weights, floatTensor('c', [7, 1], pseudoRandom(7, 9))],
    });
    const image = (seed: number): PreparedImage => imageOf(floats('x', [3, 7, 7], seed));
    const state = await collectBoth({
      model,
      tensors: ['a', 'b', 'constant', 'x'],
      feeding: feedingOf([['x', [3, 7, 7]]], 3),
      channels: [{ tensor: 'a', axis: 1 }],
      batches: [
        [
          ['day', image(1)],
          ['night', image(2)],
          ['day', image(3)],
        ],
        [['night', image(4)]],
      ],
    });
    expect(elements(state, 'day', 0)).toBe(2 * 4 * 49);
    expect(elements(state, 'night', 1)).toBe(2 * 4 * 7);
    // Seven values have no three equal pieces: they are counted once for each image.
    expect(elements(state, 'day', 2)).toBe(2 * 7);
  });

  it('a fixed batch whose images mix', async () => {
    const model = buildModel({
      inputs: { x: [2, 4, 5] },
      outputs: { y: null },
      nodes: [
        makeNode('Transpose', ['x'], ['t'], { name: 't', attributes: [intsAttr('perm', [1, 0, 2])] }),
        makeNode('MatMul', ['t', 'w'], ['y'], { name: 'y' }),
      ],
      initializers: [floatTensor('w', [5, 3], pseudoRandom(15, 2))],
    });
    const image = (seed: number): PreparedImage => imageOf(floats('x', [4, 5], seed));
    const state = await collectBoth({
      model,
      tensors: ['t', 'y'],
      feeding: feedingOf([['x', [4, 5]]], 2),
      batches: [
        [
          ['', image(1)],
          ['', image(2)],
        ],
        [['', image(3)]],
      ],
    });
    // Each image fills both slots, which are counted together.
    expect(elements(state, '', 1)).toBe(3 * 2 * 4 * 3);
  });

  it('several inputs of several types, and tensors that are not float32', async () => {
    const nodes: Node[] = [
      makeNode('Cast', ['ids'], ['f'], { name: 'f', attributes: [intAttr('to', DataType.FLOAT)] }),
      makeNode('Mul', ['f', '__proto__'], ['m'], { name: 'm' }),
      makeNode('Cast', ['m'], ['half'], { name: 'half', attributes: [intAttr('to', DataType.DOUBLE)] }),
    ];
    const model = buildModel({ inputs: { ids: ['N', 6], ['__proto__']: ['N', 6] }, outputs: { m: null }, nodes });
    const [ids, proto] = model.graph.input;
    if (!ids || !proto) throw new Error('two inputs');
    const input = [{ ...ids, tensorType: { elemType: DataType.INT64, shape: ids.tensorType?.shape ?? null } }, proto];
    const image = imageOf(
      { name: 'ids', dtype: 'int64', dims: [6], data: BigInt64Array.of(1n, -2n, 3n, 0n, 5n, 6n) },
      floats('__proto__', [6], 7),
    );
    const state = await collectBoth({
      model: { ...model, graph: { ...model.graph, input } },
      tensors: ['m', 'ids', '__proto__', 'f'],
      feeding: feedingOf([
        ['ids', [6], 'int64'],
        ['__proto__', [6]],
      ]),
      batches: [[['', image]]],
    });
    expect([0, 1, 2, 3].map((tensor) => elements(state, '', tensor))).toEqual([6, 0, 6, 6]);
  });

  it('images of several sizes, and shapes that depend on the values', async () => {
    const layer = conv('x', 'a', [1, 2], 3);
    const model = buildModel({
      inputs: { x: ['N', 1, 'H', 'W'] },
      outputs: { picked: null },
      nodes: [
        layer.node,
        makeNode('NonZero', ['a'], ['at'], { name: 'at' }),
        makeNode('Transpose', ['at'], ['rows'], { name: 'rows' }),
        makeNode('GatherND', ['a', 'rows'], ['picked'], { name: 'picked' }),
      ],
      initializers: [layer.weights],
    });
    const sparse = (height: number, zeroed: number): PreparedImage => {
      const feed = floats('x', [1, height, 7], height);
      (feed.data as Float32Array).fill(0, 0, zeroed);
      return imageOf(feed);
    };
    const state = await collectBoth({
      model,
      tensors: ['a', 'picked'],
      feeding: feedingOf([['x', [1, 8, 7]]]),
      batches: [[['', sparse(8, 50)]], [['', sparse(8, 10)]], [['', sparse(5, 20)]]],
    });
    expect(elements(state, '', 0)).toBe(2 * 7 * (8 + 8 + 5));
    expect(elements(state, '', 1)).toBeLessThan(elements(state, '', 0));
  });

  it('a model of which only the input is counted', async () => {
    const model = buildModel({
      inputs: { x: ['N', 4] },
      outputs: { y: null },
      nodes: [makeNode('Relu', ['x'], ['y'], { name: 'y' })],
    });
    const state = await collectBoth({
      model,
      tensors: ['x'],
      feeding: feedingOf([['x', [4]]]),
      channels: [{ tensor: 'x', axis: 1 }],
      batches: [[['', imageOf(floats('x', [4], 1))]]],
    });
    expect(state.channels.get('x')).toEqual(pseudoRandom(4, 1).map(Math.abs));
  });
});

it('reports a failed operator in the same words', async () => {
  const model = buildModel({
    inputs: { x: ['N', 4] },
    outputs: { y: null },
    nodes: [makeNode('Reshape', ['x', 'shape'], ['y'], { name: 'y' })],
    initializers: [int64Tensor('shape', [2], [1, 5])],
  });
  const example: Case = {
    model,
    tensors: ['y'],
    feeding: feedingOf([['x', [4]]]),
    batches: [[['', imageOf(floats('x', [4], 1))]]],
  };
  const options = optionsOf(example);
  const { collector } = await openCollector(options, addon);
  const createSet = (count: number) => new addon.HistogramSet(count);
  const copying = await CopyingCollector.open({ ...options, model: options.copyingModel(), createSet, addon });
  const failure = (each: Collector): Promise<unknown> =>
    collected(each, example).then(
      () => null,
      (error: unknown) => error,
    );
  const own = await failure(collector);
  const { code, message } = (await failure(copying)) as WorkbenchError;
  expect(own).toMatchObject({ code: 'model-unsupported', message });
  expect(code).toBe('model-unsupported');
});

describe('the copying collector is used instead', () => {
  const example: Case = {
    model: buildModel({
      inputs: { x: ['N', 4] },
      outputs: { y: null },
      nodes: [makeNode('Relu', ['x'], ['y'], { name: 'y' })],
    }),
    tensors: ['x', 'y'],
    feeding: feedingOf([['x', [4]]]),
    batches: [[['', imageOf(floats('x', [4], 1))]]],
  };

  it('if the library is another version', async () => {
    const other = { ...addon, checkOnnxruntime: (path: string) => addon.checkOnnxruntime(path, '1.2.3') };
    const { collector, copyReason } = await openCollector(optionsOf(example), other);
    expect(copyReason).toMatch(/libonnxruntime.* is ONNX Runtime [\d.]+ and not 1\.2\.3/);
    expect(elements((await collected(collector, example))[0], '', 1)).toBe(4);
  });

  it('if ONNX Runtime refuses the counting model', async () => {
    const options = {
      ...optionsOf(example),
      counting: { model: Uint8Array.of(1, 2, 3), output: 'y', mayHaveBlocks: true, derived: [] },
    };
    const { collector, copyReason } = await openCollector(options, addon);
    expect(copyReason).toMatch(/^ONNX Runtime cannot open the model: /);
    expect(elements((await collected(collector, example))[0], '', 1)).toBe(4);
  });
});

describe("tensors are counted in the usual order, with the reason, if ONNX Runtime's own order cannot be used", () => {
  const layer = conv('x', 'y', [3, 16], 1);
  const example: Case = {
    model: buildModel({
      inputs: { x: ['N', 3, 9, 11] },
      outputs: { y: null },
      nodes: [layer.node],
      initializers: [layer.weights],
    }),
    tensors: ['x', 'y'],
    feeding: feedingOf([['x', [3, 9, 11]]]),
    batches: [[['', imageOf(floats('x', [3, 9, 11], 4))]]],
  };

  it.each([
    [
      'the optimized model cannot be written',
      () => {
        throw new Error('no space left');
      },
      /^no space left$/,
    ],
    ['the optimized model cannot be read', (_: unknown, path: string) => writeFileSync(path, '???'), /optimized\.onnx/],
  ])('%s', async (_, writeOptimizedModel, reason) => {
    const { collector, plainReason } = await openCollector(optionsOf(example), { ...addon, writeOptimizedModel });
    expect(plainReason).toMatch(reason);
    expect(await collected(collector, example)).toEqual([await collectBoth(example), expect.anything()]);
  });

  it('the optimized model is refused', async () => {
    const options = optionsOf(example);
    writeFileSync(join(options.optimizedDir ?? '', 'counting.onnx'), Uint8Array.of(1, 2, 3));
    const { collector, copyReason, plainReason } = await openCollector(options, addon);
    expect([copyReason, plainReason]).toEqual([null, expect.stringMatching(/protobuf|parse/i)]);
    expect(await collected(collector, example)).toEqual([await collectBoth(example), expect.anything()]);
  });
});

it('only a library that is loaded is called', () => {
  expect(() => addon.checkOnnxruntime(join(dir, 'libonnxruntime.so.1'), '1.30.0')).toThrow(/is not loaded/);
});
