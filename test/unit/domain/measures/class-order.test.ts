import { describe, expect, it } from 'vitest';
import {
  classOrderDoubt,
  classOrderOf,
  type LabelledDetections,
} from '../../../../src-shared/domain/measures/class-order';

const NAMES = ['Platelets', 'RBC', 'WBC'];

/** One image with `count` objects of each pair [class of the labels, class of the model], side by side. */
function imageOf(pairs: readonly (readonly [number, number])[], { count = 8, score = 0.9, shift = 1 } = {}) {
  const objects = pairs.flatMap((pair) => Array.from({ length: count }, () => pair));
  const image: LabelledDetections = {
    truth: objects.map(([label], i) => ({ label, x1: 20 * i, y1: 0, x2: 20 * i + 10, y2: 10 })),
    detections: {
      boxes: Float32Array.from(objects.flatMap((_, i) => [20 * i + shift, 0, 20 * i + 10 + shift, 10])),
      scores: Float32Array.from(objects, () => score),
      classes: Int32Array.from(objects, ([, answered]) => answered),
    },
  };
  return [image];
}

describe('the order of classes', () => {
  it('is doubted if objects are found with other classes', () => {
    const doubt = classOrderDoubt(
      imageOf([
        [1, 0],
        [2, 1],
        [0, 2],
      ]),
      NAMES,
    );
    expect(doubt).toContain('8 of 8 of class 1 (RBC) as class 0');
    expect(doubt).toContain('class names in its order');
  });
  it('is said to be shifted if every class is higher by the same number', () => {
    expect(
      classOrderDoubt(
        imageOf([
          [0, 1],
          [1, 2],
        ]),
        [],
      ),
    ).toContain('Every index of the model is 1 higher');
  });
  it.each([
    [
      'is right',
      imageOf([
        [0, 0],
        [1, 1],
        [2, 2],
      ]),
    ],
    [
      'is right for most objects',
      imageOf([
        [0, 1],
        [1, 1],
        [2, 2],
      ]),
    ],
    [
      'has few objects',
      imageOf(
        [
          [1, 0],
          [2, 1],
        ],
        { count: 4 },
      ),
    ],
    [
      'has no clear detections',
      imageOf(
        [
          [1, 0],
          [2, 1],
        ],
        { score: 0.2 },
      ),
    ],
    [
      'has detections elsewhere',
      imageOf(
        [
          [1, 0],
          [2, 1],
        ],
        { shift: 9 },
      ),
    ],
    [
      'is mixed up by the model',
      imageOf([
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ]),
    ],
    ['has nothing to go by', []],
  ])('is not doubted if it %s', (_, images) => {
    expect(classOrderDoubt(images, NAMES)).toBeNull();
  });
});

describe('the order of classes that labels do not state', () => {
  it('is that of the model, found by the objects', () => {
    const found = imageOf([
      [1, 0],
      [2, 1],
      [0, 2],
    ]);
    expect(classOrderOf(found, NAMES)).toEqual(['RBC', 'WBC', 'Platelets']);
  });
  it('gives the only class without an object the index that is left', () => {
    const found = imageOf([
      [1, 0],
      [0, 2],
    ]);
    expect(classOrderOf(found, NAMES)).toEqual(['RBC', 'WBC', 'Platelets']);
  });
  it.each<[string, readonly (readonly [number, number])[]]>([
    ['no object is found', []],
    ['two classes were not seen', [[1, 0]]],
    [
      'two classes are one class of the model',
      [
        [0, 1],
        [1, 1],
        [2, 2],
      ],
    ],
    [
      'the model has the class elsewhere',
      [
        [0, 5],
        [1, 1],
        [2, 2],
      ],
    ],
    [
      'the objects of a class are of several classes of the model',
      [
        [0, 0],
        [0, 1],
        [1, 1],
        [2, 2],
      ],
    ],
  ])('stays unknown if %s', (_, pairs) => {
    expect(classOrderOf(imageOf(pairs), NAMES)).toBeNull();
  });
});
