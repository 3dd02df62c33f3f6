import { describe, expect, it } from 'vitest';
import { hasOwnChoice, methodLines, offeredMethods } from '../../../../src-renderer/features/histogram/methods';
import { rankMaxima } from '../../../../src-renderer/features/histogram/maximum-panel';
import { orderedTensors, pageCount, pageOf, walk } from '../../../../src-renderer/features/histogram/tensor-order';
import { rowOf } from './support';

const rows = [
  rowOf('conv_10', { sqnrDb: 20, clippedFraction: 0.01 }),
  rowOf('conv_2', { sqnrDb: Number.POSITIVE_INFINITY, clippedFraction: 0 }),
  rowOf('relu_1', { sqnrDb: 8, clippedFraction: 0.002 }),
  rowOf('conv_1', { sqnrDb: Number.POSITIVE_INFINITY, clippedFraction: 0.01 }),
];
const names = (sort: 'sqnr' | 'clipped' | 'name', search = ''): string[] =>
  orderedTensors(rows, search, sort).map(({ name }) => name);

describe('orderedTensors', () => {
  it('puts what hurts first, equals by name', () => {
    expect(names('sqnr')).toEqual(['relu_1', 'conv_10', 'conv_1', 'conv_2']);
    expect(names('clipped')).toEqual(['conv_1', 'conv_10', 'relu_1', 'conv_2']);
  });

  it('reads numbers in names as numbers', () => {
    expect(names('name')).toEqual(['conv_1', 'conv_2', 'conv_10', 'relu_1']);
  });

  it('finds every word, in any case', () => {
    expect(names('name', ' 1  CONV')).toEqual(['conv_1', 'conv_10']);
  });
});

describe('walking', () => {
  const grid = { count: 50, columns: 6 };

  it.each([
    ['ArrowRight', 5, 6],
    ['ArrowLeft', 0, 0],
    ['ArrowDown', 3, 9],
    ['ArrowDown', 46, 46],
    ['ArrowUp', 3, 3],
    ['ArrowUp', 9, 3],
    ['End', 3, 49],
    ['PageDown', 10, 34],
    ['PageDown', 40, 49],
  ])('%s from %d to %d', (key, from, to) => {
    expect(walk(from, key, grid)).toBe(to);
  });

  it('leaves other keys alone', () => {
    expect(walk(3, 'a', grid)).toBeNull();
  });

  it('turns pages of 24', () => {
    const items = Array.from({ length: 49 }, (_, i) => i);
    expect(pageCount(items.length)).toBe(3);
    expect(pageOf(items, 2)).toEqual([48]);
    expect(pageCount(0)).toBe(1);
  });
});

describe('methods', () => {
  const row = rowOf('x', {
    methods: { minmax: 4, mse: 3, manual: 2.5, imported: 3.5 },
    method: 'manual',
    threshold: 2.5,
  });

  it('draws a line for every threshold that is known and marks the one in use', () => {
    expect(methodLines(row)).toEqual([
      { method: 'minmax', thresholdReal: 4, isInUse: false },
      { method: 'mse', thresholdReal: 3, isInUse: false },
      { method: 'imported', thresholdReal: 3.5, isInUse: false },
      { method: 'manual', thresholdReal: 2.5, isInUse: true },
    ]);
  });

  it('offers what a histogram answers and what was imported, never “by hand” without a value', () => {
    expect(offeredMethods(row)).toEqual(['best', 'minmax', 'entropy', 'percentile', 'mse', 'imported']);
  });

  it('knows choices of single tensors', () => {
    expect(hasOwnChoice('x', { tensorMethods: { x: 'mse' } })).toBe(true);
    expect(hasOwnChoice('toString', { tensorMethods: {} })).toBe(false);
  });
});

describe('rankMaxima', () => {
  it('names the images that reach furthest and what is left without the first', () => {
    const ranking = rankMaxima({ imageFiles: ['a', 'b', 'c'], imageAmax: new Float32Array([1, 4, 2]) }, 2);
    expect(ranking).toEqual({
      top: [
        { file: 'b', amaxReal: 4 },
        { file: 'c', amaxReal: 2 },
      ],
      withoutFirstReal: 2,
    });
  });

  it('says nothing where no image has a value', () => {
    expect(rankMaxima({ imageFiles: ['a'], imageAmax: new Float32Array([Number.NaN]) }, 5)).toBeNull();
    expect(
      rankMaxima({ imageFiles: ['a', 'b'], imageAmax: new Float32Array([Number.NaN, 3]) }, 5)?.withoutFirstReal,
    ).toBeNull();
  });
});
