import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type CSSProperties,
  type KeyboardEvent,
  memo,
  type MouseEvent,
  type ReactNode,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from 'react';
import { t } from '../i18n';
import { classNames } from './class-names';
import styles from './data-table.module.css';
import { Icon } from './icons';
import { type Column, keyTarget, nextSort, type Sort, sortRows } from './table-order';

export type { Column } from './table-order';

export interface RowPick {
  /** Shift was held: select everything from the last row to this one. */
  readonly isRange: boolean;
  /** Ctrl or Command was held: toggle this row. */
  readonly isToggle: boolean;
  /** All keys in the order shown. */
  readonly order: readonly string[];
}

interface DataTableProps<Row> {
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly rowKey: (row: Row) => string;
  /** The row that the rest of the window displays. */
  readonly activeKey?: string | null;
  /** Additional selected rows, for tables with multiple selection. */
  readonly selectedKeys?: ReadonlySet<string>;
  readonly onPick?: (key: string, pick: RowPick) => void;
  /** Enter or a double click. */
  readonly onActivate?: (key: string) => void;
  /** Called for keys that the table does not use; returns true if it handled the key. */
  readonly onKey?: (event: KeyboardEvent<HTMLDivElement>) => boolean;
  readonly initialSort?: Sort;
  readonly rowClass?: (row: Row) => string | undefined;
  /** Shown instead of rows. */
  readonly empty?: ReactNode;
}

const ROW_HEIGHT = 28;
const PAGE_ROWS = 10;
/** `aria-rowindex` of the first row: the head is row 1. */
const FIRST_ROW_INDEX = 2;

/**
 * A table of any length that renders only the visible rows. Arrow keys, Page Up, Page Down, Home and End move the
 * active row; Shift selects ranges; a click on a head sorts. Rows are 28 px high; the head stays visible.
 */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, rows, columns, rowKey, activeKey = null, selectedKeys, onPick, onActivate, rowClass } = props;
  const tableId = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [sort, setSort] = useState<Sort | null>(props.initialSort ?? null);
  const sorted = useMemo(() => sortRows(rows, columns, sort), [rows, columns, sort]);
  const order = useMemo(() => sorted.map(rowKey), [sorted, rowKey]);
  const activeIndex = activeKey === null ? -1 : order.indexOf(activeKey);
  // The React compiler is not used here, so the library's changing functions are safe.
  const virtualizer = useVirtualizer({
    count: sorted.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    scrollPaddingStart: ROW_HEIGHT,
  });
  useEffect(() => {
    if (activeIndex >= 0) virtualizer.scrollToIndex(activeIndex, { align: 'auto' });
  }, [activeIndex, virtualizer]);

  const pick = (key: string, event: MouseEvent | KeyboardEvent): void =>
    onPick?.(key, { isRange: event.shiftKey, isToggle: event.ctrlKey || event.metaKey, order });
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (event.target !== event.currentTarget) return;
    if (props.onKey?.(event) === true) {
      event.preventDefault();
      return;
    }
    const target = keyTarget(event.key, activeIndex, order.length, PAGE_ROWS);
    const key = target === null ? undefined : order[target];
    if (key !== undefined) {
      event.preventDefault();
      pick(key, event);
    } else if (event.key === 'Enter' && activeKey !== null && activeIndex >= 0) {
      event.preventDefault();
      onActivate?.(activeKey);
    }
  };

  /** The row under the pointer; the table handles the events of all its rows. */
  const keyAt = (event: MouseEvent): string | undefined => {
    const element = event.target instanceof Element ? event.target.closest('[role=row]') : null;
    return element === null ? undefined : order[Number(element.getAttribute('aria-rowindex')) - FIRST_ROW_INDEX];
  };
  const onClick = (event: MouseEvent): void => {
    const key = keyAt(event);
    if (key !== undefined) pick(key, event);
  };
  const onDoubleClick = (event: MouseEvent): void => {
    const key = keyAt(event);
    if (key !== undefined) onActivate?.(key);
  };

  const template = columns
    .map((column) => (typeof column.width === 'number' ? `${column.width}px` : `minmax(0, ${column.width})`))
    .join(' ');
  return (
    <div
      ref={scroller}
      className={styles.root}
      role="grid"
      aria-label={label}
      aria-rowcount={sorted.length + 1}
      aria-colcount={columns.length}
      aria-multiselectable={selectedKeys === undefined ? undefined : true}
      aria-activedescendant={activeIndex < 0 ? undefined : `${tableId}-${activeIndex}`}
      tabIndex={0}
      style={{ '--table-columns': template } as CSSProperties}
      onKeyDown={onKeyDown}
    >
      <TableHead columns={columns} sort={sort} onSort={setSort} />
      <div
        className={styles.body}
        role="rowgroup"
        style={{ height: virtualizer.getTotalSize() }}
        onClick={onClick}
        onDoubleClick={onDoubleClick}
      >
        {virtualizer.getVirtualItems().map((item) => {
          const row = sorted[item.index];
          const key = order[item.index];
          if (row === undefined || key === undefined) return null;
          return (
            <TableRow
              key={key}
              row={row}
              columns={columns}
              index={item.index}
              topPx={item.start}
              id={`${tableId}-${item.index}`}
              isActive={key === activeKey}
              isSelected={selectedKeys === undefined ? key === activeKey : selectedKeys.has(key)}
              className={rowClass?.(row)}
            />
          );
        })}
      </div>
      {sorted.length === 0 ? <div className={styles.empty}>{props.empty ?? t('widgets.noRows')}</div> : null}
    </div>
  );
}

