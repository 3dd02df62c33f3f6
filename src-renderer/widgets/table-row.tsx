import { memo } from 'react';
import { classNames } from './class-names';
import type { Column } from './table-column';

interface TableRowProps<Row> {
  readonly row: Row;
  readonly columns: readonly Column<Row>[];
  /** Position among the rows shown, from 0. */
  readonly index: number;
  readonly topPx: number;
  readonly id: string;
  readonly isActive: boolean;
  readonly isSelected: boolean;
  readonly className: string | undefined;
}

/** One row. Clicks are handled by the table, so that a row that did not change needs nothing new. */
function PlainTableRow<Row>({ row, columns, index, topPx, id, isActive, isSelected, className }: TableRowProps<Row>) {
  return (
    <div
      id={id}
      className={classNames('table-row', isSelected && 'table-row-selected', isActive && 'table-row-active', className)}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      style={{ top: topPx }}
    >
      {columns.map((column) => (
        <div
          key={column.id}
          role="gridcell"
          className={CELL_CLASSES[column.align ?? 'left']}
          title={column.hover?.(row)}
        >
          {column.render(row)}
        </div>
      ))}
    </div>
  );
}

const CELL_CLASSES = {
  left: 'table-cell',
  right: 'table-cell table-right',
  center: 'table-cell table-center',
} as const;

export const TableRow = memo(PlainTableRow) as typeof PlainTableRow;
