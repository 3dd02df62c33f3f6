import type { ReactNode } from 'react';

/** One column of a table. Scrolling draws hundreds of cells, so that `render` should return few elements. */
export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  /** A longer title, shown on hover. */
  readonly hint?: string;
  /** Pixels, or a share of the remaining width (`1fr`). */
  readonly width: number | `${number}fr`;
  /** Numbers are aligned to the right. */
  readonly align?: 'left' | 'right' | 'center';
  /** The content of the cell, which truncates long text. */
  readonly render: (row: Row) => ReactNode;
  /** The tooltip of the cell: the whole text, or the exact value. */
  readonly hover?: (row: Row) => string | undefined;
  /** Makes the column sortable; null sorts last in both directions. */
  readonly sortValue?: (row: Row) => SortValue;
  /** The direction of the first click on the head; numbers usually begin with the largest. */
  readonly firstDirection?: Sort['direction'];
}

export type SortValue = string | number | null;

export interface Sort {
  readonly column: string;
  readonly direction: 'ascending' | 'descending';
}

interface SortableColumn<Row> {
  readonly id: string;
  readonly sortValue?: (row: Row) => SortValue;
}

/**
 * Sorts stably. Rows without a value (null, NaN) come last in both directions; text is compared with its numbers in
 * numeric order, conv_2 before conv_10.
 */
export function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly SortableColumn<Row>[],
  sort: Sort | null,
): readonly Row[] {
  const valueOf = columns.find((column) => column.id === sort?.column)?.sortValue;
  if (sort === null || valueOf === undefined) return rows;
  const sign = sort.direction === 'ascending' ? 1 : -1;
  return rows
    .map((row) => ({ row, value: valueOf(row) }))
    .sort((a, b) => compare(a.value, b.value, sign))
    .map(({ row }) => row);
}

const collator = new Intl.Collator('en', { numeric: true });

function compare(a: SortValue, b: SortValue, sign: 1 | -1): number {
  const isAMissing = isMissing(a);
  const isBMissing = isMissing(b);
  if (isAMissing || isBMissing) return Number(isAMissing) - Number(isBMissing);
  if (typeof a === 'number' && typeof b === 'number') return a === b ? 0 : a < b ? -sign : sign;
  return sign * collator.compare(String(a), String(b));
}

function isMissing(value: SortValue): boolean {
  return value === null || (typeof value === 'number' && Number.isNaN(value));
}

/** The sort order after a click on a head: first direction, then the opposite one, then unsorted. */
export function nextSort(sort: Sort | null, column: string, first: Sort['direction']): Sort | null {
  if (sort?.column !== column) return { column, direction: first };
  if (sort.direction !== first) return null;
  return { column, direction: first === 'ascending' ? 'descending' : 'ascending' };
}

/** The row that a navigation key moves to; null for another key or at the end. `active` is -1 if no row is active. */
export function keyTarget(key: string, active: number, count: number, page: number): number | null {
  if (count === 0) return null;
  const last = count - 1;
  switch (key) {
    case 'ArrowDown':
      return active < 0 ? 0 : Math.min(last, active + 1);
    case 'ArrowUp':
      return active < 0 ? last : Math.max(0, active - 1);
    case 'PageDown':
      return Math.min(last, Math.max(0, active) + page);
    case 'PageUp':
      return Math.max(0, active - page);
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return null;
  }
}
