import { describe, expect, it } from 'vitest';
import { gridCells } from '../../../../src-main/analysis/decoders/boxes';
import type { OutputFacts, TaskFacts } from '../../../../src-main/analysis/task-guess/facts';
import { guessTask } from '../../../../src-main/analysis/task-guess/guess-task';
import type { Decoder } from '../../../../src-shared/domain/tasks/decoder';
import type { TaskKind } from '../../../../src-shared/domain/tasks/task';

const SIZE = { inputWidth: 160, inputHeight: 128 };
const CELLS = gridCells(SIZE, [8, 16, 32]);
const ANCHORS = CELLS.x.length;
const CLASSES = 3;

let seed = 1;
const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
const logit = (p: number): number => Math.log(p / (1 - p));

/** The values of an output for two images. `value` gets the place in the last two axes. */
function output(name: string, dims: readonly number[], value: (row: number, column: number) => number): OutputFacts {
  const columns = dims.at(-1) ?? 1;
  const length = dims.reduce((product, dim) => product * dim, 1);
  const samples = [0, 1].map(() => ({
    name,
    dims,
    data: Float32Array.from({ length }, (_, i) => value(Math.floor(i / columns), i % columns)),
  }));
  return { name, dims, isInteger: false, samples };
}

function integers(name: string, dims: readonly number[], value: (i: number) => number): OutputFacts {
  const length = dims.reduce((product, dim) => product * dim, 1);
  const sample = { name, dims, data: null, integers: Int32Array.from({ length }, (_, i) => value(i)) };
  return { name, dims, isInteger: true, samples: [sample, sample] };
}

const factsOf = (...outputs: readonly OutputFacts[]): TaskFacts => ({
  outputs,
  size: SIZE,
  givesOriginalSize: false,
  normalizedOutputs: new Set(),
});
const guess = (facts: TaskFacts, kind?: TaskKind) => guessTask(facts, kind);
function decoderOf(...outputs: readonly OutputFacts[]): Partial<Decoder> {
  const { task } = guess(factsOf(...outputs));
  return task?.kind === 'detection' ? task.decoder : {};
}

/** A box near the cell of a row, as [centre x, centre y, width, height] in pixels. */
function boxAt(row: number, each = 1): readonly [number, number, number, number] {
  const cell = each === 1 ? row : cellOfAnchor(row, each);
  const stride = CELLS.stride[cell] ?? 8;
  return [
    ((CELLS.x[cell] ?? 0) + random()) * stride,
    ((CELLS.y[cell] ?? 0) + random()) * stride,
    stride * (1 + random()),
    stride * (1 + random()),
  ];
}

/** With several anchors, the grids of a stride follow each other. */
function cellOfAnchor(row: number, each: number): number {
  let start = 0;
  let first = 0;
  for (const stride of [8, 16, 32]) {
    const count = CELLS.stride.filter((own) => own === stride).length;
    if (row < start + count * each) return first + ((row - start) % count);
    start += count * each;
    first += count;
  }
  return 0;
}

/** Mostly nothing, sometimes an object: scores of independent classes. */
const score = (): number => (random() < 0.02 ? 0.3 + random() * 0.6 : random() * 0.005);
/** Scores of classes given that there is an object. */
const conditional = (): number => random();

/** The numbers of one row at a time; `row` changes when its column 0 is asked for. */
function perRow(make: (row: number) => readonly number[]): (row: number, column: number) => number {
  let numbers: readonly number[] = [];
  return (row, column) => {
    if (column === 0) numbers = make(row);
    return numbers[column] ?? Number.NaN;
  };
}

function transposedOutput(
  name: string,
  rows: number,
  columns: number,
  make: (row: number) => readonly number[],
): OutputFacts {
  const samples = [0, 1].map(() => {
    const data = new Float32Array(rows * columns);
    for (let row = 0; row < rows; row += 1) for (const [c, value] of make(row).entries()) data[c * rows + row] = value;
    return { name, dims: [1, columns, rows], data };
  });
  return { name, dims: [1, columns, rows], isInteger: false, samples };
}

