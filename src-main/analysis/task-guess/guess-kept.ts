import type { Decoder, DetectionColumns } from '../../../src-shared/domain/tasks/decoder';
import type { TaskGuess } from '../../../src-shared/domain/tasks/task';
import { isAnchorsFirst, stridesOf, type Matrix } from '../decoders/matrix';
import { detectionGuess } from './decoder-notes';
import {
  elementsOf,
  outputText,
  sampleTables,
  sampleValues,
  shapeOfImage,
  share,
  valueAt,
  type OutputFacts,
  type TaskFacts,
} from './facts';
import { guessBoxes, type GuessedBoxes } from './guess-boxes';
import { isProbability } from './guess-scores';

/** Detections that the model has selected itself: boxes with one class and one score each. */
export function guessKept(facts: TaskFacts): TaskGuess | null {
  return separateOutputs(facts) ?? singleOutput(facts);
}

const NAMES = {
  boxes: /box|dets/i,
  labels: /label|class|cls|categor/i,
  scores: /score|conf|prob/i,
  count: /num|count|valid/i,
};

/** Boxes, classes and scores in outputs of their own (torchvision, TensorRT's EfficientNMS, TensorFlow). */
function separateOutputs(facts: TaskFacts): TaskGuess | null {
  const { outputs } = facts;
  const boxes = outputs.filter((output) => isBoxList(output));
  const found = boxes
    .flatMap((output) => partsOf(output, outputs) ?? [])
    .sort((a, b) => Number(NAMES.boxes.test(b.boxes.name)) - Number(NAMES.boxes.test(a.boxes.name)))[0];
  if (found === undefined) return null;
  const { labels, scores, count } = found;
  const tables = sampleTables(found.boxes).map((table, image) => usedRows(table, count?.samples[image]));
  const guessed = guessBoxes(tables, { size: null, isUsed: isNotZero });
  const isTensorflow = /^detection_boxes/.test(found.boxes.name);
  const kind = count === null ? 'torchvision' : 'efficient-nms';
  const names = count === null ? [found.boxes, labels, scores] : [count, found.boxes, scores, labels];
  return detectionGuess(
    {
      kind,
      outputs: names.map(({ name }) => name),
      boxForm: isTensorflow ? 'yxyx' : tables.some(({ rows }) => rows > 0) ? guessed.form : 'xyxy',
      boxUnit: unitOf(guessed, facts),
      activation: 'none',
      ...offsetOf(labels, { scores, isUsual: kind === 'torchvision' || isTensorflow }),
    },
    {
      suppresses: false,
      hasValues: tables.length > 0,
      reason: `${names.map(outputText).join(', ')} are ${count === null ? 'boxes, classes and scores' : 'the number of detections, boxes, scores and classes'}.`,
    },
  );
}

function isBoxList(output: OutputFacts): boolean {
  const shape = shapeOfImage(output, 2);
  return shape.length === 2 && shape[1] === 4 && !output.isInteger;
}

interface Parts {
  readonly boxes: OutputFacts;
  readonly labels: OutputFacts;
  readonly scores: OutputFacts;
  readonly count: OutputFacts | null;
}

/** The outputs with one value for each box, told apart by their names and values. */
function partsOf(boxes: OutputFacts, outputs: readonly OutputFacts[]): Parts | null {
  const [length] = shapeOfImage(boxes, 2);
  const isCount = (output: OutputFacts): boolean =>
    elementsOf(output) === 1 && (output.isInteger || NAMES.count.test(output.name));
  const count = outputs.find((output) => isCount(output) && (length !== 1 || NAMES.count.test(output.name))) ?? null;
  const lists = outputs.filter(
    (output) => output !== boxes && output !== count && isList(output, length ?? Number.NaN),
  );
  const isWhole = (output: OutputFacts): boolean =>
    output.isInteger || (output.samples.length > 0 && sampleValues(output).every(Number.isInteger));
  const labels =
    lists.find((output) => NAMES.labels.test(output.name) && !NAMES.scores.test(output.name)) ?? lists.find(isWhole);
  const others = lists.filter((output) => output !== labels && !output.isInteger);
  const scores = others.find(({ name }) => NAMES.scores.test(name)) ?? others[0];
  return labels === undefined || scores === undefined ? null : { boxes, labels, scores, count };
}

function isList(output: OutputFacts, length: number): boolean {
  const shape = shapeOfImage(output, 1);
  const hasLength =
    shape.length === 1 && (shape[0] === length || (Number.isNaN(length) && Number.isNaN(shape[0] ?? 0)));
  return hasLength && output.dims.length <= 2;
}

function usedRows(table: Matrix, count: OutputFacts['samples'][number] | undefined): Matrix {
  const used = count?.integers?.[0] ?? count?.data?.[0];
  return used === undefined ? table : { ...table, rows: Math.max(0, Math.min(table.rows, used)) };
}

