import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { formatDb, formatFraction } from '../../../src-shared/base/units';
import type { ThresholdRow } from '../../../src-shared/contract/views';
import { t } from '../../i18n';
import { useSelection } from '../../state/selection';
import { useSession } from '../../state/session';
import { useFrozen } from '../../state/use-frozen';
import { MethodBadge } from '../../widgets/badge';
import { classNames } from '../../widgets/class-names';
import { SearchField, Select } from '../../widgets/fields';
import { fullName, ModelName } from '../../widgets/model-name';
import { orderedTensors, TENSOR_SORTS, type TensorSort, walk } from './tensor-order';
import styles from './tensor-list.module.css';

const ROW_PX = 28;

interface TensorListProps {
  readonly list: TensorListState;
  readonly onOpen: () => void;
}

export function TensorList({ list, onOpen }: TensorListProps) {
  const { rows, count, search, sort, setSearch, setSort } = list;
  return (
    <div className={styles.root}>
      <div className={styles.filters}>
        <SearchField label={t('histogram.search')} value={search} onChange={setSearch} />
        <Select
          label={t('histogram.sort')}
          isLabelHidden
          value={sort}
          choices={TENSOR_SORTS.map((value) => ({ value, label: t(`histogram.sort.${value}`) }))}
          onChoose={setSort}
        />
      </div>
      <p className={styles.count}>{t('histogram.count', { shown: rows.length, count })}</p>
      <Rows list={list} onOpen={onOpen} />
    </div>
  );
}

function Rows({ list, onOpen }: TensorListProps) {
  const { rows, selected, select, sort } = list;
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const index = rows.findIndex((row) => row.name === selected?.name);
  useEffect(() => {
    if (index >= 0) virtual.scrollToIndex(index, { align: 'auto' });
  }, [index, virtual]);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') return onOpen();
    const to = walk(Math.max(0, index), event.key, { count: rows.length, columns: 1 });
    const row = to === null ? undefined : rows[to];
    if (row === undefined) return;
    event.preventDefault();
    select(row.name);
  };
  return (
    <div
      ref={box}
      className={styles.rows}
      role="listbox"
      tabIndex={0}
      aria-label={t('histogram.tensors')}
      {...(index >= 0 ? { 'aria-activedescendant': `${id}-${index}` } : {})}
      onKeyDown={onKeyDown}
    >
      <div role="presentation" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          return row === undefined ? null : (
            <div
              key={row.name}
              id={`${id}-${item.index}`}
              role="option"
              aria-selected={item.index === index}
              className={classNames(styles.row, item.index === index && styles.rowSelected)}
              style={{ transform: `translateY(${item.start}px)` }}
              onClick={() => select(row.name)}
              onDoubleClick={onOpen}
            >
              <RowContent row={row} isByClipping={sort === 'clipped'} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function RowContent({ row, isByClipping }: { readonly row: ThresholdRow; readonly isByClipping: boolean }) {
  return (
    <>
      <MethodBadge method={row.method} title={t(`histogram.method.${row.method}`)} />
      <ModelName name={row.name} />
      <span className="number" title={isByClipping ? String(row.clippedFraction) : String(row.sqnrDb)}>
        {isByClipping ? formatFraction(row.clippedFraction) : formatDb(row.sqnrDb)}
      </span>
    </>
  );
}

export interface TensorListState {
  readonly rows: readonly ThresholdRow[];
  /** The number of tensors without the search. */
  readonly count: number;
  readonly search: string;
  readonly sort: TensorSort;
  readonly setSearch: (search: string) => void;
  readonly setSort: (sort: TensorSort) => void;
  /** The chosen tensor, or the first of the list if none is chosen. */
  readonly selected: ThresholdRow | null;
  readonly select: (tensor: string) => void;
}

const NO_ROWS: readonly ThresholdRow[] = [];

export function useTensorList(): TensorListState {
  const all = useSession((state) => state.thresholds?.tensors) ?? NO_ROWS;
  const tensor = useSelection((state) => state.tensor);
  const select = useSelection((state) => state.selectTensor);
  const [search, setSearch] = useState('');
  const [sort, setSort] = useState<TensorSort>('sqnr');
  // The order is frozen while thresholds are edited, so that the edited row does not move away from the pointer.
  const order = useFrozenOrder(all, search, sort);
  const rows = useMemo(() => {
    const byName = new Map(all.map((row) => [row.name, row]));
    return order.flatMap((name) => byName.get(name) ?? []);
  }, [all, order]);
  const selected = useMemo(() => all.find((row) => row.name === tensor) ?? rows[0] ?? null, [all, rows, tensor]);
  return { rows, count: all.length, search, sort, setSearch, setSort, selected, select };
}

function useFrozenOrder(all: readonly ThresholdRow[], search: string, sort: TensorSort): readonly string[] {
  const model = useSession((state) => state.model);
  const names = all.map((row) => row.name).join('\n');
  return useFrozen([names, search, sort, model], () =>
    orderedTensors(all, search, sort, (name) => fullName(model, name)).map((row) => row.name),
  );
}
