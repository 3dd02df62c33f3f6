import { describe, expect, it } from 'vitest';
import { scoreVariants, type ScoredTask, type TaskImages } from '../../../../src-shared/domain/runs/score-variants';
import type { TaskAnswer } from '../../../../src-shared/domain/tasks/answer';
import type { ImageTruth } from '../../../../src-shared/domain/tasks/truth';

const images = (truths: readonly (ImageTruth | undefined)[], changes: Partial<TaskImages> = {}): TaskImages => ({
  files: truths.map((_, i) => `${i}.png`),
  truths,
  labels: new Int32Array(truths.length).fill(-1),
  groups: truths.map((_, i) => (i % 2 === 0 ? 'day' : 'night')),
  classNames: ['cat', 'dog'],
  ...changes,
});

const DETECTION: ScoredTask = {
  kind: 'detection',
  decoder: {
    kind: 'yolov8',
    outputs: ['out'],
    boxForm: 'cxcywh',
    boxUnit: 'pixels',
    activation: 'none',
    minScore: 0.01,
    nmsIou: 0.65,
    classAgnostic: false,
    maxDetections: 100,
  },
};
const boxes = (...list: readonly (readonly [label: number, score: number, x: number])[]): TaskAnswer => ({
  kind: 'detection',
  detections: {
    boxes: Float32Array.from(list.flatMap(([, , x]) => [x, 0, x + 40, 40])),
    scores: Float32Array.from(list, ([, score]) => score),
    classes: Int32Array.from(list, ([label]) => label),
  },
});
const truth = (...list: readonly (readonly [label: number, x: number])[]): ImageTruth => ({
  kind: 'boxes',
  boxes: list.map(([label, x]) => ({ label, x1: x, y1: 0, x2: x + 40, y2: 40 })),
});

/** AP is a mean of precisions with an epsilon in the denominator, as in pycocotools. */
const near = (value: number): number => expect.closeTo(value, 9) as number;

describe('scoreVariants of a detector', () => {
  const found = [boxes([0, 0.9, 0], [1, 0.8, 100]), boxes([0, 0.9, 0])];
  const missing = [boxes([0, 0.9, 0]), boxes([0, 0.9, 0])];
  const labelled = images([truth([0, 0], [1, 100]), truth([0, 0])]);

  it('gives AP in points with its difference, classes, groups and the image that lost a box', async () => {
    const [fp32, int8] = await scoreVariants(DETECTION, labelled, [found, missing]);
    expect(fp32).toMatchObject({ measure: { name: 'AP', value: near(100) }, ap: near(1), convention: 'coco' });
    expect(fp32).not.toHaveProperty('difference');
    expect(int8).toMatchObject({
      measure: { name: 'AP', value: near(50), higherIsBetter: true },
      difference: { value: near(-50), fewImages: true },
      ap: near(0.5),
      agreement: near(50),
      perClass: [
        { label: 0, name: 'cat', truths: 2, value: near(100), ap: near(1), difference: near(0) },
        { label: 1, name: 'dog', truths: 1, value: 0, fp32: near(100), ap: 0, difference: near(-100) },
      ],
      groups: { day: { images: 1, measure: near(50), ap: near(0.5) }, night: { images: 1, measure: near(100) } },
      images: [{ file: '0.png', group: 'day', missed: 1, added: 0, moved: 0, fp32Score: 100 }],
    });
    expect(int8).not.toHaveProperty('againstFp32');
    expect(JSON.parse(JSON.stringify(int8))).toEqual(int8);
  });

  it('takes the clear boxes of FP32 for the truth without labels, and says so', async () => {
    const [fp32, int8] = await scoreVariants(DETECTION, images([undefined, undefined]), [found, missing]);
    expect(fp32).toMatchObject({
      measure: { name: "AP against FP32's detections", value: near(100) },
      againstFp32: true,
    });
    expect(int8).toMatchObject({ measure: { value: near(50) }, againstFp32: true, agreement: near(50) });
  });

  it('has no measure where there is nothing to find, and leaves unreadable images out', async () => {
    const [empty] = await scoreVariants(DETECTION, images([truth()]), [[boxes([0, 0.9, 0])]]);
    expect(empty).not.toHaveProperty('measure');
    const [fp32] = await scoreVariants(DETECTION, labelled, [[null, found[1] ?? null]]);
    expect(fp32).toMatchObject({ measure: { value: near(100) }, groups: { day: { images: 0 }, night: { images: 1 } } });
  });
});

