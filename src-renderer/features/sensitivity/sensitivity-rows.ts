import type { SensitivityLayer, SensitivityResult } from '../../../src-shared/domain/analysis/analysis';
import type { LayerRow } from '../../widgets/graph/layer-rows';

/** One layer that was tried, beside what the project has for it now. */
export interface SensitivityRow {
  readonly entry: SensitivityLayer;
  readonly row: LayerRow;
}

/** Layers of the answer that the model still has, in the order of the answer: highest score first. */
export function sensitivityRows(
  result: Pick<SensitivityResult, 'layers'>,
  rowOf: (layer: string) => LayerRow | undefined,
): readonly SensitivityRow[] {
  return result.layers.flatMap((entry) => {
    const row = rowOf(entry.layer);
    return row === undefined ? [] : [{ entry, row }];
  });
}

/** Rows whose layer or operator holds every word of the search. */
export function filterSensitivity(rows: readonly SensitivityRow[], search: string): readonly SensitivityRow[] {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return rows;
  return rows.filter(({ entry }) => words.every((word) => `${entry.layer} ${entry.op}`.toLowerCase().includes(word)));
}
