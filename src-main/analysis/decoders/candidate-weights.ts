import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import type { Decoder } from '../../../src-shared/domain/tasks/decoder';
import type { OutputTensor } from '../../backends/runnable-variant';
import { overlapOf, WRONG_BOX } from './candidate-error';
import { sigmoid, type ScoreTable } from './candidates';
import type { Matrix } from './matrix';
import { findPlaces, type Places } from './places';

/**
 * For every value of a detector's outputs, the error of the candidates (see candidateSums) that a small error e of this
 * value alone causes, divided by e². It is the square of the derivative of a score, and for a number of a box the
 * squared scores of its row times the squared derivative of the overlap.
 * @returns output -> weights, in the order of its values; null for decoders whose rows are detections in any order
 * @throws WorkbenchError model-unsupported when an output does not have the shape that the decoder says
 */
export function candidateWeights(
  decoder: Decoder,
  outputs: readonly OutputTensor[],
  geometry: ImageGeometry,
): ReadonlyMap<string, Float32Array> | null {
  // Numbers of boxes are changed one by one to find their derivatives.
  const own = outputs.map((output) => ({ ...output, data: output.data && output.data.slice() }));
  const places = findPlaces(decoder, own, geometry);
  const at = findPlaces(decoder, positions(outputs), geometry);
  if (places === null || at === null) return null;
  const all = new Float64Array(outputs.reduce((sum, { data }) => sum + (data?.length ?? 0), 0));
  for (let row = 0; row < places.boxes.rows; row += 1) {
    const squares = addScoreWeights(all, row, { table: places.scores, at: at.scores.matrix });
    if (squares >= decoder.minScore ** 2) addBoxWeights(all, { row, squares }, { places, at: at.boxes });
  }
  let from = 0;
  return new Map(
    outputs.flatMap(({ name, data }): [string, Float32Array][] => {
      if (data === null) return [];
      from += data.length;
      return [[name, Float32Array.from(all.subarray(from - data.length, from))]];
    }),
  );
}

/** The outputs with the position of every value among all values in place of the value. */
function positions(outputs: readonly OutputTensor[]): OutputTensor[] {
  let from = 0;
  return outputs.map((output) => {
    const { data } = output;
    if (data === null) return output;
    const integers = Int32Array.from(data, (_, i) => from + i);
    from += data.length;
    return { ...output, data: null, integers };
  });
}

function valueAt({ values, rowStep, columnStep }: Matrix, row: number, column: number): number {
  return values[row * rowStep + column * columnStep] ?? Number.NaN;
}

/** @returns the sum of the squared scores of the row */
function addScoreWeights(
  all: Float64Array,
  row: number,
  { table, at }: { readonly table: ScoreTable; readonly at: Matrix },
): number {
  const { matrix, firstColumn, count, activation, background, objectness } = table;
  const add = (column: number, weight: number): void => {
    const position = valueAt(at, row, column);
    if (Number.isFinite(weight)) all[position] = (all[position] ?? 0) + weight;
  };
  const raw = Array.from({ length: count }, (_, i) => valueAt(matrix, row, firstColumn + i));
  const shares = activation === 'softmax' ? softmax(raw) : activation === 'sigmoid' ? raw.map(sigmoid) : raw;
  const slopeOf = (share: number): number => (activation === 'none' ? 1 : share * (1 - share));
  const isSigmoid = activation === 'sigmoid';
  const own = objectness === null ? 1 : valueAt(matrix, row, objectness);
  const factor = objectness !== null && isSigmoid ? sigmoid(own) : own;
  let squares = 0;
  const skipped = background === 'first' ? 0 : background === 'last' ? count - 1 : null;
  for (const [i, share] of shares.entries()) {
    if (i === skipped) continue;
    squares += share * share;
    add(firstColumn + i, (factor * slopeOf(share)) ** 2);
  }
  // A detector of one class may have the objectness alone.
  if (count === 0) squares = 1;
  if (objectness !== null) add(objectness, squares * (isSigmoid ? slopeOf(factor) : 1) ** 2);
  return factor * factor * squares;
}

function softmax(raw: readonly number[]): readonly number[] {
  const largest = Math.max(...raw);
  const powers = raw.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** The change of a number of a box for its derivative, relative to the number, and the smallest one. */
const STEP = 1e-3;
const LEAST_STEP = 1e-4;

function addBoxWeights(
  all: Float64Array,
  { row, squares }: { readonly row: number; readonly squares: number },
  { places, at }: { readonly places: Places; readonly at: Matrix },
): void {
  const { boxes, readBox } = places;
  const { values, rowStep, columnStep } = boxes;
  const [before, after] = [new Float64Array(4), new Float64Array(4)];
  readBox(row, before, 0);
  for (let column = 0; column < 4; column += 1) {
    const from = row * rowStep + column * columnStep;
    const value = values[from] ?? Number.NaN;
    values[from] = value + Math.max(STEP * Math.abs(value), LEAST_STEP);
    readBox(row, after, 0);
    const step = (values[from] ?? Number.NaN) - value;
    values[from] = value;
    const slope = (1 - overlapOf(before, after)) / WRONG_BOX / step;
    const position = valueAt(at, row, column);
    if (Number.isFinite(slope)) all[position] = (all[position] ?? 0) + squares * slope * slope;
  }
}
