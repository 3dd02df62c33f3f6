import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src-shared/domain/random';
import {
  bootstrapDifference95,
  comparePaired,
  drawBinomial,
  isBeyondChance,
  logFactorial,
  mcnemarExactP,
  medianOfSorted,
  percentileOfSorted,
  outliersOf,
  studentQuantile,
} from '../../../src-shared/domain/statistics';

/** min(1, 2 P(X <= k)) as an exact fraction of big integers, turned into a double at the very end. */
function exactMcnemar(losses: number, gains: number): number {
  const n = losses + gains;
  const k = Math.min(losses, gains);
  let choose = 1n;
  let tail = 0n;
  for (let i = 0; i <= k; i += 1) {
    tail += choose;
    choose = (choose * BigInt(n - i)) / BigInt(i + 1);
  }
  const SCALE = 1n << 200n;
  const p = Number((2n * tail * SCALE) / (1n << BigInt(n))) / 2 ** 200;
  return Math.min(1, p);
}

describe('mcnemarExactP', () => {
  // From exact fractions in Python (fractions.Fraction, math.comb).
  it.each([
    [0, 0, 1],
    [1, 0, 1],
    [0, 5, 0.0625],
    [10, 2, 0.03857421875],
    [59, 43, 0.13709880575603417],
    [250, 198, 0.015878913940507573],
    [1200, 1000, 2.1817026407914712e-5],
    [5000, 4700, 0.0023966033625776252],
    [30, 0, 1.862645149230957e-9],
    [101, 100, 1],
  ])('%i losses, %i gains', (losses, gains, expected) => {
    expect(Math.abs(mcnemarExactP(losses, gains) / expected - 1)).toBeLessThan(1e-10);
  });

  it('equals exact fractions for every small table, and is symmetric', () => {
    for (let losses = 0; losses <= 40; losses += 1) {
      for (let gains = 0; gains <= 40; gains += 1) {
        expect(mcnemarExactP(losses, gains)).toBeCloseTo(exactMcnemar(losses, gains), 12);
        expect(mcnemarExactP(losses, gains)).toBe(mcnemarExactP(gains, losses));
      }
    }
  });

  it('stays a probability for very large tables', () => {
    expect(mcnemarExactP(2_000_000, 2_000_001)).toBe(1);
    // The normal approximation with continuity correction, by Python's math.erfc.
    expect(mcnemarExactP(1_000_000, 1_002_000)).toBeCloseTo(0.15771447, 6);
    expect(mcnemarExactP(100_000, 10)).toBe(0);
  });
});

describe('logFactorial', () => {
  // Python math.lgamma(n + 1).
  it.each([
    [0, 0],
    [15, 27.89927138384089],
    [16, 30.671860106080672],
    [17, 33.50507345013689],
    [100, 363.73937555556347],
    [1000, 5912.128178488163],
    [123_456, 1323904.4924837977],
  ])('of %i', (n, expected) => {
    expect(Math.abs(logFactorial(n) - expected)).toBeLessThanOrEqual(1e-14 * Math.max(1, expected));
  });
});

describe('drawBinomial', () => {
  it.each([
    [12, 0.3],
    [40, 0.02],
    [25, 0.9],
  ])('has the frequencies of Binomial(%i, %d)', (n, p) => {
    const random = createRandom(5);
    const draws = 40_000;
    const seen = new Array<number>(n + 1).fill(0);
    for (let i = 0; i < draws; i += 1) {
      const value = drawBinomial(random, n, p);
      seen[value] = (seen[value] ?? 0) + 1;
    }
    let choose = 1;
    for (let k = 0; k <= n; k += 1) {
      const expected = draws * choose * p ** k * (1 - p) ** (n - k);
      expect(Math.abs((seen[k] ?? 0) - expected)).toBeLessThan(4.5 * Math.sqrt(expected) + 3);
      choose = (choose * (n - k)) / (k + 1);
    }
  });

  it('is certain at the ends', () => {
    const random = createRandom(1);
    expect(drawBinomial(random, 10, 0)).toBe(0);
    expect(drawBinomial(random, 10, 1)).toBe(10);
    expect(drawBinomial(random, 0, 0.5)).toBe(0);
  });
});

/** The plain bootstrap: images drawn one by one. */
function plainBootstrap(images: number, losses: number, gains: number): readonly [number, number] {
  const random = createRandom(99);
  const resamples = 4000;
  const differences = Float64Array.from({ length: resamples }, () => {
    let sum = 0;
    for (let i = 0; i < images; i += 1) {
      const index = Math.floor(random.nextUnit() * images);
      sum += index < losses ? -1 : index < losses + gains ? 1 : 0;
    }
    return (100 * sum) / images;
  }).sort();
  return [differences[99] ?? 0, differences[3900] ?? 0];
}

