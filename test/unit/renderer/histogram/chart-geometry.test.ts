import { describe, expect, it } from 'vitest';
import {
  fullestWithin,
  isSameRange,
  type LabelBox,
  type LabelRoom,
  pixelFromValue,
  placeLabels,
  shifted,
  stepsOf,
  tailRange,
  valueFromPixel,
  wholeRange,
  zoomed,
} from '../../../../src-renderer/features/histogram/chart-geometry';
import { binScale } from '../../../../src-renderer/features/histogram/count-scale';
import { histogramOf } from './support';

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

const room: LabelRoom = { leftPx: 0, rightPx: 500, rows: 2, gapPx: 4 };
const box = (key: string, linePx: number, widthPx = 50): LabelBox => ({ key, linePx, widthPx });

function overlaps(boxes: readonly LabelBox[], where: LabelRoom): boolean {
  const placed = placeLabels(boxes, where);
  const width = (key: string): number => boxes.find((candidate) => candidate.key === key)?.widthPx ?? 0;
  return placed.some((a, i) =>
    placed
      .slice(i + 1)
      .some((b) => a.row === b.row && a.leftPx < b.leftPx + width(b.key) && b.leftPx < a.leftPx + width(a.key)),
  );
}

describe('placeLabels', () => {
  it('centres labels that have room on their lines, in one row', () => {
    expect(placeLabels([box('a', 100), box('b', 300)], room)).toEqual([
      { key: 'a', leftPx: 75, row: 0 },
      { key: 'b', leftPx: 275, row: 0 },
    ]);
  });

  it('pushes two that are close apart around their common centre', () => {
    const placed = placeLabels([box('b', 210), box('a', 200)], room);
    expect(placed).toEqual([
      { key: 'a', leftPx: 153, row: 0 },
      { key: 'b', leftPx: 207, row: 0 },
    ]);
  });

  it('keeps labels inside the room', () => {
    const placed = placeLabels([box('a', 2), box('z', 499)], room);
    expect(placed.map(({ leftPx }) => leftPx)).toEqual([0, 450]);
  });

  it('uses the second row when a label would lose its line', () => {
    const boxes = [box('a', 250), box('b', 251), box('c', 252), box('d', 253)];
    expect(new Set(placeLabels(boxes, room).map(({ row }) => row))).toEqual(new Set([0, 1]));
    expect(overlaps(boxes, room)).toBe(false);
  });

  it.each([
    [8, 3],
    [8, 17],
    [6, 41],
    [5, 0],
  ])('never lays one of %d labels, %d px apart, over another', (count, apart) => {
    const boxes = Array.from({ length: count }, (_, i) => box(`m${i}`, 480 - i * apart, 48 + (i % 3) * 6));
    expect(placeLabels(boxes, room)).toHaveLength(count);
    expect(overlaps(boxes, room)).toBe(false);
  });

  it('keeps the order of the lines along each row', () => {
    const boxes = [box('c', 300), box('a', 280), box('b', 290), box('d', 310)];
    for (const row of [0, 1]) {
      const keys = placeLabels(boxes, room)
        .filter((label) => label.row === row)
        .sort((x, y) => x.leftPx - y.leftPx)
        .map(({ key }) => key);
      expect(keys).toEqual([...keys].sort());
    }
  });
});
