import { describe, expect, it } from 'vitest';
import {
  boxDifferences,
  countsOf,
  imageF1,
  truthOfDetections,
} from '../../../../src-shared/domain/measures/detection-images';
import { matchDetections } from '../../../../src-shared/domain/measures/detection-matching';
import { summarizeDetections } from '../../../../src-shared/domain/measures/detection-summary';
import { countRegions, pixelAccuracy, classRegions, sumRegions } from '../../../../src-shared/domain/measures/regions';
import { cosine, retrieve } from '../../../../src-shared/domain/measures/retrieval';
import type { Detections } from '../../../../src-shared/domain/tasks/answer';
import type { TruthBox } from '../../../../src-shared/domain/tasks/truth';

type Row = readonly [x1: number, y1: number, x2: number, y2: number, score: number, label: number];
const detections = (...rows: readonly Row[]): Detections => ({
  boxes: Float32Array.from(rows.flatMap((row) => row.slice(0, 4))),
  scores: Float32Array.from(rows, (row) => row[4]),
  classes: Int32Array.from(rows, (row) => row[5]),
});
const box = (x1: number, y1: number, x2: number, y2: number): TruthBox => ({ label: 0, x1, y1, x2, y2 });

describe('one image', () => {
  const truth = [
    box(0, 0, 10, 10),
    box(20, 0, 30, 10),
    { ...box(40, 0, 50, 10), label: 1 },
    { ...box(0, 50, 90, 90), isCrowd: true },
  ];
  const found = detections(
    [0, 0, 10, 10, 0.9, 0],
    [20, 0, 36, 10, 0.8, 0],
    [40, 0, 50, 10, 0.7, 0],
    [10, 60, 20, 70, 0.6, 0],
    [20, 0, 30, 10, 0.1, 0],
  );

  it('lists missed, added and moved boxes', () => {
    const own = boxDifferences(found, truth);
    expect(own.kept.map(({ detection }) => detection)).toEqual([0]);
    expect(own.moved.map(({ detection, iou }) => [detection, iou])).toEqual([[1, 10 / 16]]);
    expect(own.added).toEqual([2]);
    expect(own.missed).toEqual([truth[2]]);
  });

  it('counts found, wrong and missed objects among clear detections', () => {
    const counts = countsOf(matchDetections(found, truth, 'coco'), 'coco');
    expect(counts).toEqual({ found: 2, wrong: 1, missed: 1 });
    expect(imageF1(counts)).toBeCloseTo(200 / 3, 12);
    expect(imageF1({ found: 0, wrong: 0, missed: 0 })).toBe(100);
  });

  it('lets any number of detections lie on a difficult box without counting it', () => {
    const difficult = { ...box(0, 0, 10, 10), isDifficult: true };
    const two = detections([0, 0, 10, 10, 0.9, 0], [0, 0, 10, 9, 0.8, 0]);
    expect(countsOf(matchDetections(two, [difficult], 'coco'), 'coco')).toEqual({ found: 0, wrong: 0, missed: 0 });
    expect(countsOf(matchDetections(two, [difficult], 'ultralytics'), 'ultralytics').wrong).toBe(2);
  });

  it('takes clear detections of FP32 as the truth', () => {
    expect(truthOfDetections(found)).toHaveLength(4);
    expect(truthOfDetections(found, 0.75)).toEqual([box(0, 0, 10, 10), box(20, 0, 36, 10)]);
  });

  it('survives boxes and scores that are no numbers', () => {
    const odd = detections([Number.NaN, 0, 10, 10, 0.9, 0], [0, 0, 10, 10, Number.NaN, 0], [5, 5, 1, 1, 0.5, 0]);
    const matched = matchDetections(odd, truth, 'coco');
    expect(matched.scores).toHaveLength(2);
    expect(summarizeDetections([matched], 'coco').ap).toBe(0);
    expect(summarizeDetections([matchDetections(odd, truth, 'ultralytics')], 'ultralytics').ap).toBe(0);
  });
});

describe('regions', () => {
  it('leave out ignored pixels and labels beyond the classes', () => {
    const counts = countRegions([0, 1, 1, 2, 9], [0, 1, 255, 7, 1], 2, 255);
    expect([...counts.truth]).toEqual([1, 2]);
    expect([...counts.predicted]).toEqual([1, 1]);
    expect([...counts.intersection]).toEqual([1, 1]);
    expect(() => countRegions([0], [0, 1], 2)).toThrow(/one size/);
  });

  it('give IoU, Dice and the part of right pixels', () => {
    const sums = sumRegions([countRegions([0, 0, 1, 1], [0, 1, 1, 1], 2)], null);
    expect(classRegions(sums)).toEqual([
      { label: 0, truth: 1, iou: 1 / 2, dice: 2 / 3 },
      { label: 1, truth: 3, iou: 2 / 3, dice: 4 / 5 },
    ]);
    expect(pixelAccuracy(sums)).toBe(3 / 4);
  });
});

describe('embeddings', () => {
  it('have a cosine unless one of them is zero or not finite', () => {
    expect(cosine(Float32Array.of(1, 0), Float32Array.of(1, 1))).toBeCloseTo(Math.SQRT1_2, 12);
    expect(cosine(Float32Array.of(0, 0), Float32Array.of(1, 1))).toBeNaN();
    expect(cosine(Float32Array.of(Number.NaN, 0), Float32Array.of(1, 1))).toBeNaN();
  });

  it('are retrieved among all other labelled images', () => {
    const at = (degrees: number): Float32Array =>
      Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));
    const own = retrieve([at(0), at(10), at(40), at(35), at(90), null], [0, 0, 0, 1, 2, 1]);
    // Image 0: 1 (right), 3 (wrong), 2 (right).
    expect(own.recallAt1[0]).toBe(1);
    expect(own.averagePrecision[0]).toBeCloseTo((1 + 2 / 3) / 2, 12);
    // Image 2: 3 (wrong) comes first.
    expect(own.recallAt1[2]).toBe(0);
    expect(own.averagePrecision[2]).toBeCloseTo((1 / 2 + 2 / 3) / 2, 12);
    // Image 4 has a label of its own; image 5 has no answer.
    expect(own.recallAt1[4]).toBeNaN();
    expect(own.recallAt1[5]).toBe(0);
  });

  it('that are all alike retrieve nothing', () => {
    const same = Array.from({ length: 6 }, () => Float32Array.of(1, 2));
    expect([...retrieve(same, [0, 0, 0, 1, 1, 1]).recallAt1]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