describe('detectors with one row for each anchor', () => {
  const scores = (): number[] => Array.from({ length: CLASSES }, score);

  it('YOLOv8: no objectness; boxes in pixels', () => {
    expect(decoderOf(transposedOutput('o', ANCHORS, 4 + CLASSES, (row) => [...boxAt(row), ...scores()]))).toMatchObject(
      {
        kind: 'yolov8',
        outputs: ['o'],
        boxForm: 'cxcywh',
        boxUnit: 'pixels',
        activation: 'none',
        nmsIou: 0.65,
      },
    );
  });
  it('YOLOv8 with corners in fractions, with logits, with one class', () => {
    const corners = (row: number): number[] => {
      const [x, y, w, h] = boxAt(row);
      return [(x - w / 2) / 160, (y - h / 2) / 128, (x + w / 2) / 160, (y + h / 2) / 128];
    };
    expect(
      decoderOf(transposedOutput('o', ANCHORS, 4 + CLASSES, (row) => [...corners(row), ...scores().map(logit)])),
    ).toMatchObject({ kind: 'yolov8', boxForm: 'xyxy', boxUnit: 'fraction', activation: 'sigmoid' });
    expect(decoderOf(transposedOutput('o', ANCHORS, 5, (row) => [...boxAt(row), score()]))).toMatchObject({
      kind: 'yolov8',
    });
  });
  it('YOLOv8 with the axes exchanged: the other scores are low where the first one is', () => {
    const rows = output(
      'o',
      [1, ANCHORS, 4 + CLASSES],
      perRow((row) => [...boxAt(row), ...scores()]),
    );
    expect(decoderOf(rows)).toMatchObject({ kind: 'yolov8' });
  });
  it('YOLOv8 for masks: the weights of prototypes are no scores', () => {
    const weights = (): number[] => Array.from({ length: 32 }, () => random() * 2 - 1);
    const boxes = transposedOutput('o', ANCHORS, 4 + CLASSES + 32, (row) => [...boxAt(row), ...scores(), ...weights()]);
    const prototypes = output('p', [1, 32, 32, 40], () => random() - 0.5);
    expect(decoderOf(boxes, prototypes)).toMatchObject({
      kind: 'yolov8',
      outputs: ['o'],
      classes: CLASSES,
      activation: 'none',
    });
  });
  it('YOLOv5: three anchors for each cell have an objectness', () => {
    const rows = output(
      'o',
      [1, 3 * ANCHORS, 5 + CLASSES],
      perRow((row) => [...boxAt(row, 3), score(), ...Array.from({ length: CLASSES }, conditional)]),
    );
    const head = { ...output('head', [1, 3, 16, 20, 8], random), name: 'head' };
    expect(decoderOf(rows, head)).toMatchObject({
      kind: 'yolov5',
      outputs: ['o'],
      boxForm: 'cxcywh',
      boxUnit: 'pixels',
    });
  });
  it('YOLOX: decoded, or relative to the cells', () => {
    const classes = (): number[] => Array.from({ length: CLASSES }, conditional);
    const decoded = output(
      'o',
      [1, ANCHORS, 5 + CLASSES],
      perRow((row) => [...boxAt(row), score(), ...classes()]),
    );
    expect(decoderOf(decoded)).toMatchObject({ kind: 'yolox', boxUnit: 'pixels' });
    expect(decoderOf(decoded)).not.toHaveProperty('strides');
    const raw = output(
      'o',
      [1, ANCHORS, 5 + CLASSES],
      perRow(() => [random(), random(), random() * 2 - 1, random() * 2 - 1, score(), ...classes()]),
    );
    expect(decoderOf(raw)).toMatchObject({ kind: 'yolox', strides: [8, 16, 32], activation: 'none' });
  });
  it('YOLOX with one output per stride', () => {
    const heads = [8, 16, 32].map((stride) => {
      const [height, width] = [128 / stride, 160 / stride];
      const plane = height * width;
      return output(`s${stride}`, [1, 5 + CLASSES, height, width], (row, column) => {
        const channel = Math.floor((row * width + column) / plane);
        return channel < 4 ? random() : logit(Math.max(1e-4, channel === 4 ? score() : conditional() * 0.99));
      });
    });
    expect(decoderOf(...heads)).toMatchObject({
      kind: 'yolox',
      outputs: ['s8', 's16', 's32'],
      strides: [8, 16, 32],
      activation: 'sigmoid',
    });
  });
  it('the number of classes of the labels decides about the objectness', () => {
    const rows = output(
      'o',
      [1, ANCHORS, 4 + CLASSES],
      perRow((row) => [...boxAt(row), ...Array.from({ length: CLASSES }, conditional)]),
    );
    const { task } = guess({ ...factsOf(rows), classCount: CLASSES });
    expect(task).toMatchObject({ decoder: { kind: 'yolov8' } });
  });
  it('features of a sequence are no anchors', () => {
    expect(guess(factsOf(output('o', [1, 197, 768], () => random() * 4 - 2))).task).toBeNull();
  });
  it('heads that need anchors from outside are named', () => {
    const heads = [16, 8].map((side) => output(`h${side}`, [1, 3, side, side, 8], random));
    expect(guess(factsOf(...heads))).toMatchObject({
      task: null,
      notes: [expect.stringContaining('anchors are not part'), expect.anything()],
    });
  });
});

