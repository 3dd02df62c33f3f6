import { describe, expect, it } from 'vitest';
import { KernelLookup } from '../../../src-shared/domain/engines/kernel-lookup';
import {
  conversionKey,
  kernelKey,
  mergedKernelTimes,
  noKernelTimes,
  parseKernelKey,
  withKernelTimes,
  type KernelTimes,
} from '../../../src-shared/domain/engines/kernel-times';
import { EMPTY_PLAN } from '../../../src-shared/domain/project/precision';
import { measuredKernels, withMeasured } from '../../../src-main/app/tuning/measured-plan';
import { chooseTables, type StoredTable } from '../../../src-main/app/variants/kernel-times';
import type { Model } from '../../../src-main/onnx/graph/model';
import { placeQdq } from '../../../src-main/quantization/rewrite/quantize';
import { graphFacts } from '../../../src-main/quantization/rules/graph-facts';
import { kernelShape } from '../../../src-main/quantization/rules/measured-kernels';
import { findPartitions } from '../../../src-main/quantization/rules/partitions';
import { Net } from './graphs';

const GPU = { gpu: 'NVIDIA H200 9.0', tensorrt: '10.6.0' };
const EMPTY = noKernelTimes(GPU.gpu, GPU.tensorrt);

/** x -> a -> b -> c, 1x1 convolutions of 64 channels on 32x32. */
function chain(): Model {
  const net = new Net();
  const a = net.op('Relu', 'ra', [net.conv('a', 'x', 64, 64)]);
  const b = net.op('Relu', 'rb', [net.conv('b', a, 64, 96)]);
  return net.model(['n', 64, 32, 32], net.conv('c', b, 96, 64));
}

function keyIn(model: Model, layer: string, batch = 16): string {
  const facts = graphFacts(model);
  const partitions = findPartitions(facts);
  const node = facts.nodes.find(({ name }) => name === layer);
  const shape = node && kernelShape(facts, node, { partition: partitions.of(node), batch });
  if (!shape) throw new Error(`no shape of ${layer}`);
  return kernelKey(shape);
}

/** Layer -> decision, with the times of layers in microseconds: [FP16, INT8]. */
function placed(model: Model, table: KernelTimes, source: 'own' | 'shipped' = 'own', plan = EMPTY_PLAN) {
  const tables = { ...GPU, own: source === 'own' ? table : null, shipped: source === 'shipped' ? table : null };
  const { decisions } = placeQdq(model, withMeasured(plan, measuredKernels(model, tables)), 'tensorrt');
  return Object.fromEntries(
    decisions
      .filter(({ tensor }) => tensor === undefined)
      .map(({ layer, precision, code, reason }) => [layer, { precision, code, reason }]),
  );
}

function table(model: Model, times: Record<string, readonly [float: number, int8: number]>, batch = 16): KernelTimes {
  return withKernelTimes(EMPTY, {
    times: Object.fromEntries(
      Object.entries(times).map(([layer, [float, int8]]) => [
        keyIn(model, layer, batch),
        { floatMs: float / 1000, int8Ms: int8 / 1000 },
      ]),
    ),
    conversions: {},
  });
}

