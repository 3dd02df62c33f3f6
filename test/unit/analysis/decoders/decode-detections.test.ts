import { describe, expect, it } from 'vitest';
import { decodeDetections } from '../../../../src-main/analysis/decoders/decode-detections';
import type { OutputTensor } from '../../../../src-main/backends/runnable-variant';
import type { ImageGeometry } from '../../../../src-shared/domain/tasks/answer';
import type { Decoder, DetectionColumns } from '../../../../src-shared/domain/tasks/decoder';

/** An image of 100x50 pixels at the top of an input of 64x64: scale 0.5, 7 pixels from the left, 10 from the top. */
const GEOMETRY: ImageGeometry = {
  width: 100,
  height: 50,
  inputWidth: 64,
  inputHeight: 64,
  scaleX: 0.5,
  scaleY: 0.5,
  offsetX: 7,
  offsetY: 10,
};

const BASE: Decoder = {
  kind: 'yolov8',
  outputs: ['out'],
  boxForm: 'xyxy',
  boxUnit: 'pixels',
  activation: 'none',
  minScore: 0.1,
  nmsIou: 0.5,
  classAgnostic: false,
  maxDetections: 100,
};

function tensor(name: string, dims: readonly number[], values: readonly number[]): OutputTensor {
  return { name, dims, data: Float32Array.from(values) };
}

function integers(name: string, dims: readonly number[], values: readonly number[]): OutputTensor {
  return { name, dims, data: null, integers: Int32Array.from(values) };
}

/** [1, columns, rows] of a table given by rows. */
function columnsFirst(rows: readonly (readonly number[])[]): OutputTensor {
  const columns = rows[0]?.length ?? 0;
  const values = Array.from({ length: columns }, (_, c) => rows.map((row) => row[c] ?? Number.NaN)).flat();
  return tensor('out', [1, columns, rows.length], values);
}

function rowsFirst(rows: readonly (readonly number[])[]): OutputTensor {
  return tensor('out', [1, rows.length, rows[0]?.length ?? 0], rows.flat());
}

/** Detections as [class, score, left, top, right, bottom], rounded. */
function decode(
  change: Partial<Decoder>,
  outputs: readonly OutputTensor[],
  geometry: ImageGeometry = GEOMETRY,
): readonly (readonly number[])[] {
  const { boxes, scores, classes } = decodeDetections({ ...BASE, ...change }, outputs, geometry);
  return [...scores].map((score, i) => [
    classes[i] ?? -1,
    Math.round(score * 1000) / 1000,
    ...[...boxes.subarray(i * 4, i * 4 + 4)].map((value) => Math.round(value * 100) / 100),
  ]);
}

/** A box of the input, and the same box in the original image. */
const A = { xyxy: [17, 15, 27, 25], original: [20, 10, 40, 30] };
const B = { xyxy: [37, 20, 47, 30], original: [60, 20, 80, 40] };
const NONE = [0, 0, 0, 0];
const logit = (p: number): number => Math.log(p / (1 - p));