describe('detectors with boxes and scores in outputs of their own', () => {
  const corners = (row: number): number[] => {
    const [x, y, w, h] = boxAt(row);
    return [(x - w / 2) / 160, (y - h / 2) / 128, (x + w / 2) / 160, (y + h / 2) / 128];
  };
  const boxes = output('boxes', [1, ANCHORS, 4], perRow(corners));

  it('SSD: a softmax that was applied, the background first', () => {
    const rest = (): number[] => {
      const p = score();
      return [1 - p, p / 2, p / 2];
    };
    expect(decoderOf(output('scores', [1, ANCHORS, 3], perRow(rest)), boxes)).toMatchObject({
      kind: 'boxes-scores',
      outputs: ['boxes', 'scores'],
      boxForm: 'xyxy',
      boxUnit: 'fraction',
      activation: 'none',
      background: 'first',
    });
    const logits = output(
      'scores',
      [1, ANCHORS, 3],
      perRow(() =>
        rest()
          .reverse()
          .map((p) => Math.log(p + 1e-9) + 2),
      ),
    );
    expect(decoderOf(logits, boxes)).toMatchObject({ activation: 'softmax', background: 'last' });
  });
  it('scores by themselves, with the classes in the first axis', () => {
    expect(decoderOf(boxes, output('scores', [1, CLASSES, ANCHORS], score))).toMatchObject({
      kind: 'boxes-scores',
      activation: 'none',
      nmsIou: 0.65,
    });
    expect(decoderOf(boxes, output('scores', [1, CLASSES, ANCHORS], score))).not.toHaveProperty('background');
  });
  it('offsets from anchors are refused with the reason', () => {
    const offsets = output('boxes', [1, ANCHORS, 4], () => random() * 4 - 2);
    const found = guess(factsOf(offsets, output('scores', [1, ANCHORS, 3], score)));
    expect(found.task).toBeNull();
    expect(found.notes[0]).toContain('relative to anchors');
  });
  it('boxes in pixels that are not the cells of usual grids are no queries of a transformer', () => {
    const pixels = output(
      'boxes',
      [1, 192, 4],
      perRow(() => {
        const [x, y] = [random() * 100, random() * 80];
        return [x, y, x + 10, y + 10];
      }),
    );
    expect(decoderOf(pixels, output('scores', [1, 192, 3], score))).toMatchObject({
      kind: 'boxes-scores',
      nmsIou: 0.65,
    });
  });
  it('DETR: softmax with a background; RT-DETR: sigmoid', () => {
    const queries = output(
      'pred_boxes',
      [1, 300, 4],
      perRow(() => [0.2 + random() * 0.6, 0.2 + random() * 0.6, random() * 0.3, random() * 0.3]),
    );
    const logits = output(
      'logits',
      [1, 300, 4],
      perRow(() => [random(), random(), random(), 6 + random()]),
    );
    expect(decoderOf(logits, queries)).toMatchObject({
      kind: 'detr',
      outputs: ['logits', 'pred_boxes'],
      boxForm: 'cxcywh',
      boxUnit: 'fraction',
      activation: 'softmax',
      background: 'last',
      nmsIou: null,
    });
    const sigmoids = output('labels', [1, 300, 91], () => random() * 4 - 6);
    expect(decoderOf({ ...queries, name: 'dets' }, sigmoids)).toMatchObject({
      kind: 'detr',
      outputs: ['labels', 'dets'],
      activation: 'sigmoid',
    });
  });
});

