import { describe, expect, it } from 'vitest';
import {
  countIn,
  countScales,
  edgeOf,
  intervalOf,
  type CountScale,
} from '../../../../src-renderer/features/histogram/count-scale';
import { stepsOf } from '../../../../src-renderer/features/histogram/chart-geometry';
import type { TensorHistogram } from '../../../../src-shared/domain/histograms/histogram';
import { createRandom } from '../../../support/random';
import { histogramOf } from './support';

const IMAGENET = { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Every level of every channel `times` times, as float32. */
function levelsOf({ scale, mean, std }: typeof IMAGENET, times = 3): number[] {
  return mean.flatMap((shift, channel) =>
    Array.from({ length: 256 * times }, (_, i) => Math.fround(((i % 256) * scale - shift) / (std[channel] ?? 1))),
  );
}

/** Counts of every interval between the outermost ones that hold something; those two excluded. */
function inner(histogram: TensorHistogram, scale: CountScale, isSigned: boolean): number[] {
  const range = isSigned
    ? { min: histogram.min, max: histogram.max }
    : { min: 0, max: Math.max(-histogram.min, histogram.max) };
  const { counts } = stepsOf(histogram, { scale, range, columns: 10_000, isSigned });
  const first = counts.findIndex((count) => count > 0);
  return counts.slice(first + 2, counts.findLastIndex((count) => count > 0) - 2);
}

describe('the scale of an input of 8-bit images', () => {
  it('has one interval a level, so that even images make an even histogram', () => {
    const preprocessing = { scale: 1 / 255, mean: [0], std: [1] };
    const histogram = histogramOf(levelsOf(preprocessing));
    const { magnitude } = countScales(histogram, preprocessing);
    expect(magnitude.isLevels).toBe(true);
    expect(magnitude.widthReal).toBeCloseTo(1 / 255, 12);
    expect(new Set(inner(histogram, magnitude, false))).toEqual(new Set([3]));
    expect(countIn(histogram, magnitude, intervalOf(magnitude, 100 / 255), false)).toBe(3);
  });

  it.each([true, false])('fills every interval when the channels have grids of their own (signed: %s)', (isSigned) => {
    const histogram = histogramOf(levelsOf(IMAGENET));
    const scales = countScales(histogram, IMAGENET);
    const scale = isSigned ? scales.signed : scales.magnitude;
    expect(scale.isLevels).toBe(true);
    // Bins alone: most are empty. Levels: none is.
    const bins = inner(histogram, countScales(histogram, null).signed, isSigned);
    expect(bins.filter((count) => count === 0).length).toBeGreaterThan(bins.length / 2);
    expect(inner(histogram, scale, isSigned)).not.toContain(0);
  });

  it('loses and doubles no value', () => {
    const histogram = histogramOf(levelsOf(IMAGENET));
    const { signed } = countScales(histogram, IMAGENET);
    const [from, to] = [intervalOf(signed, histogram.min) - 1, intervalOf(signed, histogram.max) + 1];
    const sum = Array.from({ length: to - from + 1 }, (_, i) => countIn(histogram, signed, from + i, true)).reduce(
      (a, b) => a + b,
      0,
    );
    expect(sum).toBe(histogram.elementCount - histogram.zeroCount);
    expect(edgeOf(signed, from)).toBeLessThan(histogram.min);
  });

  it('is that of the bins for other data, for other tensors and where bins are wider than levels', () => {
    const random = createRandom(5);
    const smooth = histogramOf(Array.from({ length: 40_000 }, () => random() + random() - 1));
    expect(countScales(smooth, IMAGENET).signed.isLevels).toBe(false);
    const levels = histogramOf(levelsOf(IMAGENET));
    expect(countScales(levels, null).signed.isLevels).toBe(false);
    const withOutlier = histogramOf([...levelsOf({ scale: 1 / 255, mean: [0], std: [1] }), 40]);
    expect(countScales(withOutlier, { scale: 1 / 255, std: [1] }).magnitude.isLevels).toBe(false);
  });
});
