import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/backends/addon';
import type { HistogramSet } from '../../../native/index';
import { decodeHistogram, encodeHistogram } from '../../../src-shared/domain/histograms/histogram-codec';
import { createRandom } from '../../../src-shared/domain/random';
import { sampleValues, SHAPE_NAMES, slowHistogram } from '../domain/histograms/histogram-samples';

const addon = loadAddon();

function setOf(...images: readonly (readonly number[] | Float32Array)[]): HistogramSet {
  const set = new addon.HistogramSet(1);
  for (const image of images) set.addImage([Float32Array.from(image)], 0, 1, new Float32Array(1));
  return set;
}

/** Largest float32 below a power of two. */
const below = (power: number): number => power * (1 - 2 ** -24);

describe('counting', () => {
  it.each(SHAPE_NAMES)('gives the histogram of the definition: %s', (shape) => {
    const values = sampleValues(shape, 30_011, 17);
    expect(setOf(values).histogram(0)).toEqual(slowHistogram(values));
  });

  it('puts a value on an edge into the bin above it, over the whole range of exponents', () => {
    for (const top of [2 ** -20, 1, 3, 2 ** 40, 2 ** 126]) {
      const values = [
        top,
        top / 4096,
        2 * (top / 4096),
        below(2 * (top / 4096)),
        -top / 2,
        below(top / 2),
        -below(top),
      ].map(Math.fround);
      expect(setOf(values).histogram(0)).toEqual(slowHistogram(values));
    }
    const edge = setOf([1, 1 - 2 ** -24, 0.5]).histogram(0);
    expect([edge.exponent, edge.positive[2048], edge.positive[2047], edge.positive[1024]]).toEqual([1, 1, 1, 1]);
  });

  it('counts denormals, the smallest and the largest values', () => {
    const smallest = 2 ** -149;
    const largest = 3.4028234663852886e38;
    expect(setOf([smallest, -smallest, 2 ** -130]).histogram(0)).toMatchObject({
      exponent: -24,
      zeroCount: 0,
      min: -smallest,
      max: 2 ** -130,
    });
    const huge = setOf([largest, -(2 ** 127), below(2 ** 127), 2 ** 126, smallest]).histogram(0);
    expect([huge.exponent, huge.positive[4095], huge.negative[4095], huge.positive[2048], huge.positive[0]]).toEqual([
      127, 2, 1, 1, 1,
    ]);
    expect(huge).toEqual(slowHistogram([largest, -(2 ** 127), below(2 ** 127), 2 ** 126, smallest]));
  });

  it('counts both zeros apart and never reports -0', () => {
    expect(setOf([-0, 0, -0]).histogram(0)).toEqual(slowHistogram([0, 0, 0]));
    expect(Object.is(setOf([-0]).histogram(0).min, 0)).toBe(true);
    expect(setOf([-0, -1]).histogram(0)).toEqual(slowHistogram([0, -1]));
    expect(setOf([0, 5, 7]).histogram(0)).toMatchObject({ zeroCount: 1, min: 0, max: 7 });
    expect(setOf([5, 7]).histogram(0)).toMatchObject({ min: 5, max: 7 });
    expect(setOf([-5, -7]).histogram(0)).toMatchObject({ min: -7, max: -5 });
  });

  it('grows over many octaves as if it had known the range', () => {
    const values = Array.from({ length: 250 }, (_, i) => Math.fround((i % 3 === 0 ? -1 : 1) * 1.37 * 2 ** (i - 124)));
    const grown = new addon.HistogramSet(1);
    for (const x of values) grown.addImage([Float32Array.of(x, x / 3)], 0, 1, new Float32Array(1));
    expect(grown.histogram(0)).toEqual(slowHistogram(values.flatMap((x) => [x, Math.fround(x / 3)])));
  });

  it('keeps NaN and infinities out of the bins', () => {
    const values = sampleValues('normal', 9_000, 3);
    for (let i = 0; i < values.length; i += 700) values[i] = [Number.NaN, Infinity, -Infinity][(i / 700) % 3] ?? 0;
    expect(setOf(values).histogram(0)).toEqual(slowHistogram(values));
    expect(setOf([Number.NaN, Infinity]).histogram(0)).toEqual(slowHistogram([Number.NaN, Infinity]));
  });

  it('does not overflow its small counters', () => {
    const constant = new Float32Array(3_000_000).fill(0.7);
    expect(setOf(constant).histogram(0).positive[Math.floor(0.7 * 4096)]).toBe(3_000_000);
  });
});

