import type { Decoder } from '../../../src-shared/domain/tasks/decoder';
import type { TaskGuess } from '../../../src-shared/domain/tasks/task';
import {
  isAnchorsFirst,
  pixelMatrixOf,
  stacked,
  stridesOf,
  transposed,
  type InputSize,
  type Matrix,
} from '../decoders/matrix';
import { sigmoid } from '../decoders/candidates';
import { detectionGuess } from './decoder-notes';
import { outputText, sampleTables, shapeOfImage, share, type OutputFacts, type TaskFacts } from './facts';
import { guessBoxes } from './guess-boxes';
import { guessScores, isProbability, scoreRows } from './guess-scores';

/** Fewer rows than this are no anchors unless they are the cells of grids. */
const MIN_ANCHORS = 100;
/** Masks of an image as weighted sums of prototypes: the weights follow the class scores. */
const MASK_WEIGHTS = 32;

interface Anchors {
  readonly output: OutputFacts;
  readonly rows: number;
  readonly columns: number;
  readonly isRowsFirst: boolean;
  /** Boxes of each cell of the usual grids; null: the rows are not the cells of usual grids. */
  readonly perCell: number | null;
}

/** One output with a box and all scores of every anchor (YOLO). */
export function guessAnchors(facts: TaskFacts): TaskGuess | null {
  const { size } = facts;
  if (size === null) return null;
  const found = facts.outputs.flatMap((output) => anchorsOf(output, size) ?? []).sort((a, b) => b.rows - a.rows)[0];
  if (found === undefined) return guessGrids(facts, size);
  const { output, columns, isRowsFirst } = found;
  const tables = sampleTables(output).map((table) => (isRowsFirst ? table : transposed(table)));
  const boxes = guessBoxes(tables, { size });
  const isRelative = boxes.strides !== null;
  if (!boxes.isPlausible && !isRelative) return null;
  const extra = facts.outputs.some((other) => isPrototypes(other)) ? MASK_WEIGHTS : 0;
  const hasObjectness = isRelative || guessObjectness(found, tables, { facts, extra });
  const leading = hasObjectness ? 5 : 4;
  const classes = columns - leading - extra;
  if (classes < (hasObjectness ? 0 : 1)) return null;
  const scores = guessScores(scoreRows(tables, 4, columns - 4 - extra), false);
  // The numbers of other outputs (a sequence of features) are neither scores nor boxes of anchors.
  if (found.perCell === null && !(scores.activation === 'none' && tables.length > 0)) return null;
  return detectionGuess(
    {
      kind: isRelative || (hasObjectness && found.perCell === 1) ? 'yolox' : hasObjectness ? 'yolov5' : 'yolov8',
      outputs: [output.name],
      boxForm: boxes.form,
      boxUnit: boxes.unit,
      activation: scores.activation,
      ...(boxes.strides === null ? {} : { strides: boxes.strides }),
      ...(extra > 0 ? { classes } : {}),
    },
    { suppresses: true, hasValues: tables.length > 0, reason: reasonOf(found, { hasObjectness, classes, extra }) },
  );
}

function reasonOf(
  { output, rows, perCell }: Anchors,
  { hasObjectness, classes, extra }: { hasObjectness: boolean; classes: number; extra: number },
): string {
  const numbers = [
    'a box',
    ...(hasObjectness ? ['an objectness'] : []),
    `${classes} class score${classes === 1 ? '' : 's'}`,
    ...(extra > 0 ? [`${extra} weights of masks`] : []),
  ];
  return (
    `${outputText(output)} holds ${numbers.slice(0, -1).join(', ')} and ${numbers.at(-1)} for each of ${rows} ` +
    `${perCell === 1 ? 'cells' : 'anchors'}.`
  );
}

function anchorsOf(output: OutputFacts, size: InputSize): Anchors | null {
  if (output.isInteger || output.dims.length !== 3) return null;
  const [a = Number.NaN, b = Number.NaN, ...others] = shapeOfImage(output, 2);
  if (others.length > 0 || Number.isNaN(a + b)) return null;
  const isRowsFirst = isAnchorsFirst([a, b], { size, usual: true });
  const [rows, columns] = isRowsFirst ? [a, b] : [b, a];
  const perCell = stridesOf(rows, size) !== null ? 1 : rows % 3 === 0 && stridesOf(rows / 3, size) !== null ? 3 : null;
  if (columns < 5 || (perCell === null && rows < MIN_ANCHORS)) return null;
  return { output, rows, columns, isRowsFirst, perCell };
}

