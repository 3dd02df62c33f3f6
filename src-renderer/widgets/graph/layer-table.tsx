import type { CSSProperties, KeyboardEvent } from 'react';
import { t } from '../../i18n';
import { DataTable, type Column, type RowPick } from '../data-table';
import { engineColumnsWidthPx } from './layer-columns';
import type { LayerRow } from './layer-rows';
import './layer-table.css';

interface LayerTableProps {
  readonly rows: readonly LayerRow[];
  readonly columns: readonly Column<LayerRow>[];
  readonly activeLayer: string | null;
  readonly onPick: (layer: string, pick: RowPick) => void;
  readonly onActivate?: (layer: string) => void;
  readonly selected?: ReadonlySet<string>;
  readonly changed?: ReadonlySet<string>;
  readonly onKey?: (event: KeyboardEvent<HTMLDivElement>) => boolean;
}

const layerOf = (row: LayerRow): string => row.layer;

/** The layers of a model; marks those that the last edit changed. */
export function LayerTable({ rows, columns, activeLayer, onPick, onActivate, selected, changed, onKey }: LayerTableProps) {
  return (
    <div className="layers-table" style={{ '--layers-engine': `${engineColumnsWidthPx(columns)}px` } as CSSProperties}>
      <DataTable<LayerRow>
        label={t('model.layers')}
        rows={rows}
        columns={columns}
        rowKey={layerOf}
        activeKey={activeLayer}
        onPick={onPick}
        {...(onActivate === undefined ? {} : { onActivate })}
        {...(selected === undefined ? {} : { selectedKeys: selected })}
        {...(onKey === undefined ? {} : { onKey })}
        {...(changed === undefined ? {} : { rowClass: (row) => (changed.has(row.layer) ? 'layers-changed' : undefined) })}
        empty={t('model.noLayers')}
      />
    </div>
  );
}
