import type { LayerRow } from '../../panels/layers/layer-rows';

/** The layers that the table shows, before the search narrows them. */
export type LayerFilter = 'all' | 'changed' | 'refused';

export function applyLayerFilter(
  rows: readonly LayerRow[],
  filter: LayerFilter,
  changed: ReadonlySet<string>,
): readonly LayerRow[] {
  switch (filter) {
    case 'all':
      return rows;
    case 'changed':
      return rows.filter((row) => changed.has(row.layer));
    case 'refused':
      return rows.filter((row) => row.isRefused);
  }
}
