import type { ThresholdRow } from '../../../src-shared/contract/views';

/** `sqnr`: lowest SQNR first; `clipped`: largest clipped share first; `name`: by name. */
export const TENSOR_SORTS = ['sqnr', 'clipped', 'name'] as const;
export type TensorSort = (typeof TENSOR_SORTS)[number];

/**
 * Tensors whose name, or the text beside it, contains every word of the search, in the requested order; ties by name.
 */
export function orderedTensors(
  rows: readonly ThresholdRow[],
  search: string,
  sort: TensorSort,
  textOf = nameOf,
): readonly ThresholdRow[] {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const found = rows.filter((row) => words.every((word) => textOf(row.name).toLowerCase().includes(word)));
  const byName = (a: ThresholdRow, b: ThresholdRow): number => a.name.localeCompare(b.name, 'en', { numeric: true });
  const difference: Record<TensorSort, (a: ThresholdRow, b: ThresholdRow) => number> = {
    sqnr: (a, b) => compare(a.sqnrDb, b.sqnrDb),
    clipped: (a, b) => compare(b.clippedFraction, a.clippedFraction),
    name: () => 0,
  };
  return [...found].sort((a, b) => difference[sort](a, b) || byName(a, b));
}

const nameOf = (name: string): string => name;

/** Equality is checked first, because the difference of two infinite values is NaN. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

export const PAGE_SIZE = 24;

export function pageCount(items: number): number {
  return Math.max(1, Math.ceil(items / PAGE_SIZE));
}

export function pageOf<T>(items: readonly T[], page: number): readonly T[] {
  return items.slice(page * PAGE_SIZE, (page + 1) * PAGE_SIZE);
}

/** The index of the item that a key moves to in a grid with `columns` columns; null for other keys. */
export function walk(
  index: number,
  key: string,
  grid: { readonly count: number; readonly columns: number },
): number | null {
  const to = {
    ArrowRight: index + 1,
    ArrowLeft: index - 1,
    ArrowDown: index + grid.columns,
    ArrowUp: index - grid.columns,
    Home: 0,
    End: grid.count - 1,
    PageDown: index + PAGE_SIZE,
    PageUp: index - PAGE_SIZE,
  }[key];
  if (to === undefined) return null;
  if (key === 'ArrowUp' && to < 0) return index;
  if (key === 'ArrowDown' && to >= grid.count) return index;
  return Math.min(grid.count - 1, Math.max(0, to));
}
