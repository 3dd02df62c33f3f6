import { describe, expect, it } from 'vitest';
import {
  isSameRange,
  pixelFromValue,
  shifted,
  tailRange,
  valueFromPixel,
  wholeRange,
  zoomed,
} from '../../../../src-renderer/features/histogram/axis';

const area = { leftPx: 60, widthPx: 600 };

describe('pixels and values', () => {
  it('put the ends of the range on the ends of the plot', () => {
    const range = { min: 2, max: 8 };
    expect(pixelFromValue(2, range, area)).toBe(60);
    expect(pixelFromValue(8, range, area)).toBe(660);
    expect(valueFromPixel(360, range, area)).toBe(5);
  });

  it.each([-3.25, 0, 0.001, 7.5, 1e-6])('are each other’s inverse at %d', (value) => {
    const range = { min: -4, max: 8.5 };
    expect(valueFromPixel(pixelFromValue(value, range, area), range, area)).toBeCloseTo(value, 12);
  });

  it('go on beyond the plot', () => {
    expect(valueFromPixel(0, { min: 0, max: 10 }, area)).toBe(-1);
  });
});

describe('ranges', () => {
  it('show everything with some room, to both sides when signed', () => {
    expect(wholeRange(4, false)).toEqual({ min: 0, max: 4.12 });
    expect(wholeRange(4, true)).toEqual({ min: -4.12, max: 4.12 });
  });

  it('have a width even for a tensor of zeros', () => {
    const range = wholeRange(0, false);
    expect(range.max).toBeGreaterThan(range.min);
    expect(tailRange([0, 0], 0).max).toBeGreaterThan(tailRange([0, 0], 0).min);
  });

  it('begin the tail below the smallest threshold', () => {
    expect(tailRange([2, 3.5, 4], 4)).toEqual({ min: 1.4, max: 4.12 });
  });
});

describe('zoom', () => {
  const whole = { min: 0, max: 10 };

  it('keeps the value under the pointer where it is', () => {
    const next = zoomed({ min: 0, max: 10 }, whole, { factor: 0.5, anchorReal: 8, narrowestReal: 0.01 });
    expect(next).toEqual({ min: 4, max: 9 });
    expect(pixelFromValue(8, next, area)).toBeCloseTo(pixelFromValue(8, whole, area), 9);
  });

  it('never leaves the whole, and comes back to exactly the whole', () => {
    const out = zoomed({ min: 6, max: 9 }, whole, { factor: 100, anchorReal: 8, narrowestReal: 0.01 });
    expect(isSameRange(out, whole)).toBe(true);
  });

  it('stops at the narrowest view', () => {
    const next = zoomed({ min: 4, max: 5 }, whole, { factor: 0.0001, anchorReal: 4.5, narrowestReal: 0.25 });
    expect(next.max - next.min).toBeCloseTo(0.25, 12);
  });

  it('moves along to the ends and no further', () => {
    expect(shifted({ min: 4, max: 6 }, whole, 100)).toEqual({ min: 8, max: 10 });
    expect(shifted({ min: 4, max: 6 }, whole, -100)).toEqual({ min: 0, max: 2 });
    expect(shifted({ min: 4, max: 6 }, whole, 1)).toEqual({ min: 5, max: 7 });
  });
});
