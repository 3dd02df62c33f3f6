import { describe, expect, it } from 'vitest';
import {
  classCurves,
  PrecisionCalculator,
  sortDetections,
} from '../../../../src-shared/domain/measures/average-precision';
import { truthOfDetections } from '../../../../src-shared/domain/measures/detection-images';
import { matchDetections } from '../../../../src-shared/domain/measures/detection-matching';
import { differenceOf, judge, type MeasuredSet } from '../../../../src-shared/domain/measures/judge';
import { judgeCustom } from '../../../../src-shared/domain/measures/judge-custom';
import {
  classificationSet,
  cosineSet,
  detectionSet,
  meanSet,
  segmentationSet,
} from '../../../../src-shared/domain/measures/measured-sets';
import { countRegions } from '../../../../src-shared/domain/measures/regions';
import { createRandom } from '../../../../src-shared/domain/random';
import { comparePaired } from '../../../../src-shared/domain/statistics';
import { DETECTION_CONVENTIONS } from '../../../../src-shared/domain/tasks/task';
import { inventDetections, inventScene } from '../../../support/detection-scenes';

const random = createRandom(3);
const scenes = Array.from({ length: 40 }, () => inventScene(random, 4));
const groups = scenes.map((_, i) => (i % 4 === 0 ? 'night' : i % 4 === 1 ? null : 'day'));

describe.each(DETECTION_CONVENTIONS)('detections judged by the convention %s', (convention) => {
  const matched = scenes.map(({ detections, truth }) => matchDetections(detections, truth, convention));
  const worse = scenes.map(({ truth }) => matchDetections(inventDetections(random, truth, 4, 0.3), truth, convention));

  it('an image that counts several times gives the value of its copies', () => {
    const weights = scenes.map((_, i) => i % 3);
    const copies = matched.flatMap((image, i) => Array.from({ length: i % 3 }, () => image));
    const valueOf = (images: typeof matched): PrecisionCalculator =>
      new PrecisionCalculator(classCurves(sortDetections(images, convention)), convention);
    expect(valueOf(matched).mean(weights)).toBeCloseTo(valueOf(copies).mean(null), 12);
  });

  it('the value of a group is that of its images alone, and the worst group is named', () => {
    const own = judge(detectionSet(matched, convention), null, groups);
    for (const name of ['day', 'night']) {
      const alone = judge(
        detectionSet(
          matched.filter((_, i) => groups[i] === name),
          convention,
        ),
        null,
        [],
      );
      expect(own?.groups[name]?.value).toBeCloseTo(alone?.measure.value ?? -1, 10);
    }
    const values = ['day', 'night'].map((name) => own?.groups[name]?.value ?? 0);
    expect(own?.worstGroup?.value).toBe(Math.min(...values));
  });

  it('the interval of a clear loss excludes 0, and the same input gives the same interval', () => {
    const [variant, fp32] = [detectionSet(worse, convention), detectionSet(matched, convention)];
    const difference = differenceOf(variant, fp32);
    expect(difference?.value).toBeLessThan(-5);
    expect(difference?.interval95[1]).toBeLessThan(0);
    expect(difference?.interval95[0]).toBeLessThan(difference?.value ?? 0);
    expect(differenceOf(variant, fp32)).toEqual(difference);
  });

  it('FP32 reaches the highest value against its own detections', () => {
    const own = scenes.map(({ detections }) => matchDetections(detections, truthOfDetections(detections), convention));
    // The trapezoids of Ultralytics end at precision 0, so that a perfect detector reaches 99.5.
    const highest = convention === 'coco' ? 100 : 99.5;
    expect(judge(detectionSet(own, convention), null, groups)?.measure.value).toBeCloseTo(highest, 10);
  });
});

