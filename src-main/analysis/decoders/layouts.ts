import type { Decoder, DetectionColumns } from '../../../src-shared/domain/tasks/decoder';
import type { OutputTensor } from '../../backends/runnable-variant';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { boxReader, gridBoxReader, gridCells, pixelFactors, type BoxReader } from './boxes';
import { addScores, type Candidates, type ScoreTable } from './candidates';
import {
  cellCount,
  isAnchorsFirst,
  layoutError,
  matrixOf,
  namedOutputs,
  pixelMatrixOf,
  squeezed,
  stacked,
  transposed,
  type InputSize,
  type Matrix,
} from './matrix';
import { valuesOf } from '../image-outputs';

/**
 * Reads the outputs of one image: adds the scores that are high enough to `candidates`.
 * @returns the reader of the boxes of these candidates
 * @throws WorkbenchError model-unsupported when an output does not have the shape that the layout says
 */
export type Layout = (
  decoder: Decoder,
  outputs: readonly OutputTensor[],
  context: { readonly size: InputSize; readonly candidates: Candidates },
) => BoxReader;

/** Throws unless the decoder names as many outputs as its layout has. */
export function requireCount(decoder: Decoder, isAllowed: (count: number) => boolean, expected: string): void {
  const { outputs, kind } = decoder;
  if (isAllowed(outputs.length)) return;
  throw new WorkbenchError(
    'model-unsupported',
    `The decoder ${kind} needs ${expected}, found ${outputs.length === 0 ? 'none' : outputs.join(', ')}`,
  );
}

/** Columns of the class scores; fewer than all columns that follow the box if others follow them. */
function scoreColumns(decoder: Decoder, available: number): number {
  if (decoder.classes === undefined) return available;
  return Math.min(available, decoder.classes + (decoder.background === undefined ? 0 : 1));
}

function scoreTable(decoder: Decoder, matrix: Matrix, firstColumn: number): Omit<ScoreTable, 'objectness'> {
  const { activation, background } = decoder;
  const count = scoreColumns(decoder, matrix.columns - firstColumn);
  return { matrix, firstColumn, count, activation, background, bestOnly: false };
}

/** One row per anchor: box, objectness if there is one, class scores. */
function anchorTable(decoder: Decoder, outputs: readonly OutputTensor[], size: InputSize): Matrix {
  const { kind } = decoder;
  const leading = kind === 'yolov8' ? 4 : 5;
  const expected = {
    yolov5: '[1, anchors, 5 + classes]',
    yolov8: '[1, 4 + classes, anchors]',
    yolox: '[1, anchors, 5 + classes] or [1, 5 + classes, height, width] for each stride',
  }[kind as 'yolov5' | 'yolov8' | 'yolox'];
  requireCount(decoder, (count) => count >= 1, 'the output with the detections');
  const columns = decoder.classes === undefined ? {} : { columns: leading + decoder.classes };
  const parts = namedOutputs(outputs, decoder.outputs).map((output) => {
    const isGrid = kind === 'yolox' && squeezed(output.dims, 3).length === 3 && output.dims.length === 4;
    const found = isGrid ? pixelMatrixOf(output) : matrixOf(output);
    if (found === null) throw layoutError(output, kind, expected);
    const table =
      isGrid || isAnchorsFirst([found.rows, found.columns], { size, usual: kind !== 'yolov8', ...columns })
        ? found
        : transposed(found);
    if (table.columns < (kind === 'yolov8' ? 5 : leading)) throw layoutError(output, kind, expected);
    return table;
  });
  const table = stacked(parts);
  if (table !== null) return table;
  throw new WorkbenchError(
    'model-unsupported',
    `The outputs ${decoder.outputs.join(', ')} of the decoder ${kind} have different numbers of values for each anchor`,
  );
}

const yolov5: Layout = (decoder, outputs, { size, candidates }) => {
  const matrix = anchorTable(decoder, outputs, size);
  addScores(candidates, { ...scoreTable(decoder, matrix, 5), objectness: 4 });
  return boxReader(matrix, 0, decoder.boxForm, pixelFactors(decoder, size));
};

