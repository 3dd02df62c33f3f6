import { describe, expect, it } from 'vitest';
import {
  cumulativeShares,
  driftFromRatio,
  driftRatio,
  driftReferences,
  meanRatio,
  squaredDistance,
  type Fold,
} from '../../../../src-shared/domain/histograms/drift';
import { BIN_COUNT, exponentFor } from '../../../../src-shared/domain/histograms/histogram';
import { createRandom } from '../../../../src-shared/domain/random';
import { slowHistogram } from './histogram-samples';

const EXPONENT = 5;
const WIDTH = 2 ** EXPONENT / BIN_COUNT;

/** Values of one image: normal around a mean that is the image's own. */
function imageSource(seed: number) {
  const random = createRandom(seed);
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(random.nextUnit() + 1e-12)) * Math.cos(2 * Math.PI * random.nextUnit());
  return (mean: number, values = 200): number[] => {
    const own = mean + normal();
    return Array.from({ length: values }, () => own + 0.5 * normal());
  };
}

const images = (next: ReturnType<typeof imageSource>, count: number, mean: number): number[][] =>
  Array.from({ length: count }, () => next(mean));
const sharesOf = (values: number[]): Float64Array => cumulativeShares(slowHistogram(values), EXPONENT);
const foldsOf = (all: number[][], count: number, group: string | null = null): Fold[] =>
  Array.from({ length: count }, (_, fold) => {
    const own = all.filter((_image, i) => i % count === fold);
    return { group, images: own.length, shares: sharesOf(own.flat()) };
  });
const driftOf = (folds: readonly Fold[], field: number[][], reference = 0): ReturnType<typeof driftFromRatio> => {
  const chosen = driftReferences(folds)[reference];
  if (!chosen) throw new Error('no reference');
  return driftFromRatio(driftRatio(chosen, sharesOf(field.flat())) ?? Number.NaN, {
    reference: chosen.images,
    field: field.length,
  });
};

describe('cumulativeShares', () => {
  it('is the share of values up to every bin edge, over both signs, on a coarser grid too', () => {
    const values = [-3, -0.25, -0.25, 0, 0, 0.5, 1.5, Number.NaN, Infinity];
    const histogram = slowHistogram(values);
    for (const exponent of [histogram.exponent, EXPONENT]) {
      const shares = cumulativeShares(histogram, exponent);
      const width = 2 ** exponent / BIN_COUNT;
      const upTo = (x: number): number => shares[BIN_COUNT + Math.floor(x / width)] ?? Number.NaN;
      expect(upTo(-3 + 2 * width)).toBeCloseTo(1 / 7, 12);
      expect(upTo(-0.25 + 2 * width)).toBeCloseTo(3 / 7, 12);
      expect(upTo(0)).toBeCloseTo(5 / 7, 12);
      expect(upTo(0.5)).toBeCloseTo(6 / 7, 12);
      expect(upTo(1.5)).toBe(1);
      expect(shares.at(-1)).toBe(1);
    }
  });

  it('gives squared distances that are the integral of the squared difference of distributions', () => {
    // Two point masses at 1 and 3: the distributions differ by 1 between them.
    expect(squaredDistance(sharesOf([1]), sharesOf([3])) * WIDTH).toBeCloseTo(2, 2);
    // Half of the values moved by 2: 0.25 over a length of 2.
    expect(squaredDistance(sharesOf([1, 5]), sharesOf([1, 7])) * WIDTH).toBeCloseTo(0.5, 2);
  });
});

describe('driftReferences', () => {
  it('learns from folds the spread that single images have', () => {
    const all = images(imageSource(1), 512, 4);
    const [reference] = driftReferences(foldsOf(all, 64));
    const single = all.map(sharesOf);
    const mean = sharesOf(all.flat());
    const spread = single.reduce((sum, shares) => sum + squaredDistance(shares, mean), 0) / (single.length - 1);
    expect((reference?.spread ?? 0) / spread).toBeGreaterThan(0.75);
    expect((reference?.spread ?? 0) / spread).toBeLessThan(1.3);
    expect(reference?.images).toBe(512);
  });

  it('has no unit where images do not differ', () => {
    const [reference] = driftReferences(
      foldsOf(
        Array.from({ length: 8 }, () => [1, 2]),
        4,
      ),
    );
    expect(reference && driftRatio(reference, sharesOf([5]))).toBeNull();
    expect(meanRatio([null, 2, 4, null])).toBe(3);
    expect(meanRatio([null])).toBeNull();
  });
});

describe('drift', () => {
  const folds = foldsOf(images(imageSource(2), 512, 4), 64);

  it('is about 0 for other images of the same kind, however few or many', () => {
    for (const [seed, count] of [
      [3, 8],
      [4, 16],
      [5, 64],
      [6, 400],
    ] as const) {
      const { drift, driftAtLeast } = driftOf(folds, images(imageSource(seed), count, 4));
      expect(driftAtLeast).toBeLessThan(0.35);
      expect(drift).toBeLessThan(1.2 / Math.sqrt(count) + 0.1);
    }
  });

  it('grows with the shift, and not with the number of images', () => {
    const at = (mean: number, count: number): number =>
      driftOf(folds, images(imageSource(7), count, mean)).driftAtLeast;
    expect(at(6, 64)).toBeGreaterThan(1);
    expect(at(8, 64)).toBeGreaterThan(at(6, 64));
    expect(at(8, 400) / at(8, 64)).toBeGreaterThan(0.85);
    expect(at(8, 400) / at(8, 64)).toBeLessThan(1.25);
  });

  it('is that from the nearest group: one that the set has is covered, although it is not the mixture', () => {
    const next = imageSource(8);
    const both = [...foldsOf(images(next, 256, 4), 32, 'day'), ...foldsOf(images(next, 256, 12), 32, 'night')];
    const references = driftReferences(both);
    expect(references.map(({ group }) => group)).toEqual([null, 'day', 'night']);
    const night = images(next, 64, 12);
    expect(driftOf(both, night, 0).drift).toBeGreaterThan(0.5);
    expect(driftOf(both, night, 1).drift).toBeGreaterThan(3);
    expect(driftOf(both, night, 2).driftAtLeast).toBeLessThan(0.2);
  });

  it('takes off more noise for fewer images', () => {
    const ratio = 1.2;
    expect(driftFromRatio(ratio, { reference: 400, field: 400 }).driftAtLeast).toBeGreaterThan(
      driftFromRatio(ratio, { reference: 400, field: 4 }).driftAtLeast,
    );
    expect(driftFromRatio(0.1, { reference: 400, field: 8 })).toEqual({ drift: 0, driftAtLeast: 0 });
  });
});

it('keeps its grid for the values of these tests', () => {
  expect(exponentFor(20)).toBeLessThanOrEqual(EXPONENT);
});