describe('placement by measured times', () => {
  it('keeps a layer in FP16 that is not faster in INT8, and names the measurement', () => {
    const model = chain();
    const own = placed(model, table(model, { a: [9, 12], b: [9, 12], c: [9, 12] }));
    expect(own['b']).toMatchObject({ precision: 'fp16', code: 'measured-slower' });
    expect(own['b']?.reason).toContain(
      'measured on NVIDIA H200 9.0, TensorRT 10.6.0, batch 16: 0.0120 ms INT8, 0.0090 ms FP16',
    );
    expect(placed(model, table(model, { a: [9, 12], b: [9, 12], c: [9, 12] }), 'shipped')['b']?.reason).toContain(
      'times that came with the program',
    );
  });

  it('judges a layer with the conversions to its neighbours', () => {
    const model = chain();
    // In FP16, b would need conversions on both sides: 16 x 64 x 32 x 32 values are not worth 3 microseconds.
    expect(placed(model, table(model, { a: [30, 12], b: [9, 12], c: [30, 12] }))['b']?.precision).toBe('int8');
    expect(placed(model, table(model, { a: [30, 12], b: [9, 60], c: [30, 12] }))['b']?.code).toBe('measured-slower');
    // Faster by themselves, all three together do not save what quantizing a costs.
    const behind = new Net();
    const soft = behind.op('Softmax', 'soft', ['x']);
    const only = behind.model(['n', 64, 32, 32], behind.conv('a', soft, 64, 64));
    const isolated = placed(only, table(only, { a: [9, 8] }))['a'];
    expect(isolated).toMatchObject({ precision: 'fp16', code: 'measured-slower' });
    expect(isolated?.reason).toContain('the conversions around it would cost more');
  });

  it('leaves the whole network in FP16 if INT8 saves less than it costs SiLU activations elsewhere', () => {
    // x -> a -> b -> c, then depthwise layers with SiLU, which the rules leave in FP16.
    const withSilu = (count: number): Model => {
      const net = new Net();
      const a = net.op('Relu', 'ra', [net.conv('a', 'x', 64, 64)]);
      let last = net.op('Relu', 'rc', [net.conv('c', net.op('Relu', 'rb', [net.conv('b', a, 64, 64)]), 64, 64)]);
      for (let i = 0; i < count; i++) {
        const conv = net.groupedConv(`d${i}`, last, { inputChannels: 64, outputChannels: 64, group: 64 });
        last = net.op('Mul', `m${i}`, [conv, net.op('Sigmoid', `s${i}`, [conv])]);
      }
      return net.model(['n', 64, 32, 32], last);
    };
    // 24 microseconds are saved; half of the activations take 3 microseconds each.
    const times = { a: [20, 12], b: [20, 12], c: [20, 12] } as const;
    const few = placed(withSilu(4), table(withSilu(4), times));
    expect(few['b']?.precision).toBe('int8');
    const many = placed(withSilu(20), table(withSilu(20), times));
    for (const layer of ['a', 'b', 'c'])
      expect(many[layer]).toMatchObject({ precision: 'fp16', code: 'measured-slower' });
    expect(many['b']?.reason).toContain(
      'many of the 20 other SiLU activations in kernels of their own: about 0.0300 ms',
    );
    const asked = placed(withSilu(20), table(withSilu(20), times), 'own', { ...EMPTY_PLAN, layers: { b: 'int8' } });
    expect(asked['a']?.precision).toBe('int8');
  });

  it('does not judge a network without SiLU by estimates: a layer without an INT8 time stays as the rules have it', () => {
    const model = chain();
    const slow = table(model, { a: [9, 12] });
    const own = withKernelTimes(slow, { times: { [keyIn(model, 'c')]: { floatMs: 0.002 } }, conversions: {} });
    const before = placed(model, EMPTY);
    const after = placed(model, own);
    expect(after['b']).toEqual(before['b']);
    expect(after['c']).toEqual(before['c']);
  });

  it('leaves layers without times to the rules, and layers that the plan asks for in INT8', () => {
    const model = chain();
    const before = placed(model, EMPTY);
    expect(placed(model, table(model, { a: [9, 3] }))).toEqual(before);
    const slow = table(model, { a: [9, 12], b: [9, 12], c: [9, 12] });
    expect(placed(model, slow, 'own', { layers: { b: 'int8' } })['b']?.precision).toBe('int8');
    expect(placeQdq(model, withMeasured(EMPTY_PLAN, null), 'tensorrt').decisions).toEqual(
      placeQdq(model, EMPTY_PLAN, 'tensorrt').decisions,
    );
    // Times in floating point are those of FP16.
    const plan = { ...EMPTY_PLAN, fallbackPrecision: 'fp32' as const };
    expect(placed(model, slow, 'own', plan)['b']?.code).toBe('quantized');
  });

  it('takes a layer out of INT8 only if it loses at every batch size that was measured', () => {
    const model = chain();
    const slow = table(model, { a: [9, 12], b: [9, 12], c: [9, 12] }, 1);
    const fast = table(model, { a: [90, 40], b: [90, 40], c: [90, 40] }, 16);
    expect(placed(model, slow)['b']?.precision).toBe('fp16');
    expect(placed(model, mergedKernelTimes(slow, fast))['b']?.precision).toBe('int8');
  });
});

