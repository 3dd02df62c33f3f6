import { describe, expect, it } from 'vitest';
import { worstGroup, type Predictions, type ValidationImages } from '../../../../src-shared/domain/runs/accuracy';
import { buildVariantReport, type VariantResults } from '../../../../src-shared/domain/runs/accuracy-report';

/** Eight images: four by day (labels 0 0 1 1), four by night (labels 0 1 1 and one without a label). */
const IMAGES: ValidationImages = {
  files: ['d0', 'd1', 'd2', 'd3', 'n0', 'n1', 'n2', 'n3'],
  labels: Int32Array.of(0, 0, 1, 1, 0, 1, 1, -1),
  groups: ['day', 'day', 'day', 'day', 'night', 'night', 'night', 'night'],
  classNames: ['zero', 'one', 'two'],
};
const predictions = (...top1: readonly number[]): Predictions => ({ top1: Int32Array.from(top1) });
const FP32 = predictions(0, 0, 1, 1, 0, 1, 2, 2);

function report(changes: Partial<VariantResults>) {
  return buildVariantReport({ variant: 'int8', backend: 'ort-cpu', images: IMAGES, fp32: FP32, ...changes });
}

describe('buildVariantReport', () => {
  const int8 = report({
    predictions: { top1: Int32Array.of(0, 0, 1, 1, 2, 2, 1, 0), scores: [0.9, 0.9, 0.9, 0.9, 0.6, 0.8, 0.7, 0.5] },
  });

  it('counts top-1 over labelled images and agreement over all', () => {
    expect(int8.top1).toBeCloseTo((100 * 5) / 7);
    expect(int8.agreement).toBe(50);
    expect(int8).not.toHaveProperty('top5');
    expect(int8.measure).toEqual({ name: 'top-1', value: int8.top1, higherIsBetter: true });
    expect(int8.difference).toMatchObject({ value: -100 / 7, worseImages: 2, betterImages: 1, p: 1 });
  });

  it('gives each group and the worst one', () => {
    expect(int8.groups).toEqual({
      day: { images: 4, top1: 100, measure: 100, agreement: 100, worseImages: 0, betterImages: 0 },
      night: { images: 4, top1: 100 / 3, measure: 100 / 3, agreement: 0, worseImages: 2, betterImages: 1 },
    });
    expect(worstGroup(int8)).toEqual({ name: 'night', measure: 100 / 3, top1: 100 / 3 });
  });

  it('gives each class against FP32', () => {
    expect(int8.classes).toEqual([
      {
        label: 0,
        name: 'zero',
        images: 3,
        top1: 200 / 3,
        top1Fp32: 100,
        difference: -100 / 3,
        worseImages: 1,
        betterImages: 0,
      },
      { label: 1, name: 'one', images: 4, top1: 75, top1Fp32: 75, difference: 0, worseImages: 1, betterImages: 1 },
    ]);
  });

  it('counts what FP32 answered and the variant answers, with the true label', () => {
    expect(int8.confusions).toEqual([
      { label: null, from: 2, to: 0, count: 1 },
      { label: 0, from: 0, to: 2, count: 1 },
      { label: 1, from: 1, to: 2, count: 1 },
      { label: 1, from: 2, to: 1, count: 1 },
    ]);
  });

  it('compares pairs of labelled images only', () => {
    // Two losses (n0, n1) and one gain (n2) among seven.
    expect(int8.comparedToFp32).toMatchObject({ top1Difference: -100 / 7, mcnemarP: 1, fewImages: true });
  });

  it('lists lost images first, the surest wrong answer first', () => {
    expect(int8.worstImages.map((image) => image.file)).toEqual(['n1', 'n0', 'n2', 'n3']);
    expect(int8.worstImages[0]).toEqual({
      file: 'n1',
      label: 1,
      group: 'night',
      fp32: 1,
      answer: 2,
      score: expect.closeTo(0.8) as number,
    });
  });

  it('sorts confusions by count', () => {
    const many = report({ predictions: predictions(2, 2, 0, 1, 2, 1, 2, 2) });
    expect(many.confusions.map(({ from, to, count }) => [from, to, count])).toEqual([
      [0, 2, 3],
      [1, 0, 1],
    ]);
  });

  it('counts a failed image as wrong when FP32 answered it, and drops it when FP32 failed too', () => {
    const failing = report({ predictions: predictions(-1, 0, 1, 1, 0, 1, 2, 2) });
    expect(failing.top1).toBeCloseTo((100 * 5) / 7);
    expect(failing.confusions).toEqual([{ label: 0, from: 0, to: -1, count: 1 }]);
    const both = report({
      fp32: predictions(-1, 0, 1, 1, 0, 1, 2, 2),
      predictions: predictions(-1, 0, 1, 1, 0, 1, 2, 2),
    });
    expect(both.top1).toBeCloseTo((100 * 5) / 6);
    expect(both.groups['day']).toMatchObject({ images: 3, top1: 100, measure: 100, agreement: 100 });
  });

  it('compares FP32 with nothing', () => {
    const fp32 = report({ variant: 'fp32', predictions: FP32 });
    expect(fp32).not.toHaveProperty('comparedToFp32');
    expect(fp32).toMatchObject({ agreement: 100, confusions: [], worstImages: [] });
  });

  it('leaves out agreement and comparison without an FP32 pass', () => {
    const alone = buildVariantReport({ variant: 'int8', backend: 'ort-cpu', images: IMAGES, predictions: FP32 });
    expect(alone).not.toHaveProperty('agreement');
    expect(alone).not.toHaveProperty('comparedToFp32');
    expect(alone.classes[0]).toEqual({ label: 0, name: 'zero', images: 3, top1: 100 });
    expect(alone.groups['night']).toEqual({ images: 4, top1: 200 / 3, measure: 200 / 3 });
  });

  it('has no top-1 without labels, but agreement per group', () => {
    const images = { ...IMAGES, labels: new Int32Array(8).fill(-1) };
    const unlabelled = report({ images, predictions: predictions(0, 0, 1, 1, 0, 1, 2, 0) });
    expect(unlabelled).not.toHaveProperty('top1');
    expect(unlabelled).toMatchObject({ measure: { name: 'agreement with FP32', value: 87.5 }, againstFp32: true });
    expect(unlabelled).not.toHaveProperty('comparedToFp32');
    expect(unlabelled.groups['night']).toEqual({ images: 4, agreement: 75 });
    expect(unlabelled.classes).toEqual([]);
    expect(unlabelled.confusions).toEqual([{ label: null, from: 2, to: 0, count: 1 }]);
    expect(worstGroup(unlabelled)).toBeNull();
  });

  it('counts a label among the five as top-5', () => {
    const top5 = Int32Array.from(
      IMAGES.files.flatMap((_, index) => [9, 8, 7, 6, index < 4 ? (IMAGES.labels[index] ?? 0) : 5]),
    );
    expect(report({ predictions: { ...FP32, top5 } }).top5).toBeCloseTo((100 * 4) / 7);
  });

  it('gives a detector the error of its outputs, and no agreement', () => {
    const detector = report({
      outputSqnrDb: 21,
      outputs: [{ name: 'boxes', sqnrDb: Number.POSITIVE_INFINITY, cosine: 1 }],
    });
    expect(detector).toMatchObject({
      outputSqnrDb: 21,
      groups: {},
      outputs: [{ name: 'boxes', sqnrDb: null, cosine: 1 }],
    });
    expect(detector).not.toHaveProperty('top1');
    expect(detector).not.toHaveProperty('agreement');
  });

  it('survives JSON unchanged', () => {
    expect(JSON.parse(JSON.stringify(int8))).toEqual(int8);
  });

  it('refuses arrays of different length', () => {
    expect(() => report({ predictions: predictions(1, 2) })).toThrow('one entry of top1 for each of 8 images, found 2');
  });
});

describe('worstGroup', () => {
  it('takes the first by name of equals', () => {
    expect(
      worstGroup({
        groups: { b: { images: 1, measure: 50 }, a: { images: 1, measure: 50 }, c: { images: 1, measure: 51 } },
      }),
    ).toEqual({ name: 'a', measure: 50 });
  });
  it('takes the highest value of a metric of which less is better', () => {
    const groups = { a: { images: 1, measure: 1 }, b: { images: 1, measure: 2 } };
    const measure = { name: 'error', value: 1.5, higherIsBetter: false };
    expect(worstGroup({ groups, measure })).toEqual({ name: 'b', measure: 2 });
  });
});
