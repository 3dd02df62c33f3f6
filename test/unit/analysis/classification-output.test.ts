import { describe, expect, it } from 'vitest';
import { classificationOutput } from '../../../src-main/analysis/classification-output';

const of = (batch: number, ...shapes: readonly (readonly number[])[]): number =>
  classificationOutput(
    shapes.map((dims) => ({ dims })),
    batch,
  );

describe('classificationOutput', () => {
  it.each<[string, number, readonly (readonly number[])[], number]>([
    ['logits', 1, [[1, 1000]], 0],
    ['logits of a batch', 8, [[8, 1000]], 0],
    ['trailing axes of 1', 1, [[1, 10, 1, 1]], 0],
    [
      'features before logits',
      1,
      [
        [1, 512, 7, 7],
        [1, 10],
      ],
      1,
    ],
    [
      'logits beside a class activation map',
      1,
      [
        [1, 10],
        [1, 10, 7, 7],
      ],
      0,
    ],
    [
      'two heads: the first',
      1,
      [
        [1, 10],
        [1, 4],
      ],
      0,
    ],
    ['YOLOX: a row per anchor', 1, [[1, 3549, 85]], -1],
    [
      'UltraFace: scores and boxes per anchor',
      1,
      [
        [1, 4420, 2],
        [1, 4420, 4],
      ],
      -1,
    ],
    [
      'DETR: logits and boxes per query',
      1,
      [
        [1, 100, 92],
        [1, 100, 4],
      ],
      -1,
    ],
    [
      'one score for each of the boxes beside it',
      1,
      [
        [1, 300, 4],
        [1, 300],
        [1, 300],
      ],
      -1,
    ],
    ['a segmentation map', 1, [[1, 21, 64, 64]], -1],
    ['one value', 1, [[1, 1]], -1],
    ['no batch axis', 1, [[10]], -1],
    ['another first axis than the batch', 4, [[1, 10]], -1],
    ['no output', 1, [], -1],
  ])('%s', (_, batch, shapes, expected) => {
    expect(of(batch, ...shapes)).toBe(expected);
  });
});