describe('KernelLookup', () => {
  const shape = (channels: number, size: number, batch = 16) =>
    ({
      ...{ op: 'Conv', fused: ['Relu'], weights: [channels, channels, 3, 3], groups: 1, strides: [1, 1] },
      ...{ dilations: [], read: [1, channels, size, size], written: [1, channels, size, size], batch },
    }) as const;
  const known = (times: readonly (readonly [channels: number, size: number, float: number, int8: number])[]) =>
    new KernelLookup(
      withKernelTimes(EMPTY, {
        times: Object.fromEntries(
          times.map(([channels, size, floatMs, int8Ms]) => [kernelKey(shape(channels, size)), { floatMs, int8Ms }]),
        ),
        conversions: {},
      }),
    );

  it('reads the keys that it writes', () => {
    for (const one of [
      shape(32, 56),
      { ...shape(32, 56), dilations: [2, 2], fused: ['BatchNormalization', 'Clip'], strides: [] },
      { ...shape(8, 8), op: 'MatMul', weights: [384, 96], read: [1, 196, 384], written: [1, 196, 96], strides: [] },
    ])
      expect(parseKernelKey(kernelKey(one))).toEqual(one);
    expect(parseKernelKey('Conv of something')).toBeNull();
  });

  it('takes a size between two measured ones that agree, with the smaller difference', () => {
    const lookup = known([
      [32, 28, 1, 1.5],
      [64, 56, 2, 2.2],
    ]);
    expect(lookup.find(shape(48, 28))).toEqual({
      floatMs: 2,
      int8Ms: 2.2,
      between: [kernelKey(shape(32, 28)), kernelKey(shape(64, 56))],
    });
    expect(lookup.find(shape(32, 28))).toEqual({ floatMs: 1, int8Ms: 1.5 });
    // Beyond the measured sizes, or another window, nothing is known.
    expect(lookup.find(shape(65, 56))).toBeUndefined();
    expect(lookup.find({ ...shape(48, 28), weights: [48, 48, 5, 5] })).toBeUndefined();
  });

  it('knows nothing where the two sizes disagree, or are far apart', () => {
    expect(
      known([
        [32, 28, 1, 1.5],
        [64, 56, 2, 1.8],
      ]).find(shape(48, 28)),
    ).toBeUndefined();
    expect(
      known([
        [32, 28, 1, 1.5],
        [160, 28, 2, 2.2],
      ]).find(shape(48, 28)),
    ).toBeUndefined();
  });
});

describe('tables', () => {
  const key = kernelKey({
    ...{ op: 'Conv', fused: [], weights: [8, 8, 1, 1], groups: 1, strides: [1, 1], dilations: [] },
    ...{ read: [1, 8, 4, 4], written: [1, 8, 4, 4], batch: 1 },
  });
  const one = withKernelTimes(EMPTY, {
    times: { [key]: { floatMs: 3, int8Ms: 2 } },
    conversions: { [conversionKey({ direction: 'to-int8', values: 100 })]: 5 },
  });
  const other = withKernelTimes(EMPTY, {
    times: { [key]: { floatMs: 2, int8Ms: 4 }, z: { floatMs: 1 } },
    conversions: { 'to-int8 100': 4, 'to-float 7': 1 },
  });

  it('merge to the same table in any order, with the smaller times; a new tuning replaces times', () => {
    const merged = mergedKernelTimes(one, other);
    expect(merged.times[key]).toEqual({ floatMs: 2, int8Ms: 2 });
    expect(merged.conversions).toEqual({ 'to-float 7': 1, 'to-int8 100': 4 });
    expect(JSON.stringify(mergedKernelTimes(other, one))).toBe(JSON.stringify(merged));
    expect(withKernelTimes(one, { times: { [key]: { int8Ms: 9 } }, conversions: {} }).times[key]).toEqual({
      floatMs: 3,
      int8Ms: 9,
    });
  });

  const stored = (gpu: string, tensorrt: string, source: StoredTable['source']): StoredTable => ({
    path: `${gpu}-${tensorrt}`,
    source,
    table: noKernelTimes(gpu, tensorrt),
  });

  it("are chosen by GPU: the user's before those of the program, of the newest TensorRT", () => {
    const shipped = stored('NVIDIA H200 9.0', '10.6.0', 'shipped');
    expect(chooseTables([])).toBeNull();
    expect(chooseTables([shipped])).toBeNull();
    expect(chooseTables([shipped], 'h200')).toMatchObject({ ...GPU, own: null, shipped: shipped.table });
    const mine = [stored('NVIDIA L4 8.9', '10.9.0', 'user'), stored('NVIDIA L4 8.9', '10.10.0', 'user'), shipped];
    expect(chooseTables(mine)).toMatchObject({ gpu: 'NVIDIA L4 8.9', tensorrt: '10.10.0', shipped: null });
    expect(chooseTables(mine, 'h200')).toMatchObject({ ...GPU, own: null });
    expect(chooseTables([...mine, stored('NVIDIA T4 7.5', '10.6.0', 'user')])).toBeNull();
    expect(() => chooseTables(mine, 'nvidia')).toThrow('NVIDIA L4 8.9, NVIDIA H200 9.0');
    expect(() => chooseTables(mine, 'A100')).toThrow('found none');
  });
});