describe('other measures', () => {
  it('top-1 has the interval and the test of paired classifications', () => {
    const labels = Array.from({ length: 200 }, (_, i) => (i % 10 === 9 ? -1 : i % 5));
    const fp32 = labels.map((label, i) => (i % 7 === 0 ? 4 - label : label));
    const variant = labels.map((label, i) => (i % 6 === 0 ? 4 - label : label));
    const found = judge(classificationSet(variant, labels), classificationSet(fp32, labels), []);
    const counted = labels.map((_, i) => i).filter((i) => (labels[i] ?? -1) >= 0);
    const isRight = (answers: readonly number[], i: number): boolean => answers[i] === labels[i];
    const expected = comparePaired({
      images: counted.length,
      losses: counted.filter((i) => isRight(fp32, i) && !isRight(variant, i)).length,
      gains: counted.filter((i) => !isRight(fp32, i) && isRight(variant, i)).length,
    });
    expect(found?.images).toBe(180);
    expect(found?.difference?.value).toBeCloseTo(expected?.top1Difference ?? 99, 10);
    expect(found?.difference?.interval95).toEqual(expected?.interval95);
    expect(found?.difference?.p).toBe(expected?.mcnemarP);
  });

  it('mIoU sums pixels over images and ignores images without a mask', () => {
    const set = segmentationSet([
      countRegions([0, 0, 1, 1], [0, 0, 0, 1], 3),
      null,
      countRegions([1, 1, 1, 2], [1, 1, 1, 1], 3),
    ]);
    const own = judge(set, null, [null, null, null]);
    // Class 0: 2 of 3 pixels; class 1: 1 + 3 of 2 + 4 pixels; class 2 does not occur in the truth.
    expect(own?.measure).toEqual({ name: 'mIoU', value: (100 * (2 / 3 + 4 / 6)) / 2, higherIsBetter: true });
    expect(own?.images).toBe(2);
    expect(own?.perClass.map(({ label }) => label)).toEqual([0, 1]);
  });

  it('an embedding that cannot be compared counts as 0', () => {
    expect(judge(cosineSet([1, Number.NaN, 0.5], [true, true, false]), null, [])?.measure.value).toBe(50);
  });

  it('a measure that is better when lower names the group with the highest value as the worst', () => {
    const error: MeasuredSet = { ...meanSet('error', [1, 2, 3, 4]), higherIsBetter: false };
    expect(judge(error, null, ['a', 'a', 'b', 'b'])?.worstGroup).toEqual({ name: 'b', value: 3.5 });
  });

  it('is unknown if no image counts', () => {
    expect(judge(classificationSet([1, 2], [-1, -1]), null, [null, null])).toBeNull();
    expect(judge(detectionSet([matchDetections(emptyDetections(), [], 'coco')], 'coco'), null, [null])).toBeNull();
  });

  it('keeps groups whose names are those of object members', () => {
    const own = judge(meanSet('score', [1, 2]), null, ['__proto__', 'constructor']);
    expect(Object.keys(own?.groups ?? {}).sort()).toEqual(['__proto__', 'constructor']);
  });
});

describe("a user's own metric", () => {
  const summarize = (records: readonly unknown[]): Promise<{ name: string; value: number; higherIsBetter: boolean }> =>
    Promise.resolve({
      name: 'error',
      value: records.reduce<number>((sum, own) => sum + Number(own), 0) / records.length,
      higherIsBetter: false,
    });

  it('is summarized for all images, for groups and for the interval', async () => {
    const fp32 = Array.from({ length: 60 }, (_, i) => i % 3);
    const variant = fp32.map((value, i) => (i === 7 ? undefined : value + (i % 2)));
    const own = await judgeCustom(
      variant,
      fp32,
      fp32.map((_, i) => (i < 30 ? 'a' : 'b')),
      summarize,
    );
    expect(own?.images).toBe(59);
    expect(own?.measure.name).toBe('error');
    expect(own?.difference?.value).toBeCloseTo(29 / 59, 10);
    expect(own?.difference?.interval95[0]).toBeGreaterThan(0.3);
    expect(own?.difference?.interval95[1]).toBeLessThan(0.7);
    expect(own?.worstGroup?.value).toBe(Math.max(own?.groups['a']?.value ?? 0, own?.groups['b']?.value ?? 0));
  });
});

function emptyDetections(): { boxes: Float32Array; scores: Float32Array; classes: Int32Array } {
  return { boxes: new Float32Array(), scores: new Float32Array(), classes: new Int32Array() };
}