function isNotZero(table: Matrix, row: number): boolean {
  return [0, 1, 2, 3].some((column) => valueAt(table, row, column) !== 0);
}

function unitOf({ unit }: GuessedBoxes, { givesOriginalSize }: TaskFacts): Decoder['boxUnit'] {
  return givesOriginalSize && unit === 'pixels' ? 'original' : unit;
}

/** Models that reserve class 0 for the background count from 1. */
function offsetOf(
  labels: OutputFacts,
  { scores, isUsual }: { readonly scores: OutputFacts; readonly isUsual: boolean },
): { readonly classOffset?: number } {
  const hasZero = labels.samples.some(({ data, integers }, image) =>
    Array.from(integers ?? data ?? []).some(
      (label, i) => label === 0 && (scores.samples[image]?.data?.[i] ?? 0) > 0.05,
    ),
  );
  return isUsual && !hasZero ? { classOffset: 1 } : {};
}

/** Where the numbers stand; see DETECTION_COLUMNS. */
const ORDERS: readonly {
  readonly columns: DetectionColumns;
  readonly count: number;
  readonly box: number;
  readonly score: number;
  readonly label: number;
  readonly image: number | null;
}[] = [
  { columns: 'box-score-class', count: 6, box: 0, score: 4, label: 5, image: null },
  { columns: 'class-score-box', count: 6, box: 2, score: 1, label: 0, image: null },
  { columns: 'image-box-class-score', count: 7, box: 1, score: 6, label: 5, image: 0 },
  { columns: 'image-class-score-box', count: 7, box: 3, score: 2, label: 1, image: 0 },
];

/** [n, K, 6] and its relatives. The class column tells them apart: it holds whole numbers beside scores of 0 to 1. */
function singleOutput(facts: TaskFacts): TaskGuess | null {
  const output = facts.outputs.find((candidate) => isDetectionList(candidate, facts));
  if (output === undefined) return null;
  const tables = sampleTables(output);
  const order = orderOf(tables, shapeOfImage(output, 2)[1] ?? 6);
  if (order === null) return null;
  const isUsed = (table: Matrix, row: number): boolean =>
    valueAt(table, row, order.score) > 0 && valueAt(table, row, order.label) >= 0;
  const found = guessBoxes(tables, { size: null, first: order.box, isUsed });
  const usedRowsFound = tables.some((table) =>
    Array.from({ length: table.rows }, (_, row) => row).some((row) => isUsed(table, row)),
  );
  return detectionGuess(
    {
      kind: 'end-to-end',
      outputs: [output.name],
      boxForm: usedRowsFound ? found.form : 'xyxy',
      boxUnit: unitOf(found, facts),
      activation: 'none',
      ...(order.columns === 'box-score-class' ? {} : { columns: order.columns }),
    },
    {
      suppresses: false,
      hasValues: tables.length > 0,
      reason: `${outputText(output)} holds one box, score and class in each row.`,
    },
  );
}

function isDetectionList(output: OutputFacts, { size }: TaskFacts): boolean {
  const [rows = 0, columns = 0, ...others] = shapeOfImage(output, 2);
  if (others.length > 0 || output.isInteger || (columns !== 6 && columns !== 7)) return false;
  // Without values, [batch, 6] is rather a classification.
  if (output.dims.length < 3 && output.samples.length === 0) return false;
  // With one row for each cell of the grids these are anchors.
  return size === null || Number.isNaN(rows) || (stridesOf(rows, size) === null && !isTall(rows, columns, size));
}

function isTall(rows: number, columns: number, size: NonNullable<TaskFacts['size']>): boolean {
  return rows > 2000 && isAnchorsFirst([rows, columns], { size, usual: true });
}

function orderOf(tables: readonly Matrix[], count: number): (typeof ORDERS)[number] | null {
  const orders = ORDERS.filter((order) => order.count === count);
  const rows = tables.flatMap((table) =>
    Array.from({ length: table.rows }, (_, row) =>
      Array.from({ length: count }, (_unused, column) => valueAt(table, row, column)),
    ),
  );
  if (rows.length === 0) return orders[0] ?? null;
  const fit = (order: (typeof ORDERS)[number]): number =>
    share(rows, (row) => {
      const [score = -1, label = 0.5] = [row[order.score], row[order.label]];
      const image = order.image === null ? 0 : (row[order.image] ?? 0.5);
      return isProbability(score) && Number.isInteger(label) && label >= -1 && Number.isInteger(image);
    }) +
    share(rows, (row) => (row[order.score] ?? 0) % 1 !== 0) / 10;
  const best = [...orders].sort((a, b) => fit(b) - fit(a))[0];
  return best !== undefined && fit(best) >= 0.95 ? best : null;
}
