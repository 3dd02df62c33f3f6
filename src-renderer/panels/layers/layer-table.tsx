import type { CSSProperties, KeyboardEvent } from 'react';
import { t } from '../../i18n';
import { Button } from '../../widgets/button';
import { type Column, DataTable, type RowPick } from '../../widgets/data-table';
import styles from './layer-table.module.css';
import type { LayerRow } from './layer-rows';
import { useShapeLayers } from './use-layers';

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

/**
 * Widths of columns for names and other texts: least width in pixels, and the share of the table's width. SHARED
 * applies if several such columns share the space.
 */
const ALONE = { leastPx: 170, percent: 30 };
const SHARED = { leastPx: 150, percent: 22 };

/**
 * The least width of a table as a CSS value: columns with a fixed width keep it, the others grow with the pane. If the
 * pane is narrower, the table scrolls horizontally instead of hiding names.
 */
export function leastWidth<Row>(columns: readonly Column<Row>[]): string {
  const fixedPx = columns.reduce((sum, { width }) => sum + (typeof width === 'number' ? width : 0), 0);
  const flexible = columns.filter(({ width }) => typeof width !== 'number').length;
  const { leastPx, percent } = flexible > 1 ? SHARED : ALONE;
  return `calc(${fixedPx}px + ${flexible} * max(${leastPx}px, ${percent}cqw))`;
}

const layerOf = (row: LayerRow): string => row.layer;

/** The table of the model's layers; layers that the last edit changed are marked. */
export function LayerTable({
  rows,
  columns,
  activeLayer,
  onPick,
  onActivate,
  selected,
  changed,
  onKey,
}: LayerTableProps) {
  return (
    <div className={styles.root} style={{ '--table-least-width': leastWidth(columns) } as CSSProperties}>
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
        {...(changed === undefined ? {} : { rowClass: (row) => (changed.has(row.layer) ? styles.changed : undefined) })}
        empty={t('model.noLayers')}
      />
    </div>
  );
}

/** A button that shows or hides layers that only compute shapes; empty if the model has no such layers. */
export function ShapeToggle({ count }: { readonly count: number }) {
  const { areShown, show } = useShapeLayers();
  if (count === 0) return null;
  return (
    <Button tone="quiet" aria-pressed={areShown} title={t('model.shapes.title')} onClick={() => show(!areShown)}>
      {t(areShown ? 'model.shapes.hide' : 'model.shapes.show', { count })}
    </Button>
  );
}
