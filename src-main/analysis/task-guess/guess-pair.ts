import type { TaskGuess } from '../../../src-shared/domain/tasks/task';
import { squeezed, stridesOf, transposed, type Matrix } from '../decoders/matrix';
import { detectionGuess } from './decoder-notes';
import { outputText, sampleTables, shapeOfImage, type OutputFacts, type TaskFacts } from './facts';
import { guessBoxes } from './guess-boxes';
import { guessScores, scoreRows } from './guess-scores';

/** Queries of a transformer; more rows are anchors. */
const MAX_QUERIES = 1000;
const BOX_NAMES = /box|loc|dets|reg/i;
const DETR_NAMES = /logit|pred_/i;

interface Pair {
  readonly boxes: OutputFacts;
  readonly scores: OutputFacts;
  readonly rows: number;
}

/** Boxes in one output and the scores of all classes in another (DETR, SSD, RetinaNet, face detectors). */
export function guessPair(facts: TaskFacts): TaskGuess | null {
  const pair = findPair(facts.outputs);
  if (pair === null) return null;
  const { boxes, scores, rows } = pair;
  const boxTables = sampleTables(boxes).map((table) => (table.columns === 4 ? table : transposed(table)));
  const scoreTables = scores.samples.map((sample) => scoreTable(sample, rows)).filter((table) => table !== null);
  const isNamed = [boxes, scores].some(({ name }) => DETR_NAMES.test(name));
  const isFewer = rows <= MAX_QUERIES && (facts.size === null || stridesOf(rows, facts.size) === null);
  const found = guessBoxes(boxTables, { size: isNamed || isFewer ? null : facts.size });
  // Transformers answer with fractions of the image, each object once.
  const isFraction = boxTables.length === 0 || (found.unit === 'fraction' && found.form === 'cxcywh');
  const isDetr = isNamed || (isFewer && isFraction);
  if (!found.isPlausible || found.strides !== null) {
    return {
      task: null,
      notes: [
        `${outputText(boxes)} and ${outputText(scores)} look like a detector, but the numbers are no boxes: probably ` +
          'they are relative to anchors that are not part of the model. Export it with its decoding.',
      ],
    };
  }
  const { activation, background } = guessScores(scoreRows(scoreTables, 0), true);
  const [first, second] = isDetr ? [scores, boxes] : [boxes, scores];
  return detectionGuess(
    {
      kind: isDetr ? 'detr' : 'boxes-scores',
      outputs: [first.name, second.name],
      boxForm: found.form,
      boxUnit: boxes.samples.length === 0 && isDetr ? 'fraction' : found.unit,
      activation: scores.samples.length === 0 && isDetr ? 'sigmoid' : activation,
      ...(background === undefined ? {} : { background }),
    },
    {
      suppresses: !isDetr,
      hasValues: boxTables.length > 0,
      reason: `${outputText(boxes)} holds boxes, ${outputText(scores)} the scores of their classes.`,
    },
  );
}

/** The boxes, and the scores with as many rows. A name decides if both could be the boxes. */
function findPair(outputs: readonly OutputFacts[]): Pair | null {
  const pairs = outputs.flatMap((boxes) => {
    const rows = boxCount(boxes);
    if (rows === null || boxes.isInteger) return [];
    return outputs
      .filter((scores) => scores !== boxes && !scores.isInteger && hasRows(scores, rows))
      .map((scores) => ({ boxes, scores, rows }));
  });
  const rank = ({ boxes, scores }: Pair): number =>
    Number(BOX_NAMES.test(boxes.name)) - Number(BOX_NAMES.test(scores.name));
  return pairs.sort((a, b) => rank(b) - rank(a))[0] ?? null;
}

/** The number of boxes of [n, A, 4], [n, 4, A] or [n, A, 1, 4]; null for other shapes. */
function boxCount(output: OutputFacts): number | null {
  const [a = Number.NaN, b = Number.NaN, ...others] = shapeOfImage(output, 2);
  if (others.length > 0 || output.dims.length < 3) return null;
  const rows = b === 4 ? a : a === 4 ? b : Number.NaN;
  return rows >= 8 ? rows : null;
}

function hasRows(output: OutputFacts, rows: number): boolean {
  const shape = shapeOfImage(output, 2);
  if (shape.length === 1 || (output.dims.length === 2 && shape.length === 2)) return shape.at(-1) === rows;
  return shape.length === 2 && (shape[0] === rows || shape[1] === rows);
}

function scoreTable(sample: OutputFacts['samples'][number], rows: number): Matrix | null {
  const values = sample.data ?? sample.integers;
  const dims = squeezed(sample.dims, 2);
  if (values === undefined || values.length % rows !== 0) return null;
  const columns = values.length / rows;
  return dims[0] === rows || dims.length === 1 || columns === 1
    ? { values, rows, columns, rowStep: columns, columnStep: 1 }
    : { values, rows, columns, rowStep: 1, columnStep: rows };
}
