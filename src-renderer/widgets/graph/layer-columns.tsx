import type { ReactNode } from 'react';
import { formatCount, formatDb, formatFraction } from '../../../src-shared/base/units';
import { PRECISIONS } from '../../../src-shared/domain/precision';
import { t } from '../../i18n';
import { PrecisionBadge } from '../badge';
import { classNames } from '../class-names';
import type { Column } from '../data-table';
import { colourOf, colourProperty } from './layer-colour';
import { formatShape, type LayerRow } from './layer-rows';

export const LAYER_COLUMNS = ['number', 'layer', 'op', 'planned', 'runsIn', 'sqnrDb', 'clippedFraction', 'weightShape', 'parameters', 'code'] as const;
export type LayerColumnId = (typeof LAYER_COLUMNS)[number];

type ColumnContent = Omit<Column<LayerRow>, 'id' | 'title' | 'hint'>;

function swatch(row: LayerRow, mode: 'sqnr' | 'clipped'): ReactNode {
  return <span className="layers-swatch" style={{ background: `var(${colourProperty(colourOf(row, mode))})` }} aria-hidden="true" />;
}

/** What a layer gets; dashed where that is not what was asked for. */
export function RunsIn({ row }: { readonly row: LayerRow }) {
  const title = row.isRefused ? t('model.refused', { asked: row.planned.toUpperCase(), gets: row.runsIn.toUpperCase() }) : row.runsIn.toUpperCase();
  return (
    <span className={classNames(row.isRefused && 'layers-refused')}>
      <PrecisionBadge precision={row.runsIn} title={title} />
    </span>
  );
}

/** Text that is cut when the column is too narrow; hover shows it in full. */
function cut(text: string, title = text): ReactNode {
  return (
    <span className="ellipsis" title={title}>
      {text}
    </span>
  );
}

const CONTENT: Readonly<Record<LayerColumnId, ColumnContent>> = {
  number: { width: 46, align: 'right', sortValue: (row) => row.number, render: (row) => <span className="dim">{row.number}</span> },
  layer: { width: '1fr', sortValue: (row) => row.layer, render: (row) => cut(row.shortName, row.layer) },
  op: { width: 84, sortValue: (row) => row.op, render: (row) => cut(row.op) },
  planned: { width: 56, align: 'center', sortValue: (row) => PRECISIONS.indexOf(row.planned), render: (row) => <PrecisionBadge precision={row.planned} /> },
  runsIn: { width: 60, align: 'center', sortValue: (row) => PRECISIONS.indexOf(row.runsIn), render: (row) => <RunsIn row={row} /> },
  sqnrDb: { width: 84, align: 'right', sortValue: (row) => row.sqnrDb, render: (row) => (row.sqnrDb === null ? null : <><span title={`${row.sqnrDb} dB`}>{formatDb(row.sqnrDb)}</span>{swatch(row, 'sqnr')}</>) },
  clippedFraction: {
    width: 94,
    align: 'right',
    sortValue: (row) => row.clippedFraction,
    firstDirection: 'descending',
    render: (row) => (row.clippedFraction === null ? null : <><span title={`${row.clippedFraction * 100} %`}>{formatFraction(row.clippedFraction)}</span>{swatch(row, 'clipped')}</>),
  },
  weightShape: { width: 128, align: 'right', sortValue: (row) => row.weightShape?.reduce((product, size) => product * size, 1) ?? null, firstDirection: 'descending', render: (row) => cut(formatShape(row.weightShape)) },
  parameters: { width: 84, align: 'right', sortValue: (row) => row.parameters, firstDirection: 'descending', render: (row) => (row.parameters === 0 ? null : cut(formatCount(row.parameters), exactCount(row.parameters))) },
  code: { width: 140, sortValue: (row) => row.code, render: (row) => cut(row.code, row.reason) },
};

/** Columns by name, in the order given. */
export function layerColumns(ids: readonly LayerColumnId[]): Column<LayerRow>[] {
  return ids.map((id) => ({ id, title: t(`model.column.${id}`), hint: t(`model.column.${id}.title`), ...CONTENT[id] }));
}

function exactCount(count: number): string {
  return count.toLocaleString('en').replaceAll(',', '\u202f');
}
