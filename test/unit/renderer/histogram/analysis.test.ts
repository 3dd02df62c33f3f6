import { describe, expect, it } from 'vitest';
import {
  analyse,
  comparableGroups,
  curvesOf,
  draggableRange,
  largestShown,
  readingAt,
} from '../../../../src-renderer/features/histogram/analysis';
import { groupField, readoutTexts, roundingShare } from '../../../../src-renderer/features/histogram/readout';
import { binWidthOf } from '../../../../src-shared/domain/histograms/histogram';
import { evaluateThreshold } from '../../../../src-shared/domain/histograms/quantization-error';
import { thresholdsOf } from '../../../../src-shared/domain/histograms/thresholds';
import { viewOf } from './support';

const day = Array.from({ length: 900 }, (_, i) => (i + 0.5) / 900);
const night = Array.from({ length: 100 }, (_, i) => -(i + 0.5) / 50);
const view = viewOf({ day, night });
const analysis = analyse(view);

describe('readingAt', () => {
  it('gives the numbers of the threshold table', () => {
    const reading = readingAt(analysis, 1.25);
    expect(reading).toMatchObject(evaluateThreshold(view.total, 1.25));
    expect(reading.scaleReal).toBe(Math.fround(1.25 / 127));
  });

  it('tells which group is clipped: day ends at 1, night goes on to 2', () => {
    const [dayReading, nightReading] = readingAt(analysis, 1).groups;
    expect(dayReading?.clippedFraction).toBe(0);
    expect(nightReading?.clippedFraction).toBeCloseTo(0.5, 2);
    expect(nightReading?.sqnrDb).toBeLessThan((dayReading?.sqnrDb ?? 0) - 10);
  });

  it('clips nothing at the largest |x|', () => {
    expect(readingAt(analysis, analysis.amaxReal)).toMatchObject({ clippedFraction: 0, clippingMse: 0 });
  });
});

it('the curves have their lowest point where the methods set their thresholds', () => {
  const { entropy, mse } = curvesOf(analysis);
  const thresholds = thresholdsOf(view.total, [99.99]);
  expect(entropy?.thresholdReal).toBe(thresholds.entropy);
  expect(mse.thresholdReal).toBe(thresholds.mse);
  expect(Math.min(...mse.errors)).toBe(mse.errors[mse.thresholdsReal.indexOf(mse.thresholdReal)]);
});

it('a tensor of zeros can be shown', () => {
  const zeros = analyse(viewOf({ only: [0, 0, 0] }));
  expect(curvesOf(zeros).entropy).toBeNull();
  expect(readingAt(zeros, 1)).toMatchObject({ sqnrDb: Number.POSITIVE_INFINITY, clippedFraction: 0 });
});

it('a threshold can be dragged from two bins to the largest threshold that exists', () => {
  expect(draggableRange(analysis, [1, 2.5])).toEqual({ min: analysis.binWidthReal * 2, max: 2.5 });
  expect(draggableRange(analysis, []).max).toBe(analysis.amaxReal);
});

it('a threshold far beyond the values does not stretch the chart until they vanish', () => {
  expect(draggableRange(analysis, [1, 1e9]).max).toBe(analysis.amaxReal);
  expect(largestShown(2, [7.5, 1e9, Number.POSITIVE_INFINITY])).toBe(7.5);
  // Nothing but zeros: the thresholds are all there is.
  expect(largestShown(0, [3])).toBe(3);
});

describe('readout', () => {
  it('names a field for every number, groups too', () => {
    const texts = readoutTexts(readingAt(analysis, 1), analysis.model.signalPower);
    // 127 levels by day, zero, and 51 of the negative ones at night.
    expect(texts).toMatchObject({ threshold: '1.00', scale: '0.00787', levels: '179' });
    expect(texts[groupField('day', 'clipped')]).toBe('0 %');
    expect(texts[groupField('night', 'clipped')]).toBe('50.0 %');
  });

  it('splits the error between rounding and clipping', () => {
    expect(roundingShare({ roundingMse: 1, clippingMse: 3 })).toBe(0.25);
    expect(roundingShare({ roundingMse: 0, clippingMse: 0 })).toBe(0);
  });
});

// `night` reaches further than `day`.
const unequal = viewOf({ day: [0.1, 0.1, -0.3, 0.9], night: [0.1, 3.5] });

it('groups that reach less far are drawn with the bins of the whole set: counts of a bin add up', () => {
  const groups = comparableGroups(unequal);
  expect(unequal.groups['day']?.exponent).toBe(0);
  expect(groups.map(({ histogram }) => histogram.exponent)).toEqual([2, 2]);
  const bin = Math.floor(0.1 / binWidthOf(unequal.total));
  expect(unequal.total.positive[bin]).toBe(3);
  expect(groups.map(({ histogram }) => histogram.positive[bin])).toEqual([2, 1]);
  expect(groups[0]?.histogram.negative[Math.floor(0.3 / binWidthOf(unequal.total))]).toBe(1);
  expect(groups[0]?.histogram).toMatchObject({ min: -0.3, max: 0.9, elementCount: 4 });
});

it('errors of a group still come from its own, finer bins', () => {
  const own = analyse(unequal).groups[0];
  expect(own?.model.folded.binWidthReal).toBe(2 ** -12);
  expect(own?.amaxReal).toBe(0.9);
});
