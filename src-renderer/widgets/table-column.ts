import type { ReactNode } from 'react';
import type { Sort, SortValue } from './table-order';

/** One column of a table. Cells of one line are drawn by the hundred while a person scrolls: few elements in each. */
export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  /** Longer name, on hover. */
  readonly hint?: string;
  /** CSS width: pixels, or a share of what is left (`1fr`). */
  readonly width: number | `${number}fr`;
  /** Numbers stand on the right. */
  readonly align?: 'left' | 'right' | 'center';
  /** What stands in the cell; text that is too long is cut by the cell itself. */
  readonly render: (row: Row) => ReactNode;
  /** What hovering over the cell shows: the whole text, or the exact value. */
  readonly hover?: (row: Row) => string | undefined;
  /** Makes the column sortable; null sorts last either way. */
  readonly sortValue?: (row: Row) => SortValue;
  /** Where a first click on the head begins; numbers usually with the largest. */
  readonly firstDirection?: Sort['direction'];
}