describe('detectors that select their detections', () => {
  const corner = (): number[] => {
    const [x, y] = [random() * 100, random() * 80];
    return [x, y, x + 10 + random() * 40, y + 10 + random() * 30];
  };
  const label = (): number => Math.floor(random() * 80);

  it('[n, K, 6], also with unused rows and with the class first', () => {
    const kept = perRow((row) => (row % 300 < 40 ? [...corner(), 0.1 + random() * 0.8, label()] : [0, 0, 0, 0, 0, 0]));
    expect(decoderOf(output('output0', [1, 300, 6], kept))).toMatchObject({
      kind: 'end-to-end',
      boxForm: 'xyxy',
      boxUnit: 'pixels',
      nmsIou: null,
    });
    const paddle = output(
      'out',
      [20, 6],
      perRow(() => [label(), 0.1 + random() * 0.8, ...corner()]),
    );
    const count = integers('num', [1], () => 20);
    expect(decoderOf(paddle, count)).toMatchObject({ kind: 'end-to-end', columns: 'class-score-box' });
    expect(guess({ ...factsOf(paddle, count), givesOriginalSize: true }).task).toMatchObject({
      decoder: { boxUnit: 'original' },
    });
    const batched = output(
      'out',
      [20, 7],
      perRow(() => [0, ...corner(), label(), 0.1 + random() * 0.8]),
    );
    expect(decoderOf(batched)).toMatchObject({ columns: 'image-box-class-score' });
    const caffe = output(
      'out',
      [1, 1, 20, 7],
      perRow(() => [0, label(), 0.1 + random() * 0.8, ...corner().map((v) => v / 160)]),
    );
    expect(decoderOf(caffe)).toMatchObject({ columns: 'image-class-score-box', boxUnit: 'fraction' });
  });
  it('torchvision: labels from 1, told apart by type', () => {
    const parts = [
      output('boxes', [20, 4], perRow(corner)),
      integers('labels', [20], () => 1 + label()),
      output('scores', [20], () => 0.1 + random() * 0.8),
    ] as const;
    expect(decoderOf(...parts)).toMatchObject({
      kind: 'torchvision',
      outputs: ['boxes', 'labels', 'scores'],
      boxForm: 'xyxy',
      classOffset: 1,
    });
    const unnamed = parts.map((part, i) => ({ ...part, name: String(10 + i) }));
    expect(decoderOf(unnamed[2] as OutputFacts, unnamed[1] as OutputFacts, unnamed[0] as OutputFacts)).toMatchObject({
      outputs: ['10', '11', '12'],
    });
  });
  it('EfficientNMS, and the same from TensorFlow', () => {
    const scores = output('det_scores', [1, 100], () => random());
    expect(
      decoderOf(
        integers('num_dets', [1, 1], () => 30),
        output('det_boxes', [1, 100, 4], perRow(corner)),
        scores,
        integers('det_classes', [1, 100], label),
      ),
    ).toMatchObject({ kind: 'efficient-nms', outputs: ['num_dets', 'det_boxes', 'det_scores', 'det_classes'] });
    const yxyx = output(
      'detection_boxes',
      [1, 100, 4],
      perRow(() => corner().map((v) => v / 160)),
    );
    expect(
      decoderOf(
        yxyx,
        output('detection_classes', [1, 100], () => 1 + label()),
        { ...scores, name: 'detection_scores' },
        output('num_detections', [1], () => 100),
      ),
    ).toMatchObject({ kind: 'efficient-nms', boxForm: 'yxyx', boxUnit: 'fraction', classOffset: 1 });
  });
});

