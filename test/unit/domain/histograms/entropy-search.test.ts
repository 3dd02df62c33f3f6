import { describe, expect, it } from 'vitest';
import {
  entropyBins,
  ENTROPY_BINS,
  entropyIndex,
  searchEntropy,
} from '../../../../src-shared/domain/histograms/entropy-search';
import { foldHistogram } from '../../../../src-shared/domain/histograms/folded-histogram';
import { createRandom } from '../../../../src-shared/domain/random';
import { entropyCurve, entropyThreshold } from '../../../../src-shared/domain/histograms/thresholds';
import { lastMinimum, slowDivergences } from './entropy-reference';
import { sampleValues, SHAPE_NAMES, slowHistogram } from './histogram-samples';

const sum = (values: Float64Array): number => values.reduce((total, x) => total + x, 0);

function expectSameSearch(bins: Float64Array): void {
  const search = searchEntropy(bins);
  const reference = slowDivergences(bins);
  expect(search).not.toBeNull();
  if (search === null) return;
  const wrong = [...reference.entries()].filter(([c, expected]) => {
    const found = search.divergences[c] ?? Number.NaN;
    return !(expected === Infinity ? found === Infinity : Math.abs(found - expected) < 2e-13);
  });
  expect(wrong).toEqual([]);
  expect(search.index).toBe(lastMinimum(reference, 1e-12));
}

describe('entropy search', () => {
  it.each(SHAPE_NAMES)('agrees with direct summation on %s', (shape) => {
    for (const seed of [1, 2]) {
      expectSameSearch(entropyBins(foldHistogram(slowHistogram(sampleValues(shape, 20_000, seed)))));
    }
  });

  it('agrees with direct summation on random bins with gaps and an empty top, as on a grid that is not capped', () => {
    const random = createRandom(7);
    for (let round = 0; round < 8; round += 1) {
      const top = 300 + Math.floor(random.nextUnit() * 1748);
      const density = random.nextUnit();
      const bins = Float64Array.from({ length: ENTROPY_BINS }, (_, i) =>
        i < top && random.nextUnit() < density ? Math.floor(1e6 * random.nextUnit() * Math.exp((-6 * i) / top)) : 0,
      );
      bins[1] = 5;
      expectSameSearch(bins);
    }
  });

  it('takes the last of exact ties', () => {
    // Levels of equal bins lose nothing: every multiple of 128 that cuts nothing off has divergence 0.
    const flat = new Float64Array(ENTROPY_BINS).fill(3, 0, 1024);
    expect(searchEntropy(flat)?.index).toBe(lastMinimum(slowDivergences(flat), 1e-12));
    expect(searchEntropy(new Float64Array(ENTROPY_BINS).fill(1))?.index).toBe(2048);
  });

  it('replaces the first bin by the second, so that zeros do not count', () => {
    const bins = entropyBins(foldHistogram(slowHistogram(sampleValues('laplace', 5_000, 3))));
    const withZeros = bins.slice();
    withZeros[0] = 1e9;
    expect(searchEntropy(withZeros)).toEqual(searchEntropy(bins));
  });

  it('finds nothing in an empty histogram or in one of zeros only', () => {
    expect(searchEntropy(new Float64Array(ENTROPY_BINS))).toBeNull();
    expect(entropyCurve(foldHistogram(slowHistogram([0, -0, 0])))).toBeNull();
    expect(entropyCurve(foldHistogram(slowHistogram([])))).toBeNull();
  });
});

