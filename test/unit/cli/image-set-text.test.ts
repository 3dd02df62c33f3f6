import { describe, expect, it } from 'vitest';
import { labelsText } from '../../../src-main/cli/image-set-text';
import type { ImageSetView } from '../../../src-shared/contract/views';
import type { TruthFacts } from '../../../src-shared/domain/project/image-set';

const facts: TruthFacts = {
  source: 'coco',
  path: '/d/instances_val.json',
  images: 61,
  background: 2,
  boxes: 137,
  classes: [
    { label: 0, boxes: 100 },
    { label: 4, boxes: 37 },
  ],
  crowds: 1,
  difficult: 3,
  outside: 0,
  duplicates: 0,
  empty: 0,
};

function viewOf(changes: Partial<ImageSetView>): ImageSetView {
  return {
    ...{ root: '/d', images: [], classNames: [], groups: [], skipped: [], notes: [] },
    ...{ labelOrder: null, truthFacts: null },
    ...changes,
  };
}

describe('the labels of a set in a line', () => {
  it('are boxes with their classes and where they come from', () => {
    expect(labelsText(viewOf({ classNames: ['cat', 'dog'], truthFacts: facts }))).toBe(
      '137 boxes of 2 classes (cat, dog) from the COCO file /d/instances_val.json ' +
        '(1 crowd region, 3 difficult, 2 images of background)',
    );
    const plain = { ...facts, source: 'voc', path: '/d', crowds: 0, difficult: 0, background: 0, boxes: 1 } as const;
    expect(labelsText(viewOf({ truthFacts: plain }))).toBe('1 box of 2 classes from Pascal VOC files in /d');
  });
  it('are masks', () => {
    expect(labelsText(viewOf({ truthFacts: { ...facts, source: 'masks', path: '/d/masks' } }))).toBe(
      '61 masks in /d/masks',
    );
  });
  it('are class indices, or none', () => {
    const image = { id: 'a.png', file: 'a.png', group: null, boxes: [] };
    expect(labelsText(viewOf({ images: [{ ...image, label: 7 }] }))).toBe('labels 0 to 7');
    expect(labelsText(viewOf({ images: [{ ...image, label: null }] }))).toBe('no labels');
  });
});