interface TableHeadProps<Row> {
  readonly columns: readonly Column<Row>[];
  readonly sort: Sort | null;
  readonly onSort: (sort: Sort | null) => void;
}

/** The titles of the columns, which sort the table; they stay visible while the rows scroll. */
export function TableHead<Row>({ columns, sort, onSort }: TableHeadProps<Row>) {
  return (
    <div className={styles.head} role="rowgroup">
      <div className={styles.headRow} role="row" aria-rowindex={1}>
        {columns.map((column) => {
          const direction = sort?.column === column.id ? sort.direction : null;
          const className = classNames(styles.headCell, column.align && ALIGN_CLASSES[column.align]);
          return (
            <div
              key={column.id}
              role="columnheader"
              className={className}
              title={column.hint}
              aria-sort={direction ?? (column.sortValue === undefined ? undefined : 'none')}
            >
              {column.sortValue === undefined ? (
                <span className="ellipsis">{column.title}</span>
              ) : (
                <button
                  type="button"
                  className={styles.sort}
                  onClick={() => onSort(nextSort(sort, column.id, column.firstDirection ?? 'ascending'))}
                >
                  <span className="ellipsis">{column.title}</span>
                  <span className={styles.arrow}>
                    {direction === null ? null : (
                      <Icon name={direction === 'ascending' ? 'chevron-up' : 'chevron-down'} size={10} />
                    )}
                  </span>
                </button>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

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

/** One row. The table handles clicks, so that an unchanged row is not rendered again. */
function PlainTableRow<Row>({ row, columns, index, topPx, id, isActive, isSelected, className }: TableRowProps<Row>) {
  return (
    <div
      id={id}
      className={classNames(styles.row, isSelected && styles.rowSelected, isActive && styles.rowActive, className)}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      style={{ top: topPx }}
    >
      {columns.map((column) => (
        <div key={column.id} role="gridcell" className={cellClass(column.align)} title={column.hover?.(row)}>
          {column.render(row)}
        </div>
      ))}
    </div>
  );
}

const ALIGN_CLASSES = { left: undefined, right: styles.right, center: styles.center };

const CELL_CLASSES = {
  left: styles.cell,
  right: classNames(styles.cell, styles.right),
  center: classNames(styles.cell, styles.center),
};

const cellClass = (align: keyof typeof CELL_CLASSES = 'left'): string | undefined => CELL_CLASSES[align];

export const TableRow = memo(PlainTableRow) as typeof PlainTableRow;
