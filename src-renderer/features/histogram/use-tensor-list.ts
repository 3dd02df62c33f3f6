import { useMemo, useState } from 'react';
import type { ThresholdRow } from '../../../src-shared/contract/views';
import { useSelection } from '../../state/selection';
import { useSession } from '../../state/session';
import { fullName } from '../../widgets/model-names';
import { orderedTensors, type TensorSort } from './tensor-order';

export interface TensorListState {
  readonly rows: readonly ThresholdRow[];
  /** How many there are without the search. */
  readonly count: number;
  readonly search: string;
  readonly sort: TensorSort;
  readonly setSearch: (search: string) => void;
  readonly setSort: (sort: TensorSort) => void;
  /** What is chosen, else the first of the list. */
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
  // The order stays while thresholds are edited: a row must not run away from under the hand that changes it.
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
  return useMemo(
    () => orderedTensors(all, search, sort, (name) => fullName(model, name)).map((row) => row.name),
    [names, search, sort, model],
  );
}
