import type { BoxForm, Decoder } from '../../../src-shared/domain/tasks/decoder';
import { gridCells } from '../decoders/boxes';
import { stridesOf, type InputSize, type Matrix } from '../decoders/matrix';
import { share, valueAt } from './facts';

export interface GuessedBoxes {
  readonly form: BoxForm;
  readonly unit: Decoder['boxUnit'];
  /** Strides of the grids that the boxes are relative to; null: they are not. */
  readonly strides: readonly number[] | null;
  /** False if the numbers are boxes in no form: offsets from anchors, for example. */
  readonly isPlausible: boolean;
}

/** One box: its four numbers and the centre of its cell in pixels, if rows belong to cells. */
interface Row {
  readonly box: readonly [number, number, number, number];
  readonly centre: readonly [number, number] | null;
}

/** Rows that are looked at per image. */
const MAX_ROWS = 4000;
/** Boxes in fractions may exceed the image a little. */
const MAX_FRACTION = 2;

/**
 * Guesses the form of boxes from their values.
 * @param tables one per image; the box begins at column `first`.
 * @param isUsed which rows hold a box; unused rows of a fixed number of detections are often 0.
 */
export function guessBoxes(
  tables: readonly Matrix[],
  {
    size,
    first = 0,
    isUsed = () => true,
  }: {
    readonly size: InputSize | null;
    readonly first?: number;
    readonly isUsed?: (table: Matrix, row: number) => boolean;
  },
): GuessedBoxes {
  const rows = tables.flatMap((table) => rowsOf(table, first, { size, isUsed }));
  if (rows.length === 0) return { form: 'cxcywh', unit: 'pixels', strides: null, isPlausible: true };
  const onGrid = rows.filter(({ centre }) => centre !== null);
  const strides = size === null ? null : stridesOf(tables[0]?.rows ?? 0, size);
  if (size !== null && onGrid.length >= 50) {
    const found = fromGrid(onGrid, size);
    if (found !== null) return found === 'relative' ? relativeTo(strides) : found;
  }
  const numbers = rows.flatMap(({ box }) => box);
  const unit = share(numbers, (value) => Math.abs(value) <= MAX_FRACTION) > 0.99 ? 'fraction' : 'pixels';
  const corners = share(rows, hasCorners);
  const sizes = share(rows, hasSize);
  const form = corners >= 0.95 ? 'xyxy' : 'cxcywh';
  return { form, unit, strides: null, isPlausible: Math.max(corners, sizes) >= 0.95 };
}

function rowsOf(
  table: Matrix,
  first: number,
  { size, isUsed }: { readonly size: InputSize | null; readonly isUsed: (table: Matrix, row: number) => boolean },
): Row[] {
  const centres = size === null ? null : cellCentres(table.rows, size);
  const step = Math.max(1, Math.ceil(table.rows / MAX_ROWS));
  const rows: Row[] = [];
  for (let row = 0; row < table.rows; row += step) {
    const box = [0, 1, 2, 3].map((i) => valueAt(table, row, first + i)) as [number, number, number, number];
    if (box.every(Number.isFinite) && isUsed(table, row)) rows.push({ box, centre: centres?.(row) ?? null });
  }
  return rows;
}

/** The centre of the cell of each row; null if rows are not the cells of grids, with one or three boxes each. */
function cellCentres(count: number, size: InputSize): ((row: number) => readonly [number, number]) | null {
  for (const each of [1, 3]) {
    const strides = count % each === 0 ? stridesOf(count / each, size) : null;
    if (strides === null) continue;
    // The boxes of a stride come together, those of each anchor one grid after the other.
    const parts = strides.flatMap((stride) => {
      const cells = gridCells(size, [stride]);
      return Array.from({ length: each }, () => cells);
    });
    const x = parts.flatMap((cells) => Array.from(cells.x, (column, i) => (column + 0.5) * (cells.stride[i] ?? 0)));
    const y = parts.flatMap((cells) => Array.from(cells.y, (row, i) => (row + 0.5) * (cells.stride[i] ?? 0)));
    return (row) => [x[row] ?? 0, y[row] ?? 0];
  }
  return null;
}

function hasCorners({ box: [a, b, c, d] }: Row): boolean {
  return c >= a && d >= b;
}

function hasSize({ box: [, , c, d] }: Row): boolean {
  return c >= 0 && d >= 0;
}

function relativeTo(strides: readonly number[] | null): GuessedBoxes {
  return { form: 'cxcywh', unit: 'pixels', strides, isPlausible: strides !== null };
}

/**
 * A box that was decoded lies near its cell: its first numbers grow with the position of the cell, by one pixel per
 * pixel or by one fraction per width. Numbers relative to the cell do not depend on its position.
 * @returns null if the values show neither
 */
function fromGrid(rows: readonly Row[], size: InputSize): GuessedBoxes | 'relative' | null {
  const first = rows.map(({ box: [a] }) => a);
  const x = rows.map(({ centre }) => centre?.[0] ?? 0);
  const y = rows.map(({ centre }) => centre?.[1] ?? 0);
  const alongX = slope(x, first);
  const alongY = slope(y, first);
  const isYFirst = Math.abs(alongY) > Math.abs(alongX);
  const pixelsPerPixel = isYFirst ? alongY : alongX;
  const side = isYFirst ? size.inputHeight : size.inputWidth;
  const unit = isNearOne(pixelsPerPixel) ? 'pixels' : isNearOne(pixelsPerPixel * side) ? 'fraction' : null;
  if (unit === null) return Math.abs(pixelsPerPixel * side) < 0.3 * side && !hasTwoCorners(rows) ? 'relative' : null;
  if (isYFirst) return { form: 'yxyx', unit, strides: null, isPlausible: hasTwoCorners(rows) };
  if (hasTwoCorners(rows)) return { form: 'xyxy', unit, strides: null, isPlausible: true };
  const scale = unit === 'pixels' ? 1 : size.inputWidth;
  const distance = (offset: (box: Row['box']) => number): number =>
    rows.reduce((sum, { box, centre }) => sum + Math.abs(offset(box) * scale - (centre?.[0] ?? 0)), 0);
  const isCorner = distance(([a, , c]) => a + c / 2) < distance(([a]) => a);
  return { form: isCorner ? 'xywh' : 'cxcywh', unit, strides: null, isPlausible: share(rows, hasSize) >= 0.95 };
}

function hasTwoCorners(rows: readonly Row[]): boolean {
  return share(rows, hasCorners) >= 0.95;
}

function isNearOne(value: number): boolean {
  return value > 0.6 && value < 1.4;
}

/** Slope of the line through points (least squares). */
function slope(xs: readonly number[], ys: readonly number[]): number {
  const meanX = xs.reduce((sum, x) => sum + x, 0) / xs.length;
  const meanY = ys.reduce((sum, y) => sum + y, 0) / ys.length;
  let covariance = 0;
  let variance = 0;
  for (const [i, x] of xs.entries()) {
    covariance += (x - meanX) * ((ys[i] ?? 0) - meanY);
    variance += (x - meanX) ** 2;
  }
  return variance > 0 ? covariance / variance : 0;
}
