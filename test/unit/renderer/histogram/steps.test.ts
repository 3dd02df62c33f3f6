import { describe, expect, it } from 'vitest';
import { fullestBin, stepsOf } from '../../../../src-renderer/features/histogram/steps';
import { histogramOf } from './support';

// Range 4 in 4096 bins: a bin is 2^-10 wide.
const WIDTH = 2 ** -10;
const histogram = histogramOf([0, 0.5 * WIDTH, 0.6 * WIDTH, -0.5 * WIDTH, 10.5 * WIDTH, -2.5 * WIDTH, 3]);

describe('stepsOf', () => {
  it('shows bin by bin when there is room: |x| adds both sides', () => {
    const { edgesReal, countsPerBin } = stepsOf(histogram, { min: 0, max: 12 * WIDTH }, 500, false);
    expect(edgesReal).toEqual(Array.from({ length: 13 }, (_, i) => i * WIDTH));
    expect(countsPerBin).toEqual([3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
  });

  it('keeps the sides apart when signed', () => {
    const { edgesReal, countsPerBin } = stepsOf(histogram, { min: -3 * WIDTH, max: WIDTH }, 500, true);
    expect(edgesReal[0]).toBe(-3 * WIDTH);
    expect(countsPerBin).toEqual([1, 0, 1, 2, 2]);
  });

  it('keeps a lonely outlier visible, whatever the number of columns', () => {
    const { countsPerBin, edgesReal } = stepsOf(histogram, { min: 0, max: 4 }, 100, false);
    expect(countsPerBin.length).toBeLessThanOrEqual(102);
    const at = edgesReal.findLastIndex((edge) => edge <= 3);
    expect(countsPerBin[at]).toBe(1);
  });

  it('begins steps at the same values when the view moves a little', () => {
    const a = stepsOf(histogram, { min: 100.2 * WIDTH, max: 900.2 * WIDTH }, 100, false);
    const b = stepsOf(histogram, { min: 103.4 * WIDTH, max: 903.4 * WIDTH }, 100, false);
    expect(b.edgesReal).toContain(a.edgesReal[5]);
  });

  it('ends where the bins end', () => {
    expect(stepsOf(histogram, { min: 3.9, max: 50 }, 5000, false).edgesReal.at(-1)).toBe(4);
  });
});

it('fullestBin is at least 1, so that an axis has a height', () => {
  expect(fullestBin(histogram, false)).toBe(3);
  expect(fullestBin(histogram, true)).toBe(2);
  expect(fullestBin(histogramOf([0, 0]), false)).toBe(1);
});
