import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { matchDetections } from '../../../../src-shared/domain/measures/detection-matching';
import { summarizeDetections } from '../../../../src-shared/domain/measures/detection-summary';
import { createRandom } from '../../../../src-shared/domain/random';
import type { TruthBox } from '../../../../src-shared/domain/tasks/truth';
import { inventDetections } from '../../../support/detection-scenes';
import { sharedDir, sharedPath } from '../../../support/shared';

interface Annotations {
  readonly images: readonly { readonly id: number }[];
  readonly categories: readonly { readonly id: number }[];
  readonly annotations: readonly {
    readonly image_id: number;
    readonly category_id: number;
    readonly bbox: readonly [number, number, number, number];
    readonly area: number;
    readonly iscrowd: number;
  }[];
}

/**
 * AP, AP50, AP75, AP by size, AR with 1, 10 and 100 detections, AR by size: printed by test/support/coco_scores.py for
 * the annotations and the detections of this test, which are written to the file that CALIB_KEEP_DETECTIONS names.
 */
const PYCOCOTOOLS = [
  0.2755662307861628, 0.4882520535692923, 0.2661129608066926, 0.39107726527575487, 0.25377638462462776,
  0.32031651231090985, 0.2743585515014087, 0.37099734843432325, 0.37353759685692456, 0.45941337674671007, 0.33,
  0.3458747044917258,
];

describe.skipIf(sharedDir() === null)('scores on the annotations of real photographs', () => {
  it('are those of pycocotools', () => {
    const path = sharedPath('data/coco/instances_val.json');
    const { images, categories, annotations } = JSON.parse(readFileSync(path, 'utf8')) as Annotations;
    const ids = categories.map(({ id }) => id).sort((a, b) => a - b);
    const random = createRandom(7);
    const results: unknown[] = [];
    const matched = images
      .map(({ id }) => id)
      .sort((a, b) => a - b)
      .map((id) => {
        const truth = annotations
          .filter((own) => own.image_id === id)
          .map(({ bbox: [x, y, width, height], category_id, area, iscrowd }): TruthBox => ({
            label: ids.indexOf(category_id),
            x1: x,
            y1: y,
            x2: x + width,
            y2: y + height,
            area,
            isCrowd: iscrowd === 1,
          }));
        const found = inventDetections(random, truth, ids.length, 0.15);
        for (const [d, score] of found.scores.entries()) {
          const [left = 0, top = 0, right = 0, bottom = 0] = found.boxes.subarray(4 * d);
          results.push({
            image_id: id,
            category_id: ids[found.classes[d] ?? 0],
            bbox: [left, top, right - left, bottom - top],
            score,
          });
        }
        return matchDetections(found, truth, 'coco');
      });
    const keep = process.env['CALIB_KEEP_DETECTIONS'];
    if (keep !== undefined) writeFileSync(keep, JSON.stringify(results));
    const found = summarizeDetections(matched, 'coco');
    const { ap, ap50, ap75, apSmall, apMedium, apLarge, ar1, ar10, ar100, arSmall, arMedium, arLarge } = found;
    const own = [ap, ap50, ap75, apSmall, apMedium, apLarge, ar1, ar10, ar100, arSmall, arMedium, arLarge];
    expect(own).toHaveLength(PYCOCOTOOLS.length);
    for (const [i, value] of PYCOCOTOOLS.entries()) expect(Math.abs((own[i] ?? -1) - value)).toBeLessThan(1e-6);
    expect(ap).toBeGreaterThan(0.1);
  });
});
