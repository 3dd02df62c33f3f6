import type { BoxForm, Decoder } from '../../../src-shared/domain/tasks/decoder';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import { cellCount, type InputSize, type Matrix } from './matrix';

/** Writes left, top, right, bottom of the box in a row, in pixels of the network's input, to `out` at `at`. */
export type BoxReader = (row: number, out: Float64Array, at: number) => void;

/**
 * Reads boxes of four numbers that begin at column `first`.
 * @param toPixels factors that turn the numbers into pixels: 1, or width and height for fractions.
 */
export function boxReader(
  { values, rowStep, columnStep }: Matrix,
  first: number,
  form: BoxForm,
  [scaleX, scaleY]: readonly [number, number],
): BoxReader {
  const base = first * columnStep;
  return (row, out, at) => {
    const from = base + row * rowStep;
    const a = values[from] ?? Number.NaN;
    const b = values[from + columnStep] ?? Number.NaN;
    const c = values[from + 2 * columnStep] ?? Number.NaN;
    const d = values[from + 3 * columnStep] ?? Number.NaN;
    switch (form) {
      case 'xyxy':
        return write(out, at, [a * scaleX, b * scaleY, c * scaleX, d * scaleY]);
      case 'yxyx':
        return write(out, at, [b * scaleX, a * scaleY, d * scaleX, c * scaleY]);
      case 'xywh':
        return write(out, at, [a * scaleX, b * scaleY, (a + c) * scaleX, (b + d) * scaleY]);
      case 'cxcywh':
        return write(out, at, [(a - c / 2) * scaleX, (b - d / 2) * scaleY, (a + c / 2) * scaleX, (b + d / 2) * scaleY]);
    }
  };
}

type Corners = readonly [left: number, top: number, right: number, bottom: number];

function write(out: Float64Array, at: number, [left, top, right, bottom]: Corners): void {
  out[at] = left;
  out[at + 1] = top;
  out[at + 2] = right;
  out[at + 3] = bottom;
}

/** Factors that turn the numbers of boxes into pixels of the network's input. */
export function pixelFactors({ boxUnit }: Decoder, { inputWidth, inputHeight }: InputSize): readonly [number, number] {
  return boxUnit === 'fraction' ? [inputWidth, inputHeight] : [1, 1];
}

/**
 * Reads boxes relative to the cells of grids: centre = (xy + cell) * stride, size = exp(wh) * stride (YOLOX, Ge et al.
 * 2021, section 2.1). The rows of a grid come one after the other.
 */
export function gridBoxReader({ values, rowStep, columnStep }: Matrix, cells: GridCells): BoxReader {
  return (row, out, at) => {
    const from = row * rowStep;
    const stride = cells.stride[row] ?? 0;
    const x = ((values[from] ?? Number.NaN) + (cells.x[row] ?? 0)) * stride;
    const y = ((values[from + columnStep] ?? Number.NaN) + (cells.y[row] ?? 0)) * stride;
    const halfWidth = (Math.exp(values[from + 2 * columnStep] ?? Number.NaN) * stride) / 2;
    const halfHeight = (Math.exp(values[from + 3 * columnStep] ?? Number.NaN) * stride) / 2;
    write(out, at, [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight]);
  };
}

/** Column, row and stride of the cell of every anchor. */
export interface GridCells {
  readonly x: Int32Array;
  readonly y: Int32Array;
  readonly stride: Int32Array;
}

let lastCells: { readonly key: string; readonly cells: GridCells } | null = null;

/** The cells of the grids of all strides; those of the last size are kept. */
export function gridCells(size: InputSize, strides: readonly number[]): GridCells {
  const key = `${size.inputWidth}x${size.inputHeight}/${strides.join()}`;
  if (lastCells?.key === key) return lastCells.cells;
  const count = cellCount(size, strides);
  const cells = { x: new Int32Array(count), y: new Int32Array(count), stride: new Int32Array(count) };
  let at = 0;
  for (const stride of strides) {
    const columns = Math.ceil(size.inputWidth / stride);
    const rows = Math.ceil(size.inputHeight / stride);
    for (let y = 0; y < rows; y += 1) {
      for (let x = 0; x < columns; x += 1, at += 1) {
        cells.x[at] = x;
        cells.y[at] = y;
        cells.stride[at] = stride;
      }
    }
  }
  lastCells = { key, cells };
  return cells;
}

/** Moves boxes from the network's input to the original image and clips them to it. */
export function toOriginal(boxes: Float64Array, geometry: ImageGeometry): void {
  const { width, height, scaleX, scaleY, offsetX, offsetY } = geometry;
  for (let at = 0; at < boxes.length; at += 2) {
    boxes[at] = clamp(((boxes[at] ?? 0) - offsetX) / scaleX, width);
    boxes[at + 1] = clamp(((boxes[at + 1] ?? 0) - offsetY) / scaleY, height);
  }
}

function clamp(value: number, max: number): number {
  return Math.max(0, Math.min(max, value));
}