describe('layouts', () => {
  // Seven rows of five numbers, so that the longer axis counts the anchors.
  const filler = Array.from({ length: 5 }, () => [...NONE, 0, 0]);

  it('yolov8: box and class scores, whichever axis comes first', () => {
    const rows = [[...A.xyxy, 0.2, 0.9], [...B.xyxy, 0.6, 0], ...filler];
    const expected = [
      [1, 0.9, ...A.original],
      [0, 0.6, ...B.original],
      [0, 0.2, ...A.original],
    ];
    expect(decode({}, [columnsFirst(rows)])).toEqual(expected);
    expect(decode({}, [rowsFirst(rows)])).toEqual(expected);
    expect(
      decode({ activation: 'sigmoid' }, [
        columnsFirst(rows.map((row) => [...row.slice(0, 4), ...row.slice(4).map((p) => logit(Math.max(p, 1e-6)))])),
      ]),
    ).toEqual(expected);
  });
  it('yolov8 with numbers behind the class scores', () => {
    const rows = [[...A.xyxy, 0.2, 0.9, 5, 5], [...B.xyxy, 0.6, 0, 5, 5], ...filler.map((row) => [...row, 0, 0])];
    expect(decode({ classes: 2 }, [columnsFirst([...rows, ...rows])]).map(([label]) => label)).toEqual([1, 0, 0]);
  });
  it('counts cells where the longer axis is that of the classes', () => {
    // An input of 64x64 has 64 + 16 + 4 cells at strides 8, 16, 32.
    const rows = Array.from({ length: 84 }, (_, i) =>
      i === 3
        ? [...A.xyxy, ...Array.from({ length: 90 }, (_unused, c) => (c === 70 ? 0.8 : 0))]
        : Array<number>(94).fill(0),
    );
    expect(decode({}, [columnsFirst(rows)])).toEqual([[70, 0.8, ...A.original]]);
    expect(decode({}, [rowsFirst(rows)])).toEqual([[70, 0.8, ...A.original]]);
  });
  it('yolov5: class scores times objectness', () => {
    const rows = [[...A.xyxy, 0.5, 0.9, 0.4], [...B.xyxy, 0.05, 1, 1], ...filler.map((row) => [...row, 0])];
    const expected = [
      [0, 0.45, ...A.original],
      [1, 0.2, ...A.original],
    ];
    expect(decode({ kind: 'yolov5' }, [rowsFirst(rows)])).toEqual(expected);
    const raw = rows.map((row) => [
      ...row.slice(0, 4),
      ...row.slice(4).map((p) => logit(Math.min(0.999999, Math.max(p, 1e-6)))),
    ]);
    expect(decode({ kind: 'yolov5', activation: 'sigmoid' }, [rowsFirst(raw)])).toEqual(expected);
  });
  it('a detector of one class may have the objectness alone', () => {
    const rows = Array.from({ length: 7 }, (_, i) => (i === 2 ? [...A.xyxy, 0.7] : [...NONE, 0]));
    expect(decode({ kind: 'yolov5' }, [rowsFirst(rows)])).toEqual([[0, 0.7, ...A.original]]);
  });
  it('yolox: boxes relative to the cells of grids, in one output or one per stride', () => {
    const strides = [8, 16, 32];
    // Cell (1, 2) of stride 16: centre (22, 32) + ..., size 10x10.
    const cell = 64 + 2 * 4 + 1;
    const box = [22 / 16 - 1, 20 / 16 - 2, Math.log(10 / 16), Math.log(10 / 16)];
    const rows = Array.from({ length: 84 }, (_, i) => (i === cell ? [...box, 1, 0.8] : [...NONE, 0, 0]));
    const expected = [[0, 0.8, ...A.original]];
    expect(decode({ kind: 'yolox', strides }, [rowsFirst(rows)])).toEqual(expected);
    const parts = [rows.slice(0, 64), rows.slice(64, 80), rows.slice(80)].map((part, i) => {
      const side = Math.sqrt(part.length);
      return { ...columnsFirst(part), name: `s${i}`, dims: [1, 6, side, side] };
    });
    expect(decode({ kind: 'yolox', strides, outputs: ['s0', 's1', 's2'] }, parts)).toEqual(expected);
    const decoded = rows.map((row, i) => (i === cell ? [22, 20, 10, 10, 1, 0.8] : row));
    expect(decode({ kind: 'yolox', boxForm: 'cxcywh' }, [rowsFirst(decoded)])).toEqual(expected);
  });
  it('end-to-end: all orders of the numbers; unused rows are left out', () => {
    const run = (columns: DetectionColumns, dims: number[], rows: number[][]) =>
      decode({ kind: 'end-to-end', nmsIou: null, columns }, [tensor('out', dims, rows.flat())]);
    const expected = [[2, 0.8, ...A.original]];
    expect(
      run(
        'box-score-class',
        [1, 2, 6],
        [
          [...A.xyxy, 0.8, 2],
          [...NONE, 0, 0],
        ],
      ),
    ).toEqual(expected);
    expect(
      run(
        'class-score-box',
        [2, 6],
        [
          [2, 0.8, ...A.xyxy],
          [-1, 0.9, ...A.xyxy],
        ],
      ),
    ).toEqual(expected);
    expect(run('image-box-class-score', [1, 7], [[0, ...A.xyxy, 2, 0.8]])).toEqual(expected);
    expect(
      run(
        'image-class-score-box',
        [1, 1, 2, 7],
        [
          [0, 2, 0.8, ...A.xyxy],
          [-1, 2, 0.8, ...A.xyxy],
        ],
      ),
    ).toEqual(expected);
    expect(run('box-score-class', [0, 6], [])).toEqual([]);
  });
  it('detr: softmax with a background takes the best class, sigmoid all of them', () => {
    const boxes = tensor('boxes', [1, 2, 4], [22 / 64, 20 / 64, 10 / 64, 10 / 64, 42 / 64, 25 / 64, 10 / 64, 10 / 64]);
    const detr = {
      kind: 'detr',
      outputs: ['logits', 'boxes'],
      boxForm: 'cxcywh',
      boxUnit: 'fraction',
      nmsIou: null,
    } as const;
    const softmax = tensor('logits', [1, 2, 3], [0.6, 0.3, 0.1, 0.1, 0.2, 0.7].map(Math.log));
    expect(decode({ ...detr, activation: 'softmax', background: 'last' }, [softmax, boxes])).toEqual([
      [0, 0.6, ...A.original],
      [1, 0.2, ...B.original],
    ]);
    const sigmoid = tensor('logits', [1, 2, 2], [0.6, 0.3, 0.05, 0.2].map(logit));
    expect(decode({ ...detr, activation: 'sigmoid' }, [sigmoid, boxes])).toEqual([
      [0, 0.6, ...A.original],
      [1, 0.3, ...A.original],
      [1, 0.2, ...B.original],
    ]);
  });
  it('boxes-scores: a background at either end, scores with either axis first, several levels', () => {
    const boxes = tensor('boxes', [1, 2, 4], [...A.xyxy, ...B.xyxy]);
    const pair = { kind: 'boxes-scores', outputs: ['boxes', 'scores'] } as const;
    const expected = [
      [0, 0.9, ...A.original],
      [1, 0.8, ...B.original],
    ];
    const scores = (values: number[], dims: number[]) => [tensor('scores', dims, values), boxes];
    expect(decode({ ...pair, background: 'first' }, scores([0.1, 0.9, 0, 0.2, 0, 0.8], [1, 2, 3]))).toEqual(expected);
    expect(decode({ ...pair, background: 'last' }, scores([0.9, 0, 0.1, 0, 0.8, 0.2], [1, 2, 3]))).toEqual(expected);
    expect(decode({ ...pair, background: 'first' }, scores([0.1, 0.2, 0.9, 0, 0, 0.8], [1, 3, 2]))).toEqual(expected);
    expect(decode(pair, scores([0.9, 0.8], [1, 2])).map(([label]) => label)).toEqual([0, 0]);
    expect(
      decode({ ...pair, outputs: ['b1', 'b2', 's1', 's2'] }, [
        tensor('b1', [1, 1, 4], A.xyxy),
        tensor('b2', [1, 1, 4], B.xyxy),
        tensor('s1', [1, 1, 2], [0.9, 0]),
        tensor('s2', [1, 1, 2], [0, 0.8]),
      ]),
    ).toEqual(expected);
  });
  it('torchvision: labels of integers count from 1; an image without detections', () => {
    const decoder = { kind: 'torchvision', outputs: ['b', 'l', 's'], nmsIou: null, classOffset: 1 } as const;
    expect(
      decode(decoder, [
        tensor('b', [2, 4], [...A.xyxy, ...B.xyxy]),
        integers('l', [2], [3, 1]),
        tensor('s', [2], [0.9, 0.4]),
      ]),
    ).toEqual([
      [2, 0.9, ...A.original],
      [0, 0.4, ...B.original],
    ]);
    expect(decode(decoder, [tensor('b', [0, 4], []), integers('l', [0], []), tensor('s', [0], [])])).toEqual([]);
  });
  it('efficient-nms: rows beyond the number of detections are unused; classes may be floats', () => {
    const decoder = { kind: 'efficient-nms', outputs: ['n', 'b', 's', 'c'], nmsIou: null } as const;
    const boxes = tensor('b', [1, 2, 4], [...A.xyxy, ...B.xyxy]);
    const scores = tensor('s', [1, 2], [0.9, 0.8]);
    expect(decode(decoder, [integers('n', [1, 1], [1]), boxes, scores, integers('c', [1, 2], [5, 6])])).toEqual([
      [5, 0.9, ...A.original],
    ]);
    // TensorFlow: y before x in fractions, class 1 first, all of them floats.
    const yxyx = tensor('b', [1, 1, 4], [15 / 64, 17 / 64, 25 / 64, 27 / 64]);
    expect(
      decode({ ...decoder, boxForm: 'yxyx', boxUnit: 'fraction', classOffset: 1 }, [
        tensor('n', [1], [1]),
        yxyx,
        tensor('s', [1, 1], [0.9]),
        tensor('c', [1, 1], [1]),
      ]),
    ).toEqual([[0, 0.9, ...A.original]]);
  });
});

