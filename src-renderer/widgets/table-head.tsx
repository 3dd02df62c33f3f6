import { classNames } from './class-names';
import { Icon } from './icons';
import type { Column } from './table-column';
import { nextSort, type Sort } from './table-order';

interface TableHeadProps<Row> {
  readonly columns: readonly Column<Row>[];
  readonly sort: Sort | null;
  readonly onSort: (sort: Sort | null) => void;
}

/** The names of the columns, which sort; stays in sight. */
export function TableHead<Row>({ columns, sort, onSort }: TableHeadProps<Row>) {
  return (
    <div className="table-head" role="rowgroup">
      <div className="table-head-row" role="row" aria-rowindex={1}>
        {columns.map((column) => {
          const direction = sort?.column === column.id ? sort.direction : null;
          const className = classNames('table-head-cell', `table-${column.align ?? 'left'}`);
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
                  className="table-sort"
                  onClick={() => onSort(nextSort(sort, column.id, column.firstDirection ?? 'ascending'))}
                >
                  <span className="ellipsis">{column.title}</span>
                  <span className="table-arrow">
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
