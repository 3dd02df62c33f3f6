import { WorkbenchError } from '../../../src-shared/base/errors';
import type { OutputTensor } from '../../backends/runnable-variant';
import { requireOutput, valuesOf } from '../image-outputs';

/** A table of numbers in the memory of an output: one row per anchor, query or detection. */
export interface Matrix {
  readonly values: Float32Array | Int32Array;
  readonly rows: number;
  readonly columns: number;
  /** Steps in `values` from one row or column to the next. */
  readonly rowStep: number;
  readonly columnStep: number;
}

export function shapeText(dims: readonly number[]): string {
  return `[${dims.join(', ')}]`;
}

/** @param expected the shapes that the layout allows */
export function layoutError({ name, dims }: OutputTensor, layout: string, expected: string): WorkbenchError {
  return new WorkbenchError(
    'model-unsupported',
    `The decoder ${layout} expects output "${name}" as ${expected}, found ${shapeText(dims)}`,
  );
}

/** The shape of an output without axes of size 1, as long as more than `rank` axes remain; leading ones go first. */
export function squeezed(dims: readonly number[], rank: number): readonly number[] {
  let rest = dims;
  while (rest.length > rank) {
    const at = rest.indexOf(1);
    if (at < 0) break;
    rest = [...rest.slice(0, at), ...rest.slice(at + 1)];
  }
  return rest;
}

/** The table of an output for one image as it lies in memory; null if it does not have two axes. */
export function matrixOf(output: OutputTensor): Matrix | null {
  const dims = squeezed(output.dims, 2);
  const [rows = 0, columns = 0] = dims;
  return dims.length === 2 ? { values: valuesOf(output), rows, columns, rowStep: columns, columnStep: 1 } : null;
}

/** [channels, height, width] as one row per pixel; null for another number of axes. */
export function pixelMatrixOf(output: OutputTensor): Matrix | null {
  const dims = output.dims.length === 4 && output.dims[0] === 1 ? output.dims.slice(1) : output.dims;
  const [channels = 0, height = 0, width = 0] = dims;
  if (dims.length !== 3) return null;
  const rows = height * width;
  return { values: valuesOf(output), rows, columns: channels, rowStep: 1, columnStep: rows };
}

export function transposed({ values, rows, columns, rowStep, columnStep }: Matrix): Matrix {
  return { values, rows: columns, columns: rows, rowStep: columnStep, columnStep: rowStep };
}

/** The tables below each other. @returns null if they have different numbers of columns */
export function stacked(parts: readonly Matrix[]): Matrix | null {
  const [first, ...others] = parts;
  if (first === undefined) return null;
  if (others.length === 0) return first;
  const { columns } = first;
  if (others.some((part) => part.columns !== columns)) return null;
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const values = new Float32Array(rows * columns);
  let to = 0;
  for (const part of parts) {
    for (let row = 0; row < part.rows; row += 1) {
      const from = row * part.rowStep;
      for (let column = 0; column < columns; column += 1, to += 1)
        values[to] = part.values[from + column * part.columnStep] ?? Number.NaN;
    }
  }
  return { values, rows, columns, rowStep: columns, columnStep: 1 };
}

/** The outputs that a decoder names. @throws WorkbenchError model-unsupported */
export function namedOutputs(outputs: readonly OutputTensor[], names: readonly string[]): OutputTensor[] {
  return names.map((name) => requireOutput(outputs, name));
}

/** Sets of strides with which detectors are built; the most common one first. */
const STRIDE_SETS = [
  [8, 16, 32],
  [8, 16, 32, 64],
  [16, 32],
  [4, 8, 16, 32],
  [8, 16, 32, 64, 128],
];
const ANCHORS_PER_CELL = [1, 3];

export interface InputSize {
  readonly inputWidth: number;
  readonly inputHeight: number;
}

/** The number of cells of the grids of all strides. */
export function cellCount({ inputWidth, inputHeight }: InputSize, strides: readonly number[]): number {
  return strides.reduce((sum, stride) => sum + Math.ceil(inputWidth / stride) * Math.ceil(inputHeight / stride), 0);
}

/** The strides whose grids together have one cell per anchor; null if no usual set of strides does. */
export function stridesOf(anchors: number, size: InputSize): readonly number[] | null {
  return STRIDE_SETS.find((strides) => cellCount(size, strides) === anchors) ?? null;
}

function isAnchorCount(count: number, size: InputSize): boolean {
  return STRIDE_SETS.some((strides) => ANCHORS_PER_CELL.some((each) => each * cellCount(size, strides) === count));
}

/**
 * Whether the first of two axes counts the anchors, and the second one the numbers of each. An axis with the number of
 * cells of a usual grid counts anchors; if this does not decide, the longer axis does.
 * @param columns the number of numbers of each anchor, if it is known.
 */
export function isAnchorsFirst(
  [first, second]: readonly [number, number],
  { size, usual, columns }: { readonly size: InputSize; readonly usual: boolean; readonly columns?: number },
): boolean {
  if (columns !== undefined && (first === columns) !== (second === columns)) return second === columns;
  const [isFirst, isSecond] = [isAnchorCount(first, size), isAnchorCount(second, size)];
  if (isFirst !== isSecond) return isFirst;
  return first === second ? usual : first > second;
}
