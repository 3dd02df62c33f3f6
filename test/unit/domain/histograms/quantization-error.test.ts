import { describe, expect, it } from 'vitest';
import { foldHistogram } from '../../../../src-shared/domain/histograms/folded-histogram';
import {
  createErrorModel,
  errorAt,
  evaluateThreshold,
  mseThreshold,
  searchMse,
} from '../../../../src-shared/domain/histograms/quantization-error';
import { sampleValues, SHAPE_NAMES, slowHistogram } from './histogram-samples';

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** What quantizing really does to the values themselves: no histogram. */
function trueError(
  values: Float32Array,
  threshold: number,
): { rounding: number; clipping: number; clipped: number; power: number; levels: number } {
  const scale = threshold / 127;
  const result = { rounding: 0, clipping: 0, clipped: 0, power: 0, levels: 0 };
  const used = new Set<number>();
  for (const x of values) {
    const q = Math.min(127, Math.max(-127, roundHalfEven(x / scale)));
    used.add(q + 0);
    result.power += x ** 2 / values.length;
    if (Math.abs(x) > threshold) {
      result.clipping += (Math.abs(x) - threshold) ** 2 / values.length;
      result.clipped += 1 / values.length;
    } else {
      result.rounding += (q * scale - x) ** 2 / values.length;
    }
  }
  return { ...result, levels: used.size };
}

const SMOOTH = ['normal', 'relu', 'laplace', 'sigmoid', 'bimodal', 'huge'];

describe('evaluateThreshold', () => {
  it.each(SMOOTH)('is what quantizing the values does: %s', (shape) => {
    const values = sampleValues(shape, 60_000, 21);
    const histogram = slowHistogram(values);
    const amax = Math.max(histogram.max, -histogram.min);
    for (const ratio of [1, 0.7, 0.31, 0.06, 0.02]) {
      const truth = trueError(values, ratio * amax);
      const found = evaluateThreshold(histogram, ratio * amax);
      expect(found.sqnrDb).toBeCloseTo(10 * Math.log10(truth.power / (truth.rounding + truth.clipping)), 0);
      expect(Math.abs(found.clippedFraction - truth.clipped)).toBeLessThan(2e-4);
      expect(Math.abs(found.clippingMse - truth.clipping)).toBeLessThanOrEqual(
        2e-3 * truth.clipping + 1e-9 * truth.power,
      );
      expect(found.roundingMse / truth.rounding).toBeGreaterThan(0.8);
      expect(found.roundingMse / truth.rounding).toBeLessThan(1.25);
    }
  });

  it('counts the quantized values that occur', () => {
    for (const shape of ['normal', 'relu', 'pixels', 'fewLevels']) {
      const values = sampleValues(shape, 50_000, 8);
      const threshold = shape === 'fewLevels' ? 4 : 1;
      expect(
        Math.abs(evaluateThreshold(slowHistogram(values), threshold).levelsUsed - trueError(values, threshold).levels),
      ).toBeLessThanOrEqual(1);
    }
    expect(evaluateThreshold(slowHistogram([-1, 0, 1]), 1).levelsUsed).toBe(3);
  });

  it('has exact values in simple cases', () => {
    // One value on the edge of its bin, clipped to half: error 1/4 of each of 3 values, one of them zero.
    const clipped = evaluateThreshold(slowHistogram([1, -1, 0]), 0.5);
    expect([clipped.roundingMse, clipped.clippedFraction]).toEqual([0, 2 / 3]);
    expect(clipped.clippingMse).toBeCloseTo((2 * 0.25) / 3, 3);
    const whole = evaluateThreshold(slowHistogram([1, 1]), 1);
    expect([whole.roundingMse, whole.clippingMse, whole.clippedFraction, whole.sqnrDb]).toEqual([0, 0, 0, Infinity]);
  });

  it('clips everything at 0 and nothing above amax', () => {
    const histogram = slowHistogram(sampleValues('relu', 5_000, 3));
    const none = evaluateThreshold(histogram, 0);
    expect(none.sqnrDb).toBeCloseTo(0, 12);
    expect(none.clippedFraction).toBe(1 - histogram.zeroCount / 5_000);
    expect(none.levelsUsed).toBe(1);
    expect(evaluateThreshold(histogram, 1e-300).clippedFraction).toBeCloseTo(none.clippedFraction, 12);
    const wide = evaluateThreshold(histogram, 1.5 * histogram.max);
    expect([wide.clippingMse, wide.clippedFraction]).toEqual([0, 0]);
  });

  it('has no error for zeros and for nothing', () => {
    for (const values of [[], [0, -0], [Number.NaN]]) {
      const quality = evaluateThreshold(slowHistogram(values), 0);
      expect(quality).toMatchObject({ roundingMse: 0, clippingMse: 0, clippedFraction: 0, sqnrDb: Infinity });
    }
  });

  it('moves smoothly where bins stop being resolved (step of two bins)', () => {
    const histogram = slowHistogram(sampleValues('outlierChannel', 100_000, 6));
    const width = 2 ** histogram.exponent / 4096;
    const at = (bins: number): number => evaluateThreshold(histogram, bins * width).roundingMse;
    expect(at(254.5) / at(253.5)).toBeGreaterThan(0.95);
    expect(at(254.5) / at(253.5)).toBeLessThan(1.06);
  });
});