describe('order and sharding', () => {
  const mixed = Float32Array.from(SHAPE_NAMES.flatMap((shape, i) => [...sampleValues(shape, 2_000, i)]));

  function shuffled(values: Float32Array, seed: number): Float32Array {
    const random = createRandom(seed);
    const result = values.slice();
    for (let i = result.length - 1; i > 0; i -= 1) {
      const j = Math.floor(random.nextUnit() * (i + 1));
      [result[i], result[j]] = [result[j] ?? 0, result[i] ?? 0];
    }
    return result;
  }

  it('gives the same bytes for any order and any cut', () => {
    const expected = encodeHistogram(slowHistogram(mixed));
    for (const seed of [1, 2, 3]) {
      const values = shuffled(mixed, seed);
      const cut = 1 + 7_919 * seed;
      expect(setOf(values.subarray(0, cut), values.subarray(cut)).encode(0)).toEqual(expected);
    }
  });

  it('gives the same bytes for any tree of merges', () => {
    const parts = [0, 1, 2, 3].map((i) =>
      setOf(mixed.subarray(i * 6_000, i === 3 ? undefined : (i + 1) * 6_000)).encode(0),
    );
    const merge = (...records: readonly Uint8Array[]): Uint8Array => {
      const set = new addon.HistogramSet(1);
      for (const record of records) set.mergeEncoded(0, record);
      return set.encode(0);
    };
    const [a = new Uint8Array(), b = new Uint8Array(), c = new Uint8Array(), d = new Uint8Array()] = parts;
    const expected = encodeHistogram(slowHistogram(mixed));
    expect(merge(a, b, c, d)).toEqual(expected);
    expect(merge(d, merge(c, b), a)).toEqual(expected);
    expect(merge(merge(a, d), merge(b, c))).toEqual(expected);
  });

  it('adds values after a merge and starts again after clear', () => {
    const set = setOf([0.001, -0.002]);
    set.mergeEncoded(0, encodeHistogram(slowHistogram([100, Number.NaN])));
    set.addImage([Float32Array.of(-3)], 0, 1, new Float32Array(1));
    expect(set.histogram(0)).toEqual(slowHistogram([0.001, -0.002, 100, Number.NaN, -3].map(Math.fround)));
    set.clear();
    expect(set.histogram(0)).toEqual(slowHistogram([]));
    expect(set.encode(0)).toEqual(encodeHistogram(slowHistogram([])));
  });
});

