import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../../src-main/backends/addon';
import type { TensorrtGridSet } from '../../../native/index';
import { sampleValues, SHAPE_NAMES } from '../domain/histograms/histogram-samples';
import { slowGrid } from '../domain/histograms/tensorrt-grid-reference';

const addon = loadAddon();

function setOf(firstAmax: number, images: readonly (readonly number[])[]): TensorrtGridSet {
  const set = new addon.TensorrtGridSet(Float32Array.of(firstAmax));
  for (const image of images) set.addImage([Float32Array.from(image)], 0, 1, new Float32Array(1));
  return set;
}

const amaxOf = (values: readonly number[]): number => Math.max(...values.map((value) => Math.abs(Math.fround(value))));
const countsOf = (set: TensorrtGridSet): number[] => [...set.grid(0).counts];

/** Batches whose largest values grow over several octaves. */
const growing = [0.37, 0.2, 0.9, 0.1, 11.3, 0.5, 40].map((scale, i) =>
  [...sampleValues('normal', 700, i + 1)].map((value) => value * scale),
);

describe('counting', () => {
  it.each(SHAPE_NAMES)("gives TensorRT's counts: %s", (shape) => {
    const values = [...sampleValues(shape, 9_000, 11)].filter(Number.isFinite);
    const batches = [values.slice(0, 2_000), values.slice(2_000, 6_000), values.slice(6_000)];
    const first = amaxOf(batches[0] ?? []);
    if (first === 0) return;
    const expected = slowGrid(batches);
    const found = setOf(first, batches).grid(0);
    expect({ range: found.range, counts: [...found.counts] }).toEqual(expected);
    expect(found.amax).toBe(amaxOf(values));
  });

  it('doubles its range as often as values need', () => {
    const expected = slowGrid(growing);
    const found = setOf(amaxOf(growing[0] ?? []), growing).grid(0);
    expect(found.range).toBe(expected.range);
    expect(found.range).toBeGreaterThan(32 * found.firstRange);
    expect([...found.counts]).toEqual(expected.counts);
  });

  it('keeps a value that equals the range in the last bin, also after the range doubled', () => {
    expect(countsOf(setOf(3, [[3, -3]]))[2047]).toBe(2);
    const doubled = countsOf(setOf(3, [[3], [4]]));
    expect([doubled[1023], doubled[1024]]).toEqual([1, 0]);
    expect(slowGrid([[3], [4]]).counts).toEqual(doubled);
  });

  it('counts zeros of both signs in the first bin, and neither NaN nor infinity', () => {
    const set = setOf(1, [[0, -0, Number.NaN, Infinity, -Infinity, 0.9999]]);
    expect([countsOf(set)[0], set.nonFiniteOf(0), set.grid(0).amax]).toEqual([2, 3, Math.fround(0.9999)]);
    expect(countsOf(set).reduce((sum, count) => sum + count, 0)).toBe(3);
  });

  it('begins at 2^-24 when the first batch was zero everywhere', () => {
    expect(setOf(0, [[0, 1]]).grid(0)).toMatchObject({ firstRange: 2 ** -24, range: 1, amax: 1 });
    expect(setOf(Number.NaN, []).grid(0).firstRange).toBe(2 ** -24);
  });

  it('takes the largest float32 without losing its range', () => {
    const largest = 3.4028234663852886e38;
    const found = setOf(1, [[largest, 1]]).grid(0);
    expect(found.range).toBe(2 ** 127);
    expect([found.counts[2047], found.counts[0]]).toEqual([1, 1]);
  });

  it('counts one of several equal pieces and reports its largest value', () => {
    const set = new addon.TensorrtGridSet(Float32Array.of(1, 1));
    const amax = new Float32Array(2).fill(Number.NaN);
    set.addImage([Float32Array.of(0.1, 0.2, 0.3, 0.4), null], 1, 2, amax);
    expect([...amax]).toEqual([Math.fround(0.4), Number.NaN]);
    expect(set.grid(0).counts.reduce((sum, count) => sum + count, 0)).toBe(2);
  });
});

describe('order and merging', () => {
  const first = amaxOf(growing[0] ?? []);
  const whole = setOf(first, growing);

  it('gives the same record for any order of images', () => {
    expect(setOf(first, [...growing].reverse()).encode(0)).toEqual(whole.encode(0));
    expect(setOf(first, [growing.flat()]).encode(0)).toEqual(whole.encode(0));
  });

  it('gives the same record for parts that are merged, in any order', () => {
    const parts = [
      setOf(first, growing.slice(0, 2)),
      setOf(first, growing.slice(2, 5)),
      setOf(first, growing.slice(5)),
    ];
    for (const order of [parts, [...parts].reverse()]) {
      const merged = setOf(first, []);
      for (const part of order) merged.mergeEncoded(0, part.encode(0));
      expect(merged.encode(0)).toEqual(whole.encode(0));
    }
  });

  it('forgets its counts but not where it began', () => {
    const set = setOf(first, growing);
    set.clear();
    expect(set.encode(0)).toEqual(setOf(first, []).encode(0));
  });

  it('refuses grids that began elsewhere and damaged records', () => {
    expect(() => whole.mergeEncoded(0, setOf(first * 2, []).encode(0))).toThrow(/began with the same range/);
    const record = whole.encode(0);
    expect(() => whole.mergeEncoded(0, record.subarray(1))).toThrow(/bytes and not 16405/);
    for (const [at, value] of [
      [0, 9],
      [4, 0x7f],
      [8, 0xff],
      [12, 0xff],
      [28, 0xff],
    ] as const) {
      const damaged = record.slice();
      damaged[at] = value;
      if (at === 4) damaged[3] = 0x80;
      expect(() => whole.mergeEncoded(0, damaged), `byte ${at}`).toThrow(/Expected a record of TensorRT's grid/);
    }
  });
});