describe('searchMse', () => {
  it.each(SHAPE_NAMES)('is the smallest of all candidates: %s', (shape) => {
    const folded = foldHistogram(slowHistogram(sampleValues(shape, 5_000, 12)));
    const search = searchMse(folded);
    const model = createErrorModel(folded);
    const total = (threshold: number): number => {
      const error = errorAt(model, threshold);
      return error.roundingMse + error.clippingMse;
    };
    const bins = folded.counts.length;
    let best = 0;
    for (let i = Math.max(1, Math.ceil(bins / 16)); i <= bins; i += 1) {
      const threshold = Math.min(folded.amaxReal, i * folded.binWidthReal);
      if (best === 0 || total(threshold) <= total(best)) best = threshold;
    }
    expect(search.thresholdReal).toBe(best);
    expect(search.thresholdsReal.at(-1)).toBe(folded.amaxReal);
    expect(search.errors).toHaveLength(search.thresholdsReal.length);
  });

  it('cuts an outlier off where quantizing the values themselves says so', () => {
    const values = sampleValues('normal', 100_000, 2);
    values[0] = 40;
    const truth = (threshold: number): number => {
      const { rounding, clipping } = trueError(values, threshold);
      return rounding + clipping;
    };
    const smallest = Math.min(...Array.from({ length: 38 }, (_, i) => truth(3 + i)));
    const { thresholdReal } = searchMse(foldHistogram(slowHistogram(values)));
    expect(thresholdReal).toBeLessThan(35);
    expect(truth(thresholdReal)).toBeLessThan(1.01 * smallest);
  });

  it('finds 0 without values', () => {
    expect(searchMse(foldHistogram(slowHistogram([0])))).toEqual({
      thresholdReal: 0,
      thresholdsReal: new Float64Array(),
      errors: new Float64Array(),
    });
  });
});

describe('mseThreshold', () => {
  it.each(SHAPE_NAMES)('finds what the complete search finds: %s', (shape) => {
    for (const [i, count] of [1, 2, 30, 1_000, 50_000].entries()) {
      const folded = foldHistogram(slowHistogram(sampleValues(shape, count, 20 + i)));
      expect(mseThreshold(folded)).toBe(searchMse(folded).thresholdReal);
    }
  });

  it.each([[[]], [[0, 0]], [[Number.NaN, Infinity]], [[-0.3, -0.3]], [[2 ** -149, 2 ** -140]], [[3.4e38, 1e38, 1]]])(
    'finds what the complete search finds: %j',
    (values) => {
      const folded = foldHistogram(slowHistogram(values.map(Math.fround)));
      expect(mseThreshold(folded)).toBe(searchMse(folded).thresholdReal);
    },
  );

  it('takes the largest of candidates with exactly the same error', () => {
    // No value lies between 1/16 of the range and its top: without the value at the top, all candidates are equal.
    const folded = { ...foldHistogram(slowHistogram([0, 1])), counts: new Float64Array(4_096), zeroCount: 5 };
    expect(new Set(searchMse(folded).errors).size).toBe(1);
    expect(mseThreshold(folded)).toBe(folded.amaxReal);
  });
});