describe('boxes', () => {
  const one = (change: Partial<Decoder>, box: readonly number[], geometry = GEOMETRY) =>
    decode({ kind: 'end-to-end', nmsIou: null, ...change }, [tensor('out', [1, 1, 6], [...box, 0.8, 0])], geometry).map(
      (row) => row.slice(2),
    );
  it('in all forms and units', () => {
    expect(one({ boxForm: 'cxcywh' }, [22, 20, 10, 10])).toEqual([A.original]);
    expect(one({ boxForm: 'xywh' }, [17, 15, 10, 10])).toEqual([A.original]);
    expect(one({ boxForm: 'yxyx' }, [15, 17, 25, 27])).toEqual([A.original]);
    expect(
      one(
        { boxUnit: 'fraction' },
        A.xyxy.map((value) => value / 64),
      ),
    ).toEqual([A.original]);
    expect(one({ boxUnit: 'original' }, A.original)).toEqual([A.original]);
  });
  it('are clipped to the image, and left out if nothing remains', () => {
    expect(one({}, [0, 0, 64, 64])).toEqual([[0, 0, 100, 50]]);
    expect(one({}, [10, 40, 20, 60])).toEqual([]); // below the image, in the padding
    expect(one({}, [27, 15, 17, 25])).toEqual([]);
    expect(one({}, [Number.NaN, 15, 17, 25])).toEqual([]);
    expect(one({}, [Number.NEGATIVE_INFINITY, 15, 27, 25])).toEqual([]);
  });
  it('of a stretched image', () => {
    expect(one({}, A.xyxy, { ...GEOMETRY, scaleX: 0.64, scaleY: 1.28, offsetX: 0, offsetY: 0 })).toEqual([
      [26.56, 11.72, 42.19, 19.53],
    ]);
  });
});

