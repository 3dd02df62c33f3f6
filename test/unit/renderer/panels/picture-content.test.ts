import { describe, expect, it } from 'vitest';
import { differenceCounts, failures, pictureContent } from '../../../../src-renderer/panels/pictures/picture-content';
import type { AnswerView, ImageAnswersView, MaskView } from '../../../../src-shared/contract/views';

const detection = (...rows: readonly (readonly [number, number, number])[]): AnswerView => ({
  kind: 'detection',
  detections: {
    boxes: Float32Array.from(rows.flatMap(([left]) => [left, 0, left + 100, 100])),
    scores: Float32Array.from(rows, ([, score]) => score),
    classes: Int32Array.from(rows, ([, , label]) => label),
  },
});

const view = (variants: ImageAnswersView['variants'], truth: ImageAnswersView['truth'] = null): ImageAnswersView => ({
  width: 640,
  height: 480,
  truth,
  classNames: ['cat', ''],
  variants,
});

describe('pictureContent', () => {
  it('marks what the variant misses, adds and moves against FP32, whatever the truth says', () => {
    const { layers } = pictureContent(
      view(
        [
          { variant: 'fp32', answer: detection([0, 0.9, 0], [200, 0.8, 0], [400, 0.7, 1]) },
          { variant: 'int8', answer: detection([0, 0.9, 0], [230, 0.8, 0], [400, 0.7, 0]) },
        ],
        { kind: 'boxes', boxes: [{ label: 0, x1: 0, y1: 0, x2: 100, y2: 100, isCrowd: true }] },
      ),
      null,
    );
    const marks = layers.map(({ id, letter, boxes }) => [id, letter, boxes.map(({ mark }) => mark)]);
    expect(marks).toEqual([
      ['truth', 'T', [null]],
      ['fp32', '32', [null, null, 'missed']],
      ['int8', '8', [null, 'moved', 'added']],
    ]);
    expect(layers[0]?.boxes[0]?.isIgnored).toBe(true);
    expect(layers[1]?.boxes.map(({ name }) => name)).toEqual(['cat', 'cat', '1']);
    expect(differenceCounts(layers)).toEqual({ missed: 1, added: 1, moved: 1 });
  });

  it('does not compare boxes with low scores', () => {
    const { layers } = pictureContent(
      view([
        { variant: 'fp32', answer: detection([0, 0.2, 0]) },
        { variant: 'int8', answer: detection([300, 0.1, 0]) },
      ]),
      null,
    );
    expect(differenceCounts(layers)).toEqual({ missed: 0, added: 0, moved: 0 });
  });

  it('tells every layer apart by colour, line and letter', () => {
    const { layers } = pictureContent(
      view(
        ['fp32', 'int8', 'mixed'].map((variant) => ({ variant, answer: detection([0, 0.9, 0]) })),
        { kind: 'label', label: 0 },
      ),
      null,
    );
    for (const key of ['colour', 'letter'] as const) expect(new Set(layers.map((layer) => layer[key])).size).toBe(4);
    expect(layers.slice(1).map(({ line }) => line)).toEqual(['dashed', 'dotted', 'solid']);
    expect(layers[0]?.answers).toEqual([{ name: 'cat', score: null }]);
  });

  it('keeps masks with their place, and names what failed', () => {
    const mask: MaskView = {
      width: 2,
      height: 1,
      classes: Uint8Array.of(0, 1),
      left: 0,
      top: -80,
      right: 640,
      bottom: 560,
    };
    const answers = view([
      { variant: 'fp32', answer: { kind: 'segmentation', mask } },
      { variant: 'int8', answer: { kind: 'failed', reason: 'no such output' } },
    ]);
    expect(pictureContent(answers, null).layers[0]?.mask?.place).toEqual({
      left: 0,
      top: -80,
      right: 640,
      bottom: 560,
    });
    expect(failures(answers)).toEqual(['int8: no such output']);
  });
});
