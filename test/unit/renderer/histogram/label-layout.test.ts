import { describe, expect, it } from 'vitest';
import { placeLabels, type LabelBox, type LabelRoom } from '../../../../src-renderer/features/histogram/label-layout';

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