describe('selection', () => {
  it('drops scores that are not finite', () => {
    const rows = [
      [...A.xyxy, Number.NaN, 0.9],
      [...B.xyxy, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      ...Array.from({ length: 6 }, () => [...NONE, 0, 0]),
    ];
    expect(decode({}, [columnsFirst(rows)])).toEqual([[1, 0.9, ...A.original]]);
    expect(decode({ activation: 'softmax' }, [columnsFirst(rows)]).filter(([, , left]) => left === 20)).toEqual([]);
  });
  it('suppresses within a class, or across classes', () => {
    const shifted = A.xyxy.map((value, i) => value + (i % 2 === 0 ? 1 : 0));
    const rows = [
      [...A.xyxy, 0.9, 0],
      [...shifted, 0.8, 0],
      [...shifted, 0, 0.7],
      ...Array.from({ length: 5 }, () => [...NONE, 0, 0]),
    ];
    expect(decode({}, [columnsFirst(rows)]).map(([, score]) => score)).toEqual([0.9, 0.7]);
    expect(decode({ classAgnostic: true }, [columnsFirst(rows)]).map(([, score]) => score)).toEqual([0.9]);
    expect(decode({ nmsIou: null }, [columnsFirst(rows)]).map(([, score]) => score)).toEqual([0.9, 0.8, 0.7]);
    expect(decode({ nmsIou: null, maxDetections: 2 }, [columnsFirst(rows)])).toHaveLength(2);
  });
  it('equals a plain suppression of all pairs, and keeps the order of equal scores', () => {
    let seed = 7;
    const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
    const rows = Array.from({ length: 300 }, () => {
      const [x, y] = [random() * 40, random() * 40];
      return [
        x,
        y,
        x + 5 + random() * 15,
        y + 5 + random() * 15,
        ...[0, 1, 2].map(() => Math.round(random() * 20) / 20),
      ];
    });
    const whole = { ...GEOMETRY, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 };
    const { classes, scores, boxes } = decodeDetections(
      { ...BASE, nmsIou: 0.45, maxDetections: 1000 },
      [columnsFirst(rows)],
      whole,
    );
    const pairs = rows.flatMap((row, i) =>
      [0, 1, 2].map((label) => ({
        i,
        label,
        score: Math.fround(row[4 + label] ?? 0),
        box: row.slice(0, 4).map(Math.fround),
      })),
    );
    // The memory of this layout holds one class after the other.
    const sorted = pairs
      .filter(({ score }) => score >= 0.1)
      .sort((a, b) => b.score - a.score || a.label - b.label || a.i - b.i);
    const kept: typeof sorted = [];
    for (const pair of sorted)
      if (!kept.some((other) => other.label === pair.label && iou(other.box, pair.box) > 0.45)) kept.push(pair);
    expect([...classes]).toEqual(kept.map(({ label }) => label));
    expect([...scores]).toEqual(kept.map(({ score }) => score));
    expect([...boxes]).toEqual(
      kept.flatMap(({ box }) => box.map((value, i) => Math.fround(Math.min(value, i % 2 === 0 ? 100 : 50)))),
    );
    expect(kept.length).toBeLessThan(sorted.length);
  });
  it('keeps the best of more candidates than it can hold', () => {
    const count = 200_000;
    const data = new Float32Array(count * 5);
    for (let i = 0; i < count; i += 1) {
      data.set([0, 0, 10, 10], i * 5);
      data[i * 5 + 4] = 0.2 + (((i * 7919) % count) / count) * 0.7;
    }
    const { scores } = decodeDetections(
      { ...BASE, nmsIou: null, maxDetections: 1000 },
      [{ name: 'out', dims: [1, count, 5], data }],
      { ...GEOMETRY, offsetX: 0, offsetY: 0 },
    );
    const expected = Float32Array.from({ length: count }, (_, i) => data[i * 5 + 4] ?? 0)
      .sort()
      .reverse();
    expect([...scores]).toEqual([...expected.subarray(0, 1000)]);
  });
});

describe('errors', () => {
  it('name the output, the shape that is expected and the one that was found', () => {
    const fails = (change: Partial<Decoder>, outputs: readonly OutputTensor[]) => () => decode(change, outputs);
    const out = tensor('out', [1, 2, 3, 4], Array<number>(24).fill(0));
    expect(fails({}, [out])).toThrow(
      /yolov8 expects output "out" as \[1, 4 \+ classes, anchors\], found \[1, 2, 3, 4\]/,
    );
    expect(fails({ outputs: ['other'] }, [out])).toThrow(
      /"other", which the model does not have; its outputs are "out"/,
    );
    expect(fails({ kind: 'detr' }, [out])).toThrow(
      'The decoder detr needs two outputs, the logits and the boxes, found out',
    );
    expect(fails({ kind: 'yolox', strides: [8] }, [tensor('out', [1, 9, 6], Array<number>(54).fill(0))])).toThrow(
      'expects 64 rows, one for each cell of the grids with strides 8 of an input of 64x64, found 9',
    );
    expect(
      fails({ kind: 'boxes-scores', outputs: ['out', 's'] }, [
        tensor('out', [1, 2, 4], Array<number>(8).fill(0)),
        tensor('s', [1, 3, 5], Array<number>(15).fill(0)),
      ]),
    ).toThrow('expects output "s" as [1, 2, classes] or [1, classes, 2], found [1, 3, 5]');
  });
});

function iou(a: readonly number[], b: readonly number[]): number {
  const [al = 0, at = 0, ar = 0, ab = 0] = a;
  const [bl = 0, bt = 0, br = 0, bb = 0] = b;
  const common = Math.max(0, Math.min(ar, br) - Math.max(al, bl)) * Math.max(0, Math.min(ab, bb) - Math.max(at, bt));
  return common / ((ar - al) * (ab - at) + (br - bl) * (bb - bt) - common);
}