const yolov8: Layout = (decoder, outputs, { size, candidates }) => {
  const matrix = anchorTable(decoder, outputs, size);
  addScores(candidates, { ...scoreTable(decoder, matrix, 4), objectness: null });
  return boxReader(matrix, 0, decoder.boxForm, pixelFactors(decoder, size));
};

const yolox: Layout = (decoder, outputs, context) => {
  const { strides } = decoder;
  if (strides === undefined) return yolov5(decoder, outputs, context);
  const { size, candidates } = context;
  const matrix = anchorTable(decoder, outputs, size);
  const cells = cellCount(size, strides);
  if (cells !== matrix.rows) {
    throw new WorkbenchError(
      'model-unsupported',
      `The decoder yolox expects ${cells} rows, one for each cell of the grids with strides ${strides.join(', ')} of ` +
        `an input of ${size.inputWidth}x${size.inputHeight}, found ${matrix.rows} in output ` +
        decoder.outputs.map((name) => `"${name}"`).join(', '),
      { hint: 'Set the strides of the decoder to those of the model.' },
    );
  }
  addScores(candidates, { ...scoreTable(decoder, matrix, 5), objectness: 4 });
  return gridBoxReader(matrix, gridCells(size, strides));
};

/** Columns of the box, the score, the class and the index of the image. */
const COLUMNS: Readonly<
  Record<DetectionColumns, { box: number; score: number; label: number; image: number | null; count: number }>
> = {
  'box-score-class': { box: 0, score: 4, label: 5, image: null, count: 6 },
  'class-score-box': { label: 0, score: 1, box: 2, image: null, count: 6 },
  'image-box-class-score': { image: 0, box: 1, label: 5, score: 6, count: 7 },
  'image-class-score-box': { image: 0, label: 1, score: 2, box: 3, count: 7 },
};

const endToEnd: Layout = (decoder, outputs, { size, candidates }) => {
  requireCount(decoder, (count) => count === 1, 'one output with the detections');
  const [output] = namedOutputs(outputs, decoder.outputs) as [OutputTensor];
  const { box, score, label, image, count } = COLUMNS[decoder.columns ?? 'box-score-class'];
  const matrix = matrixOf(output);
  if (matrix === null || matrix.columns < count)
    throw layoutError(
      output,
      decoder.kind,
      `[1, detections, ${count}] (columns ${decoder.columns ?? 'box-score-class'})`,
    );
  const { values, rows, rowStep } = matrix;
  for (let row = 0; row < rows; row += 1) {
    const at = row * rowStep;
    // Unused rows have the class or the image -1.
    if (image !== null && !((values[at + image] ?? -1) >= 0)) continue;
    addLabelled(candidates, decoder, { row, label: values[at + label], score: values[at + score] });
  }
  return boxReader(matrix, box, decoder.boxForm, pixelFactors(decoder, size));
};

function addLabelled(
  candidates: Candidates,
  { classOffset = 0, activation }: Decoder,
  {
    row,
    label,
    score,
  }: { readonly row: number; readonly label: number | undefined; readonly score: number | undefined },
): void {
  const index = Math.round((label ?? Number.NaN) - classOffset);
  if (!(index >= 0)) return;
  const raw = score ?? Number.NaN;
  candidates.add(row, index, activation === 'sigmoid' ? 1 / (1 + Math.exp(-raw)) : raw);
}

/** A table of boxes with four columns. @throws WorkbenchError model-unsupported */
function boxTable(output: OutputTensor, kind: string): Matrix {
  const matrix = matrixOf(output);
  if (matrix?.columns === 4) return matrix;
  if (matrix?.rows === 4) return transposed(matrix);
  if (matrix?.rows === 0 || output.dims.includes(0))
    return { values: new Float32Array(), rows: 0, columns: 4, rowStep: 4, columnStep: 1 };
  throw layoutError(output, kind, '[1, boxes, 4]');
}

/** A table of scores with one row per box. @throws WorkbenchError model-unsupported */
function scoresOfBoxes(output: OutputTensor, boxes: number, kind: string): Matrix {
  const dims = squeezed(output.dims, 2);
  const matrix = matrixOf(output);
  if (matrix?.rows === boxes) return matrix;
  if (matrix?.columns === boxes) return transposed(matrix);
  if (dims.length === 1 && dims[0] === boxes)
    return { values: valuesOf(output), rows: boxes, columns: 1, rowStep: 1, columnStep: 1 };
  throw layoutError(output, kind, `[1, ${boxes}, classes] or [1, classes, ${boxes}]`);
}

