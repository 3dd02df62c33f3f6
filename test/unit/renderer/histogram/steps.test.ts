import { describe, expect, it } from 'vitest';
import { binScale } from '../../../../src-renderer/features/histogram/count-scale';
import { fullestWithin, stepsOf } from '../../../../src-renderer/features/histogram/steps';
import { histogramOf } from './support';

// Range 4 in 4096 bins: a bin is 2^-10 wide.
const WIDTH = 2 ** -10;
const histogram = histogramOf([0, 0.5 * WIDTH, 0.6 * WIDTH, -0.5 * WIDTH, 10.5 * WIDTH, -2.5 * WIDTH, 3]);
const scale = binScale(histogram);

describe('stepsOf', () => {
  it('shows bin by bin when there is room: |x| adds both sides', () => {
    const { edgesReal, counts } = stepsOf(histogram, {
      scale,
      range: { min: 0, max: 12 * WIDTH },
      columns: 500,
      isSigned: false,
    });
    expect(edgesReal).toEqual(Array.from({ length: 13 }, (_, i) => i * WIDTH));
    expect(counts).toEqual([3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
  });

  it('keeps the sides apart when signed', () => {
    const { edgesReal, counts } = stepsOf(histogram, {
      scale,
      range: { min: -3 * WIDTH, max: WIDTH },
      columns: 500,
      isSigned: true,
    });
    expect(edgesReal[0]).toBe(-3 * WIDTH);
    expect(counts).toEqual([1, 0, 1, 2, 2]);
  });

  it('keeps a lonely outlier visible, whatever the number of columns', () => {
    const { counts, edgesReal } = stepsOf(histogram, {
      scale,
      range: { min: 0, max: 4 },
      columns: 100,
      isSigned: false,
    });
    expect(counts.length).toBeLessThanOrEqual(102);
    const at = edgesReal.findLastIndex((edge) => edge <= 3);
    expect(counts[at]).toBe(1);
  });

  it('begins steps at the same values when the view moves a little', () => {
    const a = stepsOf(histogram, {
      scale,
      range: { min: 100.2 * WIDTH, max: 900.2 * WIDTH },
      columns: 100,
      isSigned: false,
    });
    const b = stepsOf(histogram, {
      scale,
      range: { min: 103.4 * WIDTH, max: 903.4 * WIDTH },
      columns: 100,
      isSigned: false,
    });
    expect(b.edgesReal).toContain(a.edgesReal[5]);
  });

  it('ends where the bins end', () => {
    expect(
      stepsOf(histogram, { scale, range: { min: 3.9, max: 50 }, columns: 5000, isSigned: false }).edgesReal.at(-1),
    ).toBe(4);
  });
});

describe('fullestWithin', () => {
  const all = { min: -4, max: 4 };

  it('is at least 1, so that an axis has a height', () => {
    expect(fullestWithin(histogram, scale, all, false)).toBe(3);
    expect(fullestWithin(histogram, scale, all, true)).toBe(2);
    const zeros = histogramOf([0, 0]);
    expect(fullestWithin(zeros, binScale(zeros), all, false)).toBe(1);
  });

  it('looks at what is in sight only: the axis of a tail fits the tail', () => {
    expect(fullestWithin(histogram, scale, { min: 2 * WIDTH, max: 4 }, false)).toBe(1);
    expect(fullestWithin(histogram, scale, { min: WIDTH, max: 4 }, true)).toBe(1);
  });
});
