import { describe, expect, it } from 'vitest';
import { BoundedCache } from '../../../src-main/compute/trials/bounded-cache';
import { chooseCuts, reachedSegments, WHOLE, type GraphCuts } from '../../../src-main/compute/trials/graph-cuts';
import { ProgramRunner, type ProgramFeeds } from '../../../src-main/compute/trials/program-runner';
import { SharedSteps } from '../../../src-main/compute/trials/shared-steps';
import { ProgramMaker, type TrialProgram } from '../../../src-main/compute/trials/trial-program';
import type { Feed } from '../../../src-main/backends/feeds';
import {
  floatTensor,
  int64Tensor,
  intAttr,
  makeModel,
  makeNode,
  makeValueInfo,
} from '../../../src-main/onnx/graph/make';
import { DataType, type Model, type Node } from '../../../src-main/onnx/graph/model';
import { staticShapes } from '../../../src-main/onnx/graph/static-shapes';
import { prepareModel } from '../../../src-main/onnx/passes/prepare';
import { loadPrepared, preparedWeights, storePrepared } from '../../../src-main/onnx/passes/prepared-store';
import { placeQdq, quantizeModel } from '../../../src-main/quantization/rewrite/quantize';
import { quantizedParts } from '../../../src-main/quantization/rewrite/calibration-tensors';
import type { Trial } from '../../../src-main/analysis/trials';
import type { Target } from '../../../src-shared/domain/project/precision';
import { generatedOnnx } from '../../support/generated-onnx';
import { createRandom } from '../../support/random';
import { useTempDirs } from '../../support/temp-dir';

const tempDir = useTempDirs();
const PLAN = { layers: {} };

async function stored(model: Model): Promise<{ readonly model: Model; readonly dir: string }> {
  const dir = tempDir();
  await storePrepared(prepareModel(model).model, dir);
  return { model: loadPrepared(dir), dir };
}

/** A segment per layer: every tensor between layers crosses a cut. */
function cutEverywhere(model: Model, together: number): GraphCuts {
  const names = model.graph.node.map(({ name }) => name);
  const segmentOf = new Map(names.map((name, i) => [name, i]));
  return {
    segmentOf,
    shares: names.map(() => 1 / names.length),
    reached: reachedSegments(model.graph.node, segmentOf, names.length),
    together: names.map(() => together),
  };
}

class Bench {
  readonly runner: ProgramRunner;
  readonly tensors: readonly string[];
  private readonly outputs: readonly string[];
  private readonly names: readonly string[];
  private readonly whole: ProgramMaker;
  private readonly divided: ProgramMaker;
  private readonly steps = new SharedSteps();

  constructor(
    readonly model: Model,
    dir: string,
    readonly target: Target,
    {
      together = 1,
      ...limits
    }: {
      readonly together?: number;
      readonly valueBytes?: number;
      readonly sessionBytes?: number;
      readonly blockAfterMs?: number;
    } = {},
  ) {
    const options = { weights: preparedWeights(dir), scalesAreInputs: true };
    this.whole = new ProgramMaker(model, WHOLE, options);
    this.divided = new ProgramMaker(model, cutEverywhere(model, together), options);
    this.runner = new ProgramRunner({
      weightsDir: dir,
      simulate: true,
      shapes: staticShapes(model.graph),
      resizable: [],
      valueBytes: 2 ** 26,
      sessionBytes: 2 ** 30,
      ...limits,
    });
    this.tensors = quantizedParts(model, PLAN, target).tensors;
    this.outputs = model.graph.output.map(({ name }) => name);
    this.names = [...model.graph.input.map(({ name }) => name), ...model.graph.node.flatMap(({ output }) => output)];
  }

  trial(change: Partial<Trial> = {}, factors: Readonly<Record<string, number>> = {}): Trial {
    const thresholds = Object.fromEntries(this.names.map((name) => [name, 2 * (factors[name] ?? 1)]));
    return { plan: PLAN, thresholds, ...change };
  }

  program(trial: Trial, isDivided: boolean): TrialProgram {
    const { model, target } = this;
    const rewritten = quantizeModel({
      model,
      target,
      ranges: Object.fromEntries(this.names.map((name) => [name, [-2, 2] as const])),
      purpose: 'simulation',
      raisesOpset: false,
      ...trial,
    });
    return (isDivided ? this.divided : this.whole).make(rewritten, this.outputs);
  }

