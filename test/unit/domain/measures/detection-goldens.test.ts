import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  classCurves,
  PrecisionCalculator,
  sortDetections,
} from '../../../../src-shared/domain/measures/average-precision';
import { matchDetections } from '../../../../src-shared/domain/measures/detection-matching';
import { type DetectionSummary, summarizeDetections } from '../../../../src-shared/domain/measures/detection-summary';
import type { Detections } from '../../../../src-shared/domain/tasks/answer';
import { DETECTION_CONVENTIONS } from '../../../../src-shared/domain/tasks/task';
import type { TruthBox } from '../../../../src-shared/domain/tasks/truth';
import { REPO_ROOT } from '../../../support/shared';

/** Written by test/support/detection_goldens.py. */
interface Goldens {
  readonly images: readonly {
    readonly truth: readonly TruthBox[];
    readonly boxes: readonly number[];
    readonly scores: readonly number[];
    readonly classes: readonly number[];
  }[];
  readonly coco: Omit<DetectionSummary, 'convention'>;
  readonly ultralytics: Omit<DetectionSummary, 'convention'>;
  readonly repeated: { readonly coco: number; readonly ultralytics: number };
}
const goldens = JSON.parse(readFileSync(join(REPO_ROOT, 'test/fixtures/detection-goldens.json'), 'utf8')) as Goldens;

const scenes = goldens.images.map(({ truth, boxes, scores, classes }) => ({
  truth,
  detections: {
    boxes: Float32Array.from(boxes),
    scores: Float32Array.from(scores),
    classes: Int32Array.from(classes),
  } satisfies Detections,
}));

function expectClose(found: unknown, expected: unknown, path: string): void {
  if (typeof expected === 'number') {
    expect(typeof found, path).toBe('number');
    expect(Math.abs((found as number) - expected), path).toBeLessThan(1e-9);
    return;
  }
  if (Array.isArray(expected)) {
    expect((found as unknown[]).length, path).toBe(expected.length);
    for (const [i, item] of expected.entries()) expectClose((found as unknown[])[i], item, `${path}[${i}]`);
    return;
  }
  if (typeof expected === 'object' && expected !== null) {
    for (const [key, item] of Object.entries(expected)) {
      expectClose((found as Record<string, unknown>)[key], item, `${path}.${key}`);
    }
    return;
  }
  expect(found, path).toBe(expected);
}

describe.each(DETECTION_CONVENTIONS)('scores of the convention %s', (convention) => {
  const matched = scenes.map(({ detections, truth }) => matchDetections(detections, truth, convention));

  it('are those of the reference', () => {
    expectClose(summarizeDetections(matched, convention), goldens[convention], convention);
  });

  it('of an image that counts several times are those of its copies', () => {
    const weights = scenes.map((_, image) => image % 3);
    const found = new PrecisionCalculator(classCurves(sortDetections(matched, convention)), convention).mean(weights);
    expect(Math.abs(found - goldens.repeated[convention])).toBeLessThan(0.002);
    const copies = matched.flatMap((image, i) => Array.from({ length: i % 3 }, () => image));
    const exact = new PrecisionCalculator(classCurves(sortDetections(copies, convention)), convention).mean(null);
    expect(Math.abs(exact - goldens.repeated[convention])).toBeLessThan(1e-9);
  });

  it('do not depend on images that were not read', () => {
    const withGaps = [null, ...matched, null];
    expect(summarizeDetections(withGaps, convention)).toEqual(summarizeDetections(matched, convention));
  });
});
