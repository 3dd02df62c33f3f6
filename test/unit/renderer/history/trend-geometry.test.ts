import { describe, expect, it } from 'vitest';
import { MARGINS, trendGeometry } from '../../../../src-renderer/features/history/trend-geometry';
import { trendOf } from '../../../../src-shared/domain/history/trend';
import { entryAt } from '../../domain/history/entries';

const SIZE = { widthPx: 400, heightPx: 100 };
const points = (...values: readonly number[]) =>
  trendOf(
    values.map((latencyMs, i) => entryAt(i, { values: { latencyMs }, software: i < 2 ? 'calib 1' : 'calib 2' })),
    'latencyMs',
  );

describe('trendGeometry', () => {
  it('places runs equally far apart, larger values higher', () => {
    const geometry = trendGeometry(points(1, 3, 2), SIZE);
    expect(geometry.points.map(({ x }) => x)).toEqual([MARGINS.left, (MARGINS.left + 388) / 2, 388]);
    const [low, high, middle] = geometry.points.map(({ y }) => y);
    expect(high).toBeLessThan(middle ?? 0);
    expect(middle).toBeLessThan(low ?? 0);
    expect(geometry.ticks.length).toBeGreaterThanOrEqual(2);
  });

  it('has a line of its own for each machine, though runs of two alternate', () => {
    const alternating = trendOf(
      [1, 5, 2, 6, 3].map((latencyMs, i) =>
        entryAt(i, { values: { latencyMs }, hardware: i % 2 === 0 ? 'A100' : 'H100' }),
      ),
      'latencyMs',
    );
    const geometry = trendGeometry(alternating, SIZE);
    expect(geometry.breaks.map(({ point }) => point.value)).toEqual([5]);
    expect(geometry.lines.map((path) => path.split('L').length)).toEqual([3, 2]);
  });

  it('interrupts the line where the software changed', () => {
    const geometry = trendGeometry(points(1, 3, 2, 2), SIZE);
    expect(geometry.breaks.map(({ point }) => point.value)).toEqual([2]);
    expect(geometry.lines).toHaveLength(2);
    expect(geometry.lines.every((path) => path.startsWith('M') && path.includes('L'))).toBe(true);
  });

  it('draws one run, equal values and none', () => {
    expect(trendGeometry(points(5), SIZE).points).toMatchObject([{ y: 52 }]);
    const flat = trendGeometry(points(0, 0), SIZE);
    expect(flat.points.every(({ y }) => Number.isFinite(y))).toBe(true);
    expect(trendGeometry([], SIZE)).toMatchObject({ points: [], lines: [], breaks: [] });
  });

  it('draws thousands of runs as a line without marks', () => {
    const many = trendGeometry(points(...Array.from({ length: 5000 }, (_, i) => 1 + (i % 7))), SIZE);
    expect(many.hasMarks).toBe(false);
    expect(many.points).toHaveLength(5000);
    // The medians of columns, and the area from the least to the largest value.
    const [line = '', band = ''] = [many.lines[1], many.bands[0]];
    expect(line.split('L').length).toBeLessThan(120);
    const ysOf = (path: string): number[] => [...path.matchAll(/ ([\d.]+)/g)].map((match) => Number(match[1]));
    const yOf = (value: number): number => many.points.find(({ point }) => point.value === value)?.y ?? 0;
    expect(Math.min(...ysOf(band))).toBeCloseTo(yOf(7), 1);
    expect(Math.max(...ysOf(band))).toBeCloseTo(yOf(1), 1);
    expect(Math.max(...ysOf(line).map((y) => Math.abs(y - yOf(4))))).toBeLessThanOrEqual(yOf(3) - yOf(4) + 0.1);
  });
});
