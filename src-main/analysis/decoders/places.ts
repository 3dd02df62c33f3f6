import type { Decoder } from '../../../src-shared/domain/tasks/decoder';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { OutputTensor } from '../../backends/runnable-variant';
import { valuesOf } from '../image-outputs';
import { boxReader, gridBoxReader, gridCells, pixelFactors, type BoxReader } from './boxes';
import type { ScoreTable } from './candidates';
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

/** The numbers of a detector whose rows are places of the image (anchors, cells, queries). */
export interface Places {
  readonly scores: ScoreTable;
  /** The four numbers of a box are the first columns of its row. */
  readonly boxes: Matrix;
  readonly readBox: BoxReader;
}

/** Finds the numbers in the outputs for one image. @throws WorkbenchError model-unsupported, see Layout */
type FindPlaces = (decoder: Decoder, outputs: readonly OutputTensor[], size: InputSize) => Places;

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

const anchors: FindPlaces = (decoder, outputs, size) => {
  const matrix = anchorTable(decoder, outputs, size);
  const isBoxOnly = decoder.kind === 'yolov8';
  return {
    scores: { ...scoreTable(decoder, matrix, isBoxOnly ? 4 : 5), objectness: isBoxOnly ? null : 4 },
    boxes: matrix,
    readBox: boxReader(matrix, 0, decoder.boxForm, pixelFactors(decoder, size)),
  };
};

const yolox: FindPlaces = (decoder, outputs, size) => {
  const found = anchors(decoder, outputs, size);
  const { strides } = decoder;
  if (strides === undefined) return found;
  const cells = cellCount(size, strides);
  const { rows } = found.boxes;
  if (cells !== rows) {
    throw new WorkbenchError(
      'model-unsupported',
      `The decoder yolox expects ${cells} rows, one for each cell of the grids with strides ${strides.join(', ')} of ` +
        `an input of ${size.inputWidth}x${size.inputHeight}, found ${rows} in output ` +
        decoder.outputs.map((name) => `"${name}"`).join(', '),
      { hint: 'Set the strides of the decoder to those of the model.' },
    );
  }
  return { ...found, readBox: gridBoxReader(found.boxes, gridCells(size, strides)) };
};

/** A table of boxes with four columns. @throws WorkbenchError model-unsupported */
export function boxTable(output: OutputTensor, kind: string): Matrix {
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

const detr: FindPlaces = (decoder, outputs, size) => {
  requireCount(decoder, (count) => count === 2, 'two outputs, the logits and the boxes');
  const [logits, boxOutput] = namedOutputs(outputs, decoder.outputs) as [OutputTensor, OutputTensor];
  const boxes = boxTable(boxOutput, decoder.kind);
  const table = scoreTable(decoder, scoresOfBoxes(logits, boxes.rows, decoder.kind), 0);
  return {
    // With a background, a query has one class (DETR); otherwise any pair of query and class counts (Deformable DETR).
    scores: { ...table, objectness: null, bestOnly: decoder.background !== undefined },
    boxes,
    readBox: boxReader(boxes, 0, decoder.boxForm, pixelFactors(decoder, size)),
  };
};

const boxesScores: FindPlaces = (decoder, outputs, size) => {
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
  return {
    scores: { ...scoreTable(decoder, scores, 0), objectness: null },
    boxes,
    readBox: boxReader(boxes, 0, decoder.boxForm, pixelFactors(decoder, size)),
  };
};

const FINDERS: Readonly<Partial<Record<Decoder['kind'], FindPlaces>>> = {
  yolov5: anchors,
  yolov8: anchors,
  yolox,
  detr,
  'boxes-scores': boxesScores,
};

/** @returns null for decoders whose rows are detections in any order */
export function findPlaces(decoder: Decoder, outputs: readonly OutputTensor[], size: InputSize): Places | null {
  return FINDERS[decoder.kind]?.(decoder, outputs, size) ?? null;
}