describe('bootstrapDifference95', () => {
  it.each([
    [600, 40, 12],
    [300, 3, 0],
    [200, 150, 50],
  ])('agrees with drawing %i images one by one', (images, losses, gains) => {
    const [low, high] = bootstrapDifference95({ images, losses, gains });
    const [plainLow, plainHigh] = plainBootstrap(images, losses, gains);
    const tolerance = 0.06 * (plainHigh - plainLow) + 100 / images;
    expect(Math.abs(low - plainLow)).toBeLessThanOrEqual(tolerance);
    expect(Math.abs(high - plainHigh)).toBeLessThanOrEqual(tolerance);
  });

  it('is the same every time, and mirrors when gains and losses are exchanged', () => {
    const counts = { images: 1980, losses: 60, gains: 25 };
    expect(bootstrapDifference95(counts)).toEqual(bootstrapDifference95(counts));
    const [low, high] = bootstrapDifference95(counts);
    const [mirroredLow, mirroredHigh] = bootstrapDifference95({ images: 1980, losses: 25, gains: 60 });
    expect(mirroredLow).toBeCloseTo(-high, 0);
    expect(mirroredHigh).toBeCloseTo(-low, 0);
  });

  it('has no width without discordant images, and none without images', () => {
    expect(bootstrapDifference95({ images: 100, losses: 0, gains: 0 })).toEqual([0, 0]);
    expect(bootstrapDifference95({ images: 0, losses: 0, gains: 0 })).toEqual([0, 0]);
    expect(bootstrapDifference95({ images: 50, losses: 50, gains: 0 })).toEqual([-100, -100]);
  });
});

describe('comparePaired', () => {
  it('gives the difference in percentage points and says when images are few', () => {
    expect(comparePaired({ images: 499, losses: 10, gains: 0 })).toMatchObject({
      top1Difference: (-100 * 10) / 499,
      fewImages: true,
    });
    expect(comparePaired({ images: 500, losses: 0, gains: 5 })).not.toHaveProperty('fewImages');
    expect(comparePaired({ images: 0, losses: 0, gains: 0 })).toBeNull();
  });
});

describe('percentileOfSorted', () => {
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

  it('drops floor((1 - p/100) * all) values from the top, as trtexec', () => {
    expect(percentileOfSorted(upTo(100), 99)).toBe(99);
    expect(percentileOfSorted(upTo(10), 90)).toBe(9);
    expect(percentileOfSorted(upTo(9), 90)).toBe(9);
    expect(percentileOfSorted(upTo(250), 95)).toBe(238);
    expect(percentileOfSorted(upTo(10), 100)).toBe(10);
    expect(percentileOfSorted(upTo(10), 0)).toBe(1);
    expect(percentileOfSorted([], 50)).toBeNaN();
  });
});

describe('medianOfSorted', () => {
  it('is the middle or the mean of the two in the middle', () => {
    expect(medianOfSorted([1, 5, 9])).toBe(5);
    expect(medianOfSorted([1, 5, 6, 9])).toBe(5.5);
    expect(medianOfSorted([])).toBeNaN();
  });
});

describe('isBeyondChance', () => {
  it("is what McNemar's exact test says at 5 %, whatever the bootstrap interval includes", () => {
    // Seven losses, one gain of 48: the interval leaves 0 out, the test does not reject.
    const compared = comparePaired({ images: 48, losses: 7, gains: 1 });
    if (compared === null) throw new Error('nothing compared');
    expect(compared.mcnemarP).toBeCloseTo(0.0703, 4);
    expect(compared.interval95[1]).toBeLessThan(0);
    expect(isBeyondChance(compared)).toBe(false);
    expect(isBeyondChance({ mcnemarP: 0.049 })).toBe(true);
  });
});

describe('studentQuantile', () => {
  it.each([
    // From numerical integration of the density.
    [0.975, 5, 2.5706],
    [0.99, 7, 2.998],
    [0.992, 9, 2.956],
    [0.997, 19, 3.097],
    [0.5, 8, 0],
    [0.01, 12, -2.681],
  ])('is that of tables for %d with %i degrees', (p, degrees, expected) => {
    expect(Math.abs(studentQuantile(p, degrees) - expected)).toBeLessThan(0.02 * Math.max(1, Math.abs(expected)));
  });
});

describe('outliersOf', () => {
  it('finds outliers that hide each other, and keeps a sample without outliers', () => {
    // Two far values raise the standard deviation, so that neither lies beyond three of them.
    const values = [1.0, 1.02, 0.98, 1.5, 1.01, 0.99, 1.52, 1.0, 1.03, 0.97];
    expect([...outliersOf(values, 0.02)].sort()).toEqual([3, 6]);
    expect(outliersOf([1.0, 1.02, 0.98, 1.01, 0.99, 1.03], 0.02).size).toBe(0);
    expect(outliersOf([2, 2, 2, 2, 2, 2], 0.02).size).toBe(0);
  });
});