describe('addImage', () => {
  it('counts one piece of each tensor and reports its largest value', () => {
    const set = new addon.HistogramSet(3);
    const amax = Float32Array.of(-1, -1, -1);
    const batch = Float32Array.of(1, 2, 3, -4, Number.NaN, 6);
    expect(set.addImage([batch, null, new Float32Array(0)], 1, 3, amax)).toBe(0);
    expect([...amax]).toEqual([4, -1, 0]);
    expect(set.histogram(0)).toEqual(slowHistogram([3, -4]));
    expect(set.addImage([batch, null, Float32Array.of(0, 0, Infinity)], 2, 3, amax)).toBe(2);
    expect([...amax]).toEqual([6, -1, 0]);
    expect([0, 1, 2].map((tensor) => set.nonFiniteOf(tensor))).toEqual([1, 0, 1]);
    expect(set.histogram(0)).toEqual(slowHistogram([3, -4, Number.NaN, 6]));
    expect(set.histogram(1)).toEqual(slowHistogram([]));
  });

  it('reads a view in the middle of a buffer', () => {
    const values = Float32Array.of(9, 1, 2, 9);
    const set = new addon.HistogramSet(1);
    set.addImage([values.subarray(1, 3)], 0, 1, new Float32Array(1));
    expect(set.histogram(0)).toEqual(slowHistogram([1, 2]));
  });

  it('refuses wrong arguments and counts nothing then', () => {
    const set = new addon.HistogramSet(2);
    const amax = new Float32Array(2);
    const ok = Float32Array.of(1, 2);
    const call =
      (...args: readonly unknown[]) =>
      (): unknown =>
        Reflect.apply(set.addImage.bind(set), null, args);
    expect(call([ok], 0, 1, amax)).toThrow(/2 tensors/);
    expect(call([ok, new Float64Array(2)], 0, 1, amax)).toThrow(/values\[1\] to be a Float32Array/);
    expect(call([ok, undefined], 0, 1, amax)).toThrow(/values\[1\]/);
    expect(call([ok, ok], 0, 3, amax)).toThrow(/multiple of 3, found 2/);
    expect(call([ok, ok], 1, 1, amax)).toThrow(/part to be an integer from 0 to 1/);
    expect(call([ok, ok], -1, 1, amax)).toThrow(/part/);
    expect(call([ok, ok], 0.5, 1, amax)).toThrow(/part/);
    expect(call([ok, ok], 0, 0, amax)).toThrow(/at least 1/);
    expect(call([ok, ok], 0, 1, new Float32Array(1))).toThrow(/amaxOut to have 2 entries, found 1/);
    expect(call([ok, ok], 0, 1)).toThrow(/amaxOut/);
    expect(call('x', 0, 1, amax)).toThrow(/values to be an array/);
    expect(set.histogram(0)).toEqual(slowHistogram([]));
  });

  it('refuses tensors and counts that do not exist, and bytes that are no record', () => {
    const set = new addon.HistogramSet(1);
    expect(() => set.encode(1)).toThrow(expect.objectContaining({ code: 'internal' }));
    expect(() => set.histogram(Number.NaN)).toThrow(/tensor/);
    expect(() => new addon.HistogramSet(-1)).toThrow(/tensorCount/);
    expect(() => new addon.HistogramSet(1e9)).toThrow(/tensorCount/);
    expect(() => set.mergeEncoded(0, Uint8Array.of(1, 2, 3))).toThrow(
      expect.objectContaining({ code: 'calibration-mismatch' }),
    );
  });
});

describe('records', () => {
  it.each(SHAPE_NAMES)('are the same bytes from both sides: %s', (shape) => {
    const set = setOf(sampleValues(shape, 5_000, 23));
    const record = set.encode(0);
    expect(record).toEqual(encodeHistogram(set.histogram(0)));
    expect(decodeHistogram(record)).toEqual(set.histogram(0));
  });

  it('are refused by both sides alike when a byte is changed or cut', () => {
    const record = encodeHistogram(slowHistogram([...sampleValues('relu', 200, 1), -3, Number.NaN]));
    const random = createRandom(99);
    let refused = 0;
    for (let round = 0; round < 3_000; round += 1) {
      const bytes = round % 10 === 0 ? record.slice(0, Math.floor(random.nextUnit() * record.length)) : record.slice();
      if (bytes.length > 0) bytes[Math.floor(random.nextUnit() * bytes.length)] = random.nextUint32() & 0xff;
      const native = verdict(() => {
        const set = new addon.HistogramSet(1);
        set.mergeEncoded(0, bytes);
        return set.encode(0);
      });
      expect(verdict(() => encodeHistogram(decodeHistogram(bytes)))).toEqual(native);
      if (native === null) refused += 1;
      else expect(native).toEqual(bytes);
    }
    expect(refused).toBeGreaterThan(500);
  });
});

/** What `body` returns, null when it refuses. */
function verdict(body: () => Uint8Array): Uint8Array | null {
  try {
    return body();
  } catch {
    return null;
  }
}