/** The prototypes of masks that belong to [n, 4 + classes + 32, A]. */
function isPrototypes({ dims }: OutputFacts): boolean {
  return dims.length === 4 && (dims[1] === MASK_WEIGHTS || dims[3] === MASK_WEIGHTS);
}

/**
 * Whether a score for "any object" precedes the class scores. Three boxes for each cell are those of models with
 * anchors, which have one. The number of classes decides, if it is known. Otherwise the class scores do: where an
 * objectness is low, some class scores are high nevertheless, because they are probabilities given that there is an
 * object. Without objectness all scores are low there.
 */
function guessObjectness(
  { columns, perCell, isRowsFirst }: Anchors,
  tables: readonly Matrix[],
  { facts: { classCount }, extra }: { readonly facts: TaskFacts; readonly extra: number },
): boolean {
  if (columns - extra === 5) return false;
  if (classCount !== undefined && classCount === columns - extra - 5) return true;
  if (classCount !== undefined && classCount === columns - extra - 4) return false;
  if (perCell === 3) return true;
  // Exports of models without objectness have the numbers of an anchor in the first axis, unless they were transposed.
  if (!isRowsFirst) return false;
  const rows = scoreRows(tables, 4, columns - 4 - extra);
  const activate = rows.every((row) => row.every(isProbability)) ? (x: number): number => x : sigmoid;
  const low = rows.filter(([objectness = 1]) => activate(objectness) < 0.01);
  if (low.length < 100) return true;
  return share(low, ([, ...scores]) => scores.some((score) => activate(score) > 0.1)) > 0.25;
}

/** One [n, 5 + classes, height, width] per stride: YOLOX before its heads are joined. */
function guessGrids(facts: TaskFacts, size: InputSize): TaskGuess | null {
  const strideOf = ({ dims }: OutputFacts): number | undefined =>
    [8, 16, 32, 64].find(
      (stride) =>
        dims.length === 4 &&
        dims[2] === Math.ceil(size.inputHeight / stride) &&
        dims[3] === Math.ceil(size.inputWidth / stride),
    );
  const heads = facts.outputs
    .flatMap((output) => {
      const stride = strideOf(output);
      return stride === undefined ? [] : [{ output, stride }];
    })
    .sort((a, b) => a.stride - b.stride);
  const columns = heads[0]?.output.dims[1] ?? 0;
  if (heads.length < 2 || heads.length !== facts.outputs.length || columns < 6) return null;
  if (heads.some(({ output }) => output.dims[1] !== columns || output.samples.length === 0)) return null;
  const tables = (heads[0]?.output.samples ?? []).flatMap((_, image) => {
    const parts = heads.map(({ output }) => output.samples[image]).map((sample) => sample && pixelMatrixOf(sample));
    return stacked(parts.filter((part) => part !== null && part !== undefined)) ?? [];
  });
  const rows = scoreRows(tables, 4);
  const { activation } = guessScores(rows, false);
  const objectness = rows.map(([first = Number.NaN]) => (activation === 'sigmoid' ? sigmoid(first) : first));
  // Maps of features have no column that is low nearly everywhere.
  if (share(objectness, (value) => value < 0.05) < 0.8) return null;
  const strides = heads.map(({ stride }) => stride);
  const decoder: Pick<Decoder, 'kind' | 'boxForm' | 'boxUnit'> = {
    kind: 'yolox',
    boxForm: 'cxcywh',
    boxUnit: 'pixels',
  };
  return detectionGuess(
    { ...decoder, outputs: heads.map(({ output }) => output.name), activation, strides },
    {
      suppresses: true,
      hasValues: true,
      reason: `${heads.map(({ output }) => outputText(output)).join(', ')} hold a box, an objectness and ${columns - 5} class scores for each cell.`,
    },
  );
}