  async run(program: TrialProgram, feeds: readonly Feed[], id = 'image'): Promise<readonly (readonly number[])[]> {
    const [outputs = []] = await this.runLists(program, [{ id, feeds: () => feeds, images: 1 }]);
    return outputs;
  }

  /** Images that come at once, with one input each. */
  runAll(program: TrialProgram, ids: readonly string[], inputs: readonly Feed[]) {
    const runs = ids.map((id, i) => ({ id, feeds: () => inputs.slice(i, i + 1), images: 1 }));
    return this.runLists(program, runs);
  }

  private async runLists(
    program: TrialProgram,
    runs: readonly ProgramFeeds[],
  ): Promise<readonly (readonly (readonly number[])[])[]> {
    const makers = [this.whole, this.divided];
    this.runner.define(
      program.steps.flatMap(({ structure }) => makers.flatMap((maker) => maker.structure(structure) ?? [])),
    );
    const found = await this.runner.run(program, runs, new Set(this.steps.keptOf(program)));
    return found.map((outputs) => outputs.map(({ data, integers }) => [...(data ?? integers ?? [])]));
  }

  /** The number of segments that a divided program runs. */
  async segmentsOf(trial: Trial, feeds: readonly Feed[], id?: string): Promise<number> {
    const before = this.runner.clock.segments;
    await this.run(this.program(trial, true), feeds, id);
    return this.runner.clock.segments - before;
  }

  /** @param tolerance relative to the largest value */
  async expectSame(trial: Trial, feeds: readonly Feed[], tolerance = 1e-5): Promise<void> {
    const whole = await this.run(this.program(trial, false), feeds, 'whole');
    const divided = await this.run(this.program(trial, true), feeds);
    expect(divided.map(({ length }) => length)).toEqual(whole.map(({ length }) => length));
    for (const [i, values] of whole.entries()) {
      const scale = Math.max(...values.map(Math.abs));
      expect(scale).toBeGreaterThan(0);
      const error = Math.max(...values.map((value, k) => Math.abs(value - (divided[i]?.[k] ?? Number.NaN))));
      expect(error / scale).toBeLessThan(tolerance);
    }
  }
}

function image(name: string, dims: readonly number[], seed = 3): Feed {
  const random = createRandom(seed);
  const length = dims.reduce((product, dim) => product * dim, 1);
  return { name, dtype: 'float32', dims, data: Float32Array.from({ length }, () => random() * 2 - 1) };
}

/** Two outputs, a tensor of integers across cuts, and a skip connection over everything. */
function branchedModel(): Model {
  const random = createRandom(5);
  const weights = (name: string, dims: readonly number[]) =>
    floatTensor(
      name,
      dims,
      Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, () => random() - 0.5),
    );
  return makeModel(
    {
      name: 'branched',
      node: [
        makeNode('MatMul', ['input', 'w0'], ['m0'], { name: 'first' }),
        makeNode('Shape', ['m0'], ['shape'], { name: 'shape' }),
        makeNode('Relu', ['m0'], ['r0'], { name: 'relu' }),
        makeNode('MatMul', ['r0', 'w1'], ['left'], { name: 'left' }),
        makeNode('MatMul', ['r0', 'w2'], ['m2'], { name: 'right' }),
        makeNode('Reshape', ['m2', 'shape'], ['r2'], { name: 'reshape' }),
        makeNode('Add', ['r2', 'input'], ['sum'], { name: 'add' }),
        makeNode('ArgMax', ['left'], ['index'], { name: 'index' }),
      ],
      initializer: [weights('w0', [32, 32]), weights('w1', [32, 32]), weights('w2', [32, 32])],
      input: [makeValueInfo('input', DataType.FLOAT, ['N', 32])],
      output: [
        makeValueInfo('left', DataType.FLOAT, ['N', 32]),
        makeValueInfo('sum', DataType.FLOAT, ['N', 32]),
        makeValueInfo('index', DataType.INT64, [1, 32]),
      ],
      valueInfo: [],
    },
    17,
  );
}

