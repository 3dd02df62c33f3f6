import type { Decoder, DetectionColumns } from '../../../src-shared/domain/tasks/decoder';
import type { OutputTensor } from '../../backends/runnable-variant';
import { defined } from '../../../src-shared/base/assert';
import { boxReader, pixelFactors, type BoxReader } from './boxes';
import { addScores, sigmoid, type Candidates } from './candidates';
import { layoutError, matrixOf, namedOutputs, type InputSize } from './matrix';
import { boxTable, findPlaces, requireCount } from './places';
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

const ofPlaces: Layout = (decoder, outputs, { size, candidates }) => {
  const { scores, readBox } = defined(findPlaces(decoder, outputs, size), `${decoder.kind} has a row per place`);
  addScores(candidates, scores);
  return readBox;
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
  candidates.add(row, index, activation === 'sigmoid' ? sigmoid(raw) : raw);
}

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
  yolov5: ofPlaces,
  yolov8: ofPlaces,
  yolox: ofPlaces,
  'end-to-end': endToEnd,
  detr: ofPlaces,
  'boxes-scores': ofPlaces,
  torchvision,
  'efficient-nms': efficientNms,
};