describe('scoreVariants of other tasks', () => {
  const regions = (intersection: readonly number[], predicted: readonly number[], own: readonly number[]) => ({
    intersection: Uint32Array.from(intersection),
    predicted: Uint32Array.from(predicted),
    truth: Uint32Array.from(own),
  });
  const segmentation: ScoredTask = { kind: 'segmentation', output: 'out', layout: 'nchw', classes: 3 };
  const same = regions([2, 2, 0], [2, 2, 0], [2, 2, 0]);
  const half = regions([2, 1, 0], [3, 1, 0], [2, 2, 0]);

  it('gives mIoU over the classes that occur, against masks or against FP32', async () => {
    const answers = [same, half].map((toTruth): TaskAnswer[] => [{ kind: 'segmentation', toTruth, toFp32: toTruth }]);
    const [, int8] = await scoreVariants(segmentation, images([undefined]), answers);
    expect(int8).toMatchObject({ miou: (2 / 3 + 1 / 2) / 2, pixelAccuracy: 0.75, difference: { fewImages: true } });
    expect(int8?.measure?.name).toBe('mIoU');
    expect(int8?.iou).toEqual([2 / 3, 0.5, null]);
    const bare = [same, half].map((toFp32): TaskAnswer[] => [{ kind: 'segmentation', toTruth: null, toFp32 }]);
    const [, unlabelled] = await scoreVariants(segmentation, images([undefined]), bare);
    expect(unlabelled).toMatchObject({ measure: { name: "mIoU against FP32's masks" }, againstFp32: true });
  });

  it('gives the cosine of embeddings, and retrieval where labels repeat', async () => {
    const vectors = (...list: readonly (readonly number[])[]): TaskAnswer[] =>
      list.map((vector) => ({ kind: 'embedding', vector: Float32Array.from(vector) }));
    const task: ScoredTask = { kind: 'embedding', output: 'out' };
    const fp32 = vectors([1, 0], [1, 0.1], [0, 1]);
    const turned = vectors([1, 0], [0, 1], [0, 1]);
    const bare = images([undefined, undefined, undefined]);
    const [, cosine] = await scoreVariants(task, bare, [fp32, turned]);
    expect(cosine).toMatchObject({ measure: { name: 'cosine to FP32' }, againstFp32: true });
    const labels = Int32Array.of(0, 0, 1);
    const [own, int8] = await scoreVariants(task, { ...bare, labels }, [fp32, turned]);
    expect([own?.recallAt1, int8?.recallAt1]).toEqual([1, 0]);
    expect(int8?.measure).toEqual({ name: 'recall@1', value: 0, higherIsBetter: true });
  });

  it("asks the user's function for all images and every group", async () => {
    const answers = [1, 3].map((record): TaskAnswer => ({ kind: 'custom', record }));
    const metric = { kind: 'custom', metric: { kind: 'command', command: ['x'] } } as const;
    const [fp32] = await scoreVariants(metric, images([undefined, undefined]), [answers], async (records) => ({
      name: 'mean',
      value: (records as readonly number[]).reduce((sum, value) => sum + value, 0) / records.length,
      higherIsBetter: false,
    }));
    expect(fp32).toMatchObject({
      measure: { name: 'mean', value: 2, higherIsBetter: false },
      groups: { day: { measure: 1 }, night: { measure: 3 } },
    });
  });
});