describe('a divided program', () => {
  const feeds = [image('input', [1, 3, 16, 16])];

  it('keeps its values, bit by bit, when segments change to their faster form', async () => {
    const { model, dir } = await stored(generatedOnnx(12, 32));
    const plain = new Bench(model, dir, 'tensorrt');
    const changing = new Bench(model, dir, 'tensorrt', { blockAfterMs: 0 });
    const others = [image('input', [1, 3, 16, 16], 8)];
    for (const isDivided of [false, true])
      for (const [id, own] of [['a', feeds] as const, ['b', others] as const]) {
        const program = plain.program(plain.trial(), isDivided);
        const expected = await plain.run(program, own, id);
        expect(await changing.run(changing.program(changing.trial(), isDivided), own, id)).toEqual(expected);
      }
    expect(changing.runner.clock.opens).toBeGreaterThan(plain.runner.clock.opens);
    await plain.runner.close();
    await changing.runner.close();
  });

  it.each(['tensorrt', 'onnxruntime'] as const)(
    'gives the values of the whole model with skip connections, FP16 layers and corrected biases for %s',
    async (target) => {
      const { model, dir } = await stored(generatedOnnx(24, 32));
      const bench = new Bench(model, dir, target);
      const layers = quantizedParts(model, PLAN, target).layers;
      expect(layers.length).toBeGreaterThan(4);
      await bench.expectSame(bench.trial(), feeds);
      const released = Object.fromEntries(layers.slice(1, 4).map(({ name }) => [name, 'fp16' as const]));
      // Inside a session, ONNX Runtime does not round to FP16 between two layers that it computes in float.
      await bench.expectSame(bench.trial({ plan: { layers: released } }), feeds, 2e-3);
      const conv = layers.find(({ opType }) => opType === 'Conv');
      const placement = placeQdq(model, PLAN, target);
      const bias = conv?.input[2] ?? '';
      const channels = model.graph.initializer.find(({ name }) => name === bias)?.dims[0] ?? 0;
      expect(channels).toBeGreaterThan(0);
      expect(placement.weights.some(({ layer }) => layer === conv?.name)).toBe(true);
      const shifted = bench.trial({
        biases: [
          {
            layer: conv?.name ?? '',
            slot: 2,
            initializer: bias,
            owner: conv?.name ?? '',
            op: 'Conv',
            channels,
            shift: Array.from({ length: channels }, () => 0.5),
          },
        ],
      });
      await bench.expectSame(shifted, feeds);
      const plain = await bench.run(bench.program(bench.trial(), true), feeds);
      expect(await bench.run(bench.program(shifted, true), feeds)).not.toEqual(plain);
      await bench.runner.close();
    },
  );

  it('passes integers, several outputs and inputs of the model over cuts', async () => {
    const { model, dir } = await stored(branchedModel());
    const bench = new Bench(model, dir, 'onnxruntime');
    await bench.expectSame(bench.trial(), [image('input', [4, 32])]);
    await bench.runner.close();
  });

  it('runs only what a changed threshold reaches', async () => {
    const { model, dir } = await stored(branchedModel());
    const bench = new Bench(model, dir, 'onnxruntime');
    const input = [image('input', [4, 32])];
    const all = await bench.segmentsOf(bench.trial(), input);
    expect(all).toBe(model.graph.node.length);
    // The second trial stores the values at which the two part, and later trials begin there.
    expect(bench.tensors).toContain('r0');
    await bench.segmentsOf(bench.trial({}, { r0: 1.5 }), input);
    expect(await bench.segmentsOf(bench.trial({}, { r0: 1.25 }), input)).toBeLessThan(all - 2);
    expect(await bench.segmentsOf(bench.trial({}, { r0: 1.25 }), input, 'another image')).toBe(all);
    await bench.expectSame(bench.trial({}, { r0: 1.25 }), input);
    await bench.runner.close();
  });

  it('shares the sessions of all thresholds, and gives the same values without room to keep anything', async () => {
    const { model, dir } = await stored(generatedOnnx(24, 32));
    const bench = new Bench(model, dir, 'tensorrt');
    const [tensor = ''] = bench.tensors;
    const structures = (trial: Trial) => bench.program(trial, true).steps.map(({ structure }) => structure);
    expect(structures(bench.trial({}, { [tensor]: 0.5 }))).toEqual(structures(bench.trial()));
    const keys = (trial: Trial) => bench.program(trial, true).steps.map(({ key }) => key);
    expect(keys(bench.trial({}, { [tensor]: 0.5 }))).not.toEqual(keys(bench.trial()));
    const poor = new Bench(model, dir, 'tensorrt', { valueBytes: 1, sessionBytes: 1 });
    for (const trial of [bench.trial(), bench.trial({}, { [tensor]: 0.5 }), bench.trial({}, { [tensor]: 0.6 })])
      expect(await poor.run(poor.program(trial, true), feeds)).toEqual(
        await bench.run(bench.program(trial, true), feeds),
      );
    await poor.runner.close();
    await bench.runner.close();
  });
});