describe('entropyIndex', () => {
  it.each(SHAPE_NAMES)('finds what the whole search finds on %s', (shape) => {
    for (const [seed, count] of [
      [11, 20_000],
      [12, 300],
      [13, 3],
    ] as const) {
      const folded = foldHistogram(slowHistogram(sampleValues(shape, count, seed)));
      const curve = entropyCurve(folded);
      expect(entropyThreshold(folded)).toEqual(
        curve === null ? null : { thresholdReal: curve.thresholdReal, index: curve.index },
      );
    }
  });

  it('finds what the whole search finds on random bins: smooth, with gaps, few, fractional and of any size', () => {
    const random = createRandom(29);
    for (let round = 0; round < 40; round += 1) {
      const top = 1 + Math.floor(random.nextUnit() * ENTROPY_BINS);
      const density = random.nextUnit() < 0.3 ? 1 : random.nextUnit() ** 3;
      const decay = random.nextUnit() < 0.2 ? 0 : 40 * random.nextUnit() ** 2;
      const largest = 10 ** (12 * random.nextUnit());
      const isWhole = random.nextUnit() < 0.7;
      const bins = Float64Array.from({ length: ENTROPY_BINS }, (_, i) => {
        if (i >= top || random.nextUnit() > density) return 0;
        const count = largest * (0.1 + random.nextUnit()) * Math.exp((-decay * i) / top);
        return isWhole ? Math.ceil(count) : count;
      });
      if (random.nextUnit() < 0.5) bins[ENTROPY_BINS - 1] = 1 + Math.floor(largest * random.nextUnit());
      expect(entropyIndex(bins)).toBe(searchEntropy(bins)?.index ?? null);
    }
  });

  it('takes the last of exact ties and finds nothing where there is nothing', () => {
    expect(entropyIndex(new Float64Array(ENTROPY_BINS).fill(1))).toBe(2048);
    const flat = new Float64Array(ENTROPY_BINS).fill(3, 0, 1024);
    expect(entropyIndex(flat)).toBe(lastMinimum(slowDivergences(flat), 1e-12));
    expect(entropyIndex(new Float64Array(ENTROPY_BINS))).toBeNull();
  });
});

describe('entropyBins', () => {
  it('keeps the number of values and puts the largest into the last bin', () => {
    for (const shape of SHAPE_NAMES) {
      const folded = foldHistogram(slowHistogram(sampleValues(shape, 4_000, 5)));
      const bins = entropyBins(folded);
      expect(sum(bins)).toBeCloseTo(4_000, 7);
      expect(bins[ENTROPY_BINS - 1]).toBeGreaterThan(0);
    }
  });

  it('copies bin by bin where both grids coincide', () => {
    // amax = 1 on the grid of exponent 1: 2048 fine bins below 1 are the coarse bins, 1 itself joins the last one.
    const bins = entropyBins(foldHistogram(slowHistogram([0, 0, 1 / 4096, 0.5, 0.75, 0.75, 1])));
    expect([bins[0], bins[1024], bins[1536], bins[2047]]).toEqual([3, 1, 2, 1]);
  });

  it('splits a straddling bin in proportion', () => {
    // amax = 1.5, fine width 1/2048, coarse width 1.5/2048: fine bin 1 spans coarse 2/3 .. 4/3.
    const bins = entropyBins(foldHistogram(slowHistogram([1.25 / 2048, 1.5])));
    expect(bins[0]).toBeCloseTo(0.5, 12);
    expect(bins[1]).toBeCloseTo(0.5, 12);
    expect(bins[2047]).toBe(1);
  });
});

describe('entropyCurve', () => {
  it('gives T = (i* + 1/2) bins, at most amax', () => {
    const constant = entropyCurve(foldHistogram(slowHistogram([3, 3, 3])));
    expect([constant?.index, constant?.thresholdReal]).toEqual([2048, 3]);
    const folded = foldHistogram(slowHistogram(sampleValues('outlierChannel', 20_000, 9)));
    const curve = entropyCurve(folded);
    expect(curve?.thresholdReal).toBe(((curve?.index ?? 0) + 0.5) * (folded.amaxReal / 2048));
    expect(curve?.thresholdsReal.length).toBe(1921);
    expect(curve?.thresholdsReal[1920]).toBe(folded.amaxReal);
  });
});
