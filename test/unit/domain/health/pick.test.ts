import { describe, expect, it } from 'vitest';
import { pickImages, pickSentence, type PickImage, type PickTensor } from '../../../../src-shared/domain/health/pick';

const EDGES = Float64Array.from({ length: 41 }, (_, i) => i / 10);
const tensor = (name: string, calibratedMaximum = 1): PickTensor => ({
  tensor: name,
  calibratedMaximum,
  edges: EDGES,
  spread: 0.02,
});
/** Shares of values that are uniform between two bounds. */
const uniform = (from: number, to: number): Float32Array =>
  Float32Array.from(EDGES, (edge) => Math.min(1, Math.max(0, (edge - from) / (to - from))));
const image = (file: string, ranges: readonly (readonly [number, number])[]): PickImage => ({
  file,
  maxima: Float32Array.from(ranges, ([, to]) => to),
  shares: ranges.map(([from, to]) => uniform(from, to)),
});

describe('pickImages', () => {
  const references = [[uniform(0, 1)]];

  it('takes nothing of a pool that the calibration set covers', () => {
    const pool = Array.from({ length: 20 }, (_, i) => image(`${i}.png`, [[0, 0.9 + (i % 3) / 20]]));
    expect(pickImages({ tensors: [tensor('a')], references, pool, most: 10, limit: 0.65, least: 1 })).toMatchObject({
      picked: [],
      elements: { all: 0, covered: 0 },
      isComplete: true,
    });
  });

  it('takes one image for a kind that lacks, and the one that raises a maximum, and says why', () => {
    const usual = Array.from({ length: 10 }, (_, i) => image(`day-${i}.png`, [[0, 1]]));
    const night = Array.from({ length: 10 }, (_, i) => image(`night-${i}.png`, [[2, 3]]));
    const bright = image('bright.png', [[2, 4]]);
    const pick = pickImages({
      tensors: [tensor('a')],
      references,
      pool: [...usual, ...night, bright],
      most: 10,
      limit: 0.65,
      least: 1,
    });
    expect(pick.isComplete).toBe(true);
    expect(pick.picked.length).toBeLessThanOrEqual(3);
    expect(pick.picked.map(({ file }) => file)).toContain('bright.png');
    expect(pick.picked.some(({ file }) => file.startsWith('day'))).toBe(false);
    expect(pick.distance.before).toBeGreaterThan(0.65);
    expect(pick.distance.after).toBeLessThanOrEqual(0.65);
    const [first] = pick.picked;
    expect(pickSentence(first?.reasons ?? [])).toMatch(
      /^\|x\| up to (3|4)\.00 in a \(calibrated: 1\.00\); values of a from .* which the calibration set hardly has.*; distance/,
    );
  });

  it('covers the tensors of which an image alone has large values', () => {
    const tensors = [tensor('a'), tensor('b'), tensor('c')];
    const one = (file: string, at: number): PickImage =>
      image(
        file,
        [0, 1, 2].map((t) => [0, t === at ? 2.5 : 1] as const),
      );
    const pool = [one('none.png', -1), one('a.png', 0), one('b.png', 1), one('c.png', 2)];
    const pick = pickImages({
      tensors,
      references: [tensors.map(() => uniform(0, 1))],
      pool,
      most: 10,
      limit: 5,
      least: 1,
    });
    expect(pick.picked.map(({ file }) => file).sort()).toEqual(['a.png', 'b.png', 'c.png']);
    expect(pick.elements.covered).toBe(pick.elements.all);
  });

  it('stops at the number that was asked for, with the best images, and says that something is left', () => {
    const tensors = [tensor('a'), tensor('b')];
    const pool = [
      image('both.png', [
        [0, 3],
        [0, 3],
      ]),
      image('a.png', [
        [0, 4],
        [0, 1],
      ]),
      image('b.png', [
        [0, 1],
        [0, 4],
      ]),
    ];
    const pick = pickImages({
      tensors,
      references: [tensors.map(() => uniform(0, 1))],
      pool,
      most: 1,
      limit: 0.65,
      least: 1,
    });
    expect(pick.picked.map(({ file }) => file)).toEqual(['both.png']);
    expect(pick.isComplete).toBe(false);
  });

  it('takes so many images of a pool that drifts that thresholds see them, like those that lack', () => {
    const pool = Array.from({ length: 40 }, (_, i) => image(`${i}.png`, [i % 2 === 0 ? [0, 1] : [2, 3 + i / 100]]));
    const pick = pickImages({ tensors: [tensor('a')], references, pool, most: 20, limit: 0.65, least: 8 });
    expect(pick.picked).toHaveLength(8);
    expect(pick.picked.every(({ file }) => Number.parseInt(file, 10) % 2 === 1)).toBe(true);
    expect(pick.picked.at(-1)?.reasons).toEqual([{ code: 'share', needed: 8 }]);
    const few = pickImages({ tensors: [tensor('a')], references, pool, most: 4, limit: 0.65, least: 8 });
    expect([few.picked.length, few.isComplete]).toEqual([4, false]);
  });

  it('ignores maxima that are unknown, and tensors that are the same in all calibration images', () => {
    const tensors = [{ ...tensor('a'), spread: 0 }];
    const pool = [{ ...image('a.png', [[0, 1]]), maxima: Float32Array.of(Number.NaN) }];
    expect(pickImages({ tensors, references, pool, most: 5, limit: 0.65, least: 1 }).picked).toEqual([]);
  });
});