describe('runs that share a call', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const inputs = names.map((_, i) => image('input', [1, 32], 10 + i));

  async function benchOf(node: readonly Node[]): Promise<Bench> {
    const { model, dir } = await stored(
      makeModel(
        {
          name: 'rows',
          node,
          initializer: [floatTensor('w', [32, 32], [...image('w', [32, 32]).data].map(Number))],
          input: [makeValueInfo('input', DataType.FLOAT, ['N', 32])],
          output: [makeValueInfo('out', DataType.FLOAT, ['N', 32])],
          valueInfo: [],
        },
        17,
      ),
    );
    return new Bench(model, dir, 'tensorrt', { together: 4 });
  }

  const first = makeNode('MatMul', ['input', 'w'], ['m'], { name: 'first' });
  const relu = makeNode('Relu', ['m'], ['r'], { name: 'relu' });
  const last = makeNode('MatMul', ['r', 'w'], ['out'], { name: 'last' });

  it('give the values that each has alone, whatever it is together with', async () => {
    const bench = await benchOf([first, relu, last]);
    const alone = await benchOf([first, relu, last]);
    const trial = bench.trial();
    for (const own of [trial, bench.trial({}, { r: 1.5 }), bench.trial({}, { r: 1.25 })]) {
      const program = bench.program(own, true);
      const found = await bench.runAll(program, names, inputs);
      for (const [i, values] of found.entries())
        expect(values).toEqual(await alone.run(alone.program(own, true), [inputs[i] as Feed], names[i]));
      // The values that were kept belong to one image each.
      const [third] = await bench.runAll(program, names.slice(2, 3), inputs.slice(2, 3));
      expect(third).toEqual(found[2]);
    }
    const before = bench.runner.clock.segments;
    await bench.runAll(bench.program(bench.trial({}, { input: 1.75 }), true), names, inputs);
    // Five images in calls of four.
    expect(bench.runner.clock.segments - before).toBe(2 * 3);
    await bench.runner.close();
    await alone.runner.close();
  });

  it('do not, if the model mixes them', async () => {
    const share = makeNode('Softmax', ['m'], ['share'], { name: 'share', attributes: [intAttr('axis', 0)] });
    const mul = makeNode('Mul', ['m', 'share'], ['r'], { name: 'mul' });
    const bench = await benchOf([first, share, mul, last]);
    const alone = await benchOf([first, share, mul, last]);
    const program = bench.program(bench.trial(), true);
    const found = await bench.runAll(program, names, inputs);
    for (const [i, values] of found.entries())
      expect(values).toEqual(await alone.run(alone.program(bench.trial(), true), [inputs[i] as Feed], names[i]));
    await bench.runner.close();
    await alone.runner.close();
  });
});

