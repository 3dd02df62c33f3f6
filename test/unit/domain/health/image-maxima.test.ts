import { expect, it } from 'vitest';
import { imagesThatSetMaxima } from '../../../../src-shared/domain/health/image-maxima';

const maxima = (rows: Readonly<Record<string, readonly number[]>>, tensors: readonly string[]) => ({
  images: Object.keys(rows),
  tensors,
  amax: Float32Array.from(Object.values(rows).flat()),
});

it('names the image, its value and what is left without it', () => {
  const found = imagesThatSetMaxima(
    maxima({ 'a.png': [1, 2, 5], 'odd.png': [1.25, 8, 9], 'b.png': [1.125, 3, 3] }, ['t0', 't1', 't2']),
    1.5,
  );
  expect(found).toEqual([
    {
      id: 'odd.png',
      tensors: [
        { tensor: 't1', amax: 8, without: 3 },
        { tensor: 't2', amax: 9, without: 5 },
      ],
    },
  ]);
});

it('puts the image first that sets most maxima', () => {
  const found = imagesThatSetMaxima(maxima({ a: [9, 1, 1], b: [1, 4, 4], c: [1, 2, 2] }, ['t0', 't1', 't2']), 1.5);
  expect(found.map(({ id, tensors }) => [id, tensors.length])).toEqual([
    ['b', 2],
    ['a', 1],
  ]);
});

it('finds nothing where two images share a maximum, one image is alone, or values are unknown', () => {
  expect(imagesThatSetMaxima(maxima({ a: [9], b: [9], c: [1] }, ['t']), 1.5)).toEqual([]);
  expect(imagesThatSetMaxima(maxima({ a: [9] }, ['t']), 1.5)).toEqual([]);
  expect(imagesThatSetMaxima(maxima({ a: [0], b: [0] }, ['t']), 1.5)).toEqual([]);
  expect(imagesThatSetMaxima(maxima({ a: [Number.NaN], b: [Number.NaN] }, ['t']), 1.5)).toEqual([]);
  expect(
    imagesThatSetMaxima(maxima({ a: [Number.NaN, 6], b: [2, 2], c: [1, 3] }, ['t0', 't1']), 1.5).map(({ id }) => id),
  ).toEqual(['a', 'b']);
});

it('takes an image that a list repeats for one image', () => {
  expect(
    imagesThatSetMaxima(maxima({ a: [9], b: [3], 'a (listing 2)': [9], 'a (listing 3)': [9] }, ['t']), 1.5),
  ).toEqual([{ id: 'a', tensors: [{ tensor: 't', amax: 9, without: 3 }] }]);
});