const detr: Layout = (decoder, outputs, { size, candidates }) => {
  requireCount(decoder, (count) => count === 2, 'two outputs, the logits and the boxes');
  const [logits, boxOutput] = namedOutputs(outputs, decoder.outputs) as [OutputTensor, OutputTensor];
  const boxes = boxTable(boxOutput, decoder.kind);
  const table = scoreTable(decoder, scoresOfBoxes(logits, boxes.rows, decoder.kind), 0);
  // With a background, a query has one class (DETR); otherwise any pair of query and class counts (Deformable DETR).
  addScores(candidates, { ...table, objectness: null, bestOnly: decoder.background !== undefined });
  return boxReader(boxes, 0, decoder.boxForm, pixelFactors(decoder, size));
};

const boxesScores: Layout = (decoder, outputs, { size, candidates }) => {
  requireCount(decoder, (count) => count >= 2 && count % 2 === 0, 'boxes and scores, in pairs');
  const named = namedOutputs(outputs, decoder.outputs);
  const half = named.length / 2;
  const boxParts = named.slice(0, half).map((output) => boxTable(output, decoder.kind));
  const scoreParts = named.slice(half).map((output, i) => scoresOfBoxes(output, boxParts[i]?.rows ?? 0, decoder.kind));
  const boxes = stacked(boxParts);
  const scores = stacked(scoreParts);
  if (boxes === null || scores === null) {
    throw new WorkbenchError(
      'model-unsupported',
      `The outputs ${decoder.outputs.slice(half).join(', ')} of the decoder ${decoder.kind} have different numbers of ` +
        'scores for each box',
    );
  }
  addScores(candidates, { ...scoreTable(decoder, scores, 0), objectness: null });
  return boxReader(boxes, 0, decoder.boxForm, pixelFactors(decoder, size));
};

const torchvision: Layout = (decoder, outputs, { size, candidates }) => {
  requireCount(decoder, (count) => count === 3, 'three outputs: boxes, labels, scores');
  const [boxes, labels, scores] = namedOutputs(outputs, decoder.outputs) as [OutputTensor, OutputTensor, OutputTensor];
  return labelledBoxes(decoder, { boxes, labels, scores, count: null }, { size, candidates });
};

const efficientNms: Layout = (decoder, outputs, context) => {
  requireCount(decoder, (count) => count === 4, 'four outputs: the number of detections, boxes, scores, classes');
  const [counts, boxes, scores, labels] = namedOutputs(outputs, decoder.outputs) as [
    OutputTensor,
    OutputTensor,
    OutputTensor,
    OutputTensor,
  ];
  return labelledBoxes(decoder, { boxes, labels, scores, count: valuesOf(counts)[0] ?? 0 }, context);
};

/** Boxes with one class and one score each. @param count number of rows that are used; null: all */
function labelledBoxes(
  decoder: Decoder,
  given: {
    readonly boxes: OutputTensor;
    readonly labels: OutputTensor;
    readonly scores: OutputTensor;
    readonly count: number | null;
  },
  { size, candidates }: Parameters<Layout>[2],
): BoxReader {
  const boxes = boxTable(given.boxes, decoder.kind);
  const labels = valuesOf(given.labels);
  const scores = valuesOf(given.scores);
  for (const [output, { length }] of [[given.labels, labels] as const, [given.scores, scores] as const])
    if (length !== boxes.rows) throw layoutError(output, decoder.kind, `one value for each of ${boxes.rows} boxes`);
  const used = Math.min(boxes.rows, given.count ?? boxes.rows);
  for (let row = 0; row < used; row += 1)
    addLabelled(candidates, decoder, { row, label: labels[row], score: scores[row] });
  return boxReader(boxes, 0, decoder.boxForm, pixelFactors(decoder, size));
}

export const LAYOUTS: Readonly<Record<Decoder['kind'], Layout>> = {
  yolov5,
  yolov8,
  yolox,
  'end-to-end': endToEnd,
  detr,
  'boxes-scores': boxesScores,
  torchvision,
  'efficient-nms': efficientNms,
};