describe('chooseCuts', () => {
  it('lets runs of small layers share a call, if the model leaves the number of images open', async () => {
    const { model } = await stored(generatedOnnx(12));
    const dims = (size: number) => new Map([['input', [1, 3, size, size]]]);
    expect(chooseCuts(model, dims(16)).together.every((count) => count === 1)).toBe(true);
    const small = chooseCuts(model, dims(16), true).together;
    const large = chooseCuts(model, dims(512), true).together;
    expect(Math.min(...small)).toBeGreaterThan(1);
    expect(Math.min(...large)).toBe(1);
  });

  it('divides a long model where few values are alive, and leaves a small one whole', async () => {
    const { model } = await stored(generatedOnnx(60, 8));
    const large = chooseCuts(model, new Map([['input', [1, 3, 256, 256]]]));
    expect(large.shares.length).toBeGreaterThan(4);
    expect(large.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
    expect(new Set(large.segmentOf.values()).size).toBe(large.shares.length);
    const small = await stored(generatedOnnx(12));
    expect(chooseCuts(small.model, new Map([['input', [1, 3, 4, 4]]])).shares).toHaveLength(1);
  });

  it('does not cut where sizes are unknown', async () => {
    const { model } = await stored(
      makeModel(
        {
          name: 'unknown',
          node: [
            makeNode('NonZero', ['input'], ['at'], { name: 'at' }),
            makeNode('Transpose', ['at'], ['rows'], { name: 'rows' }),
            makeNode('GatherND', ['input', 'rows'], ['found'], { name: 'found' }),
          ],
          initializer: [int64Tensor('unused', [1], [0])],
          input: [makeValueInfo('input', DataType.FLOAT, ['N', 1_000_000])],
          output: [makeValueInfo('found', DataType.FLOAT, ['M'])],
          valueInfo: [],
        },
        17,
      ),
    );
    expect(chooseCuts(model, new Map()).shares).toHaveLength(1);
  });

  it('counts layers of unknown size as the mean of the others', async () => {
    const known = Array.from({ length: 6 }, (_, i) =>
      makeNode('MatMul', [i === 0 ? 'input' : `m${i - 1}`, 'weights'], [`m${i}`], { name: `m${i}` }),
    );
    const unknown = Array.from({ length: 3 }, (_, i) =>
      makeNode('Relu', [i === 0 ? 'found' : `r${i - 1}`], [`r${i}`], { name: `r${i}` }),
    );
    const { model } = await stored(
      makeModel(
        {
          name: 'unknown',
          node: [
            ...known,
            makeNode('NonZero', ['m5'], ['at'], { name: 'at' }),
            makeNode('Transpose', ['at'], ['rows'], { name: 'rows' }),
            makeNode('GatherND', ['m5', 'rows'], ['found'], { name: 'found' }),
            ...unknown,
          ],
          initializer: [floatTensor('weights', [512, 512], new Array<number>(512 * 512).fill(0.01))],
          input: [makeValueInfo('input', DataType.FLOAT, [64, 512])],
          output: [makeValueInfo('r2', DataType.FLOAT, ['M'])],
          valueInfo: [],
        },
        17,
      ),
    );
    const { shares, segmentOf } = chooseCuts(model, new Map());
    const last = segmentOf.get('r2') ?? -1;
    expect(segmentOf.get('m0')).not.toBe(last);
    // Half of the layers are in front of the first one of unknown size.
    expect(shares[last]).toBeGreaterThanOrEqual(0.5 - 1e-9);
  });
});

describe('BoundedCache', () => {
  it('drops what was not used for the longest time', () => {
    const dropped: string[] = [];
    const cache = new BoundedCache<string>(10, (value) => dropped.push(value));
    cache.put('a', 'A', 4);
    cache.put('b', 'B', 4);
    expect(cache.get('a')).toBe('A');
    cache.put('c', 'C', 4);
    expect(dropped).toEqual(['B']);
    expect([cache.get('b'), cache.bytes, cache.size]).toEqual([undefined, 8, 2]);
    cache.put('large', 'L', 50);
    expect([cache.get('large'), cache.bytes]).toEqual(['L', 50]);
    cache.clear();
    expect([cache.bytes, cache.size]).toEqual([0, 0]);
  });
});

describe('SharedSteps', () => {
  const step = (key: string, inputs: readonly number[]) => ({
    key,
    structure: 's',
    scales: [],
    inputs: inputs.map((from) => ({ step: from, output: 0 })),
    share: 1,
    together: 1,
  });
  const program = (...keys: readonly string[]): TrialProgram => ({
    steps: keys.map((key, i) => step(key, i === 0 ? [] : [i - 1])),
    outputs: [{ name: 'out', from: { step: keys.length - 1, output: 0 } }],
  });

  it('keeps the values at which programs part', () => {
    const shared = new SharedSteps();
    expect(shared.keptOf(program('a', 'b', 'c'))).toEqual([]);
    expect(shared.keptOf(program('a', 'b', 'x'))).toEqual([1]);
    // The same program again tells nothing new.
    expect(shared.keptOf(program('a', 'b', 'x'))).toEqual([1]);
    expect(shared.keptOf(program('a', 'y', 'z'))).toEqual([0]);
  });
});