describe('segmentation', () => {
  it('scores of classes at the size of the input or a part of it, in both layouts', () => {
    const logits = (): number => random() * 8 - 4;
    expect(guess(factsOf(output('o', [1, 5, 128, 160], logits))).task).toEqual({
      kind: 'segmentation',
      output: 'o',
      layout: 'nchw',
      classes: 5,
      ignoreIndex: 255,
    });
    expect(guess(factsOf(output('o', [1, 32, 40, 19], logits))).task).toMatchObject({ layout: 'nhwc', classes: 19 });
    const auxiliary = [output('aux', [1, 21, 16, 20], logits), output('out', [1, 21, 128, 160], logits)];
    expect(guess(factsOf(...auxiliary)).task).toMatchObject({ output: 'out' });
  });
  it('class indices', () => {
    expect(guess(factsOf(integers('o', [1, 128, 160], (i) => i % 7))).task).toMatchObject({
      layout: 'indices',
      classes: 7,
    });
    expect(guess({ ...factsOf(integers('o', [1, 1, 128, 160], () => 0)), classCount: 4 }).task).toMatchObject({
      classes: 4,
    });
  });
  it('class indices beyond the labels: boxes have no class of the background', () => {
    const facts = { ...factsOf(integers('o', [1, 128, 160], (i) => i % 7)), classCount: 6 };
    expect(guess(facts).task).toMatchObject({ classes: 7 });
  });
  it('one channel: the threshold follows from the values; a depth map is no mask', () => {
    const one = (value: () => number) => guess(factsOf(output('o', [1, 1, 128, 160], value))).task;
    expect(one(() => (random() < 0.5 ? 0.02 : 0.97))).toMatchObject({ classes: 2, threshold: 0.5 });
    expect(one(() => random() * 8 - 4)).toMatchObject({ threshold: 0 });
    expect(one(() => 3 + random() * 100)).toBeNull();
  });
  it('a picture and a pyramid of features are none', () => {
    expect(guess(factsOf(output('o', [1, 3, 128, 160], random))).task).toBeNull();
    const pyramid = [16, 8].map((factor) => output(`p${factor}`, [1, 256, 128 / factor, 160 / factor], random));
    expect(
      guess(factsOf(...pyramid, output('p4', [1, 256, 32, 40], random), output('p8', [1, 256, 16, 20], random))).task,
    ).toBeNull();
  });
});

describe('one vector for each image', () => {
  const declared = (name: string, ...dims: (number | null)[]): OutputFacts => ({
    name,
    dims,
    isInteger: false,
    samples: [],
  });
  it('is a classification by default', () => {
    expect(guess(factsOf(declared('logits', null, 1000)))).toEqual({
      task: { kind: 'classification' },
      notes: ['Classification: "logits" [?, 1000] holds one score for each class.'],
    });
    expect(guess(factsOf(declared('o', 1, 10, 1, 1))).task).toEqual({ kind: 'classification' });
    expect(guess(factsOf(declared('o', null, 6))).task).toEqual({ kind: 'classification' });
    expect(guess(factsOf(output('o', [1, 7], () => random() * 3))).task).toEqual({ kind: 'classification' });
  });
  it('is an embedding by its name, by its division by its length, or on request', () => {
    expect(guess(factsOf(declared('embedding', null, 512))).task).toEqual({ kind: 'embedding', output: 'embedding' });
    expect(guess({ ...factsOf(declared('o', null, 128)), normalizedOutputs: new Set(['o']) }).task).toMatchObject({
      kind: 'embedding',
    });
    expect(guess(factsOf(declared('o', null, 512)), 'embedding').task).toEqual({ kind: 'embedding', output: 'o' });
    // The features of a classifier are a second output.
    expect(guess(factsOf(declared('features', null, 512), declared('logits', null, 10))).task).toEqual({
      kind: 'classification',
    });
  });
  it('does not fit a task of another kind', () => {
    expect(guess(factsOf(declared('o', null, 10)), 'detection')).toEqual({
      task: null,
      notes: ['The settings of the task detection cannot be found from the outputs "o" [?, 10].'],
    });
  });
});

describe('scores for the whole image beside a map of features', () => {
  const scores = output('scores', [1, 5], random);
  const map = output('map', [1, 8, SIZE.inputHeight, SIZE.inputWidth], random);
  it('are a classification if the labels have the classes of the scores', () => {
    expect(guess({ ...factsOf(scores, map), classCount: 5 }).task).toEqual({ kind: 'classification' });
  });
  it('are a segmentation without such labels', () => {
    expect(guess({ ...factsOf(scores, map), classCount: 8 }).task).toMatchObject({
      kind: 'segmentation',
      output: 'map',
    });
    expect(guess(factsOf(scores, map)).task).toMatchObject({ kind: 'segmentation', output: 'map' });
  });
});
