import { formatCount, formatDb, formatFraction } from '../../../src-shared/base/units';
import type { EngineType } from '../../../src-shared/domain/engines/engine-layers';
import { PRECISION_CHOICES, PRECISIONS } from '../../../src-shared/domain/project/precision';
import { t } from '../../i18n';
import { ChoiceBadge, PrecisionBadge } from '../../widgets/badge';
import type { Column } from '../../widgets/data-table';
import { ModelName } from '../../widgets/model-name';
import { EngineTypeBadge, formatMicroseconds } from './engine-part';
import { colourOf, colourProperty } from './graph-view';
import { formatShape, type LayerRow } from './layer-rows';
import styles from './layer-table.module.css';

export const LAYER_COLUMNS = [
  'number',
  'layer',
  'op',
  'planned',
  'runsIn',
  'inEngine',
  'timeMs',
  'sqnrDb',
  'clippedFraction',
  'weightShape',
  'parameters',
  'code',
] as const;
export type LayerColumnId = (typeof LAYER_COLUMNS)[number];

const ENGINE_COLUMNS: readonly LayerColumnId[] = ['inEngine', 'timeMs'];

const ENGINE_TYPES: readonly EngineType[] = ['int8', 'fp16', 'fp32', 'other'];

type ColumnContent = Omit<Column<LayerRow>, 'id' | 'title' | 'hint'>;

function Swatch({ row, mode }: { readonly row: LayerRow; readonly mode: 'sqnr' | 'clipped' | 'time' }) {
  return (
    <span
      className={styles.swatch}
      style={{ background: `var(${colourProperty(colourOf(row, mode))})` }}
      aria-hidden="true"
    />
  );
}

/** The precision that a layer gets; dashed if it differs from the requested one. */
export function RunsIn({ row }: { readonly row: LayerRow }) {
  if (!row.isRefused) return <PrecisionBadge precision={row.runsIn} />;
  return (
    <span className={styles.refused}>
      <PrecisionBadge
        precision={row.runsIn}
        title={t('model.refused', { asked: row.planned.toUpperCase(), gets: row.runsIn.toUpperCase() })}
      />
    </span>
  );
}

const timeMs = (row: LayerRow): number | null => row.inEngine?.medianMs ?? null;

const CONTENT: Readonly<Record<LayerColumnId, ColumnContent>> = {
  number: {
    width: 46,
    align: 'right',
    sortValue: (row) => row.number,
    render: (row) => <span className="dim">{row.number}</span>,
  },
  layer: {
    width: '1fr',
    sortValue: (row) => row.layer,
    render: (row) => <ModelName name={row.layer} short={row.shortName} />,
  },
  op: { width: 84, sortValue: (row) => row.op, render: (row) => row.op, hover: (row) => row.op },
  planned: {
    width: 56,
    align: 'center',
    sortValue: (row) => PRECISION_CHOICES.indexOf(row.choice),
    render: (row) => <ChoiceBadge choice={row.choice} />,
  },
  runsIn: {
    width: 60,
    align: 'center',
    sortValue: (row) => PRECISIONS.indexOf(row.runsIn),
    render: (row) => <RunsIn row={row} />,
  },
  inEngine: {
    width: 72,
    align: 'center',
    sortValue: (row) =>
      row.inEngine === null
        ? null
        : (row.inEngine.mismatch === null ? 0 : -10) + ENGINE_TYPES.indexOf(row.inEngine.runsIn),
    render: (row) => (row.inEngine === null ? null : <EngineTypeBadge found={row.inEngine} />),
  },
  timeMs: {
    width: 88,
    align: 'right',
    sortValue: timeMs,
    firstDirection: 'descending',
    render: (row) =>
      timeMs(row) === null ? null : (
        <>
          {formatMicroseconds(timeMs(row) ?? 0)}
          <Swatch row={row} mode="time" />
        </>
      ),
    hover: (row) =>
      timeMs(row) === null ? undefined : `${(timeMs(row) ?? 0) * 1000} µs, ${formatFraction(row.inEngine?.share ?? 0)}`,
  },
  sqnrDb: {
    width: 84,
    align: 'right',
    sortValue: (row) => row.sqnrDb,
    render: (row) =>
      row.sqnrDb === null ? null : (
        <>
          {formatDb(row.sqnrDb)}
          <Swatch row={row} mode="sqnr" />
        </>
      ),
    hover: (row) => (row.sqnrDb === null ? undefined : `${row.sqnrDb} dB`),
  },
  clippedFraction: {
    width: 106,
    align: 'right',
    sortValue: (row) => row.clippedFraction,
    firstDirection: 'descending',
    render: (row) =>
      row.clippedFraction === null ? null : (
        <>
          {formatFraction(row.clippedFraction)}
          <Swatch row={row} mode="clipped" />
        </>
      ),
    hover: (row) => (row.clippedFraction === null ? undefined : `${row.clippedFraction * 100} %`),
  },
  weightShape: {
    width: 128,
    align: 'right',
    sortValue: (row) => row.weightShape?.reduce((product, size) => product * size, 1) ?? null,
    firstDirection: 'descending',
    render: (row) => (row.weightShape === null ? null : formatShape(row.weightShape)),
    hover: (row) => (row.weightShape === null ? undefined : formatShape(row.weightShape)),
  },
  parameters: {
    width: 84,
    align: 'right',
    sortValue: (row) => row.parameters,
    firstDirection: 'descending',
    render: (row) => (row.parameters === 0 ? null : formatCount(row.parameters)),
    hover: (row) => (row.parameters === 0 ? undefined : exactCount(row.parameters)),
  },
  code: { width: 140, sortValue: (row) => row.code, render: (row) => row.code, hover: (row) => row.reason },
};

/** The columns with the given ids, in the given order; without an engine, the columns about it are omitted. */
export function layerColumns(ids: readonly LayerColumnId[], hasEngine: boolean): Column<LayerRow>[] {
  return ids
    .filter((id) => hasEngine || !ENGINE_COLUMNS.includes(id))
    .map((id) => ({ id, title: t(`model.column.${id}`), hint: t(`model.column.${id}.title`), ...CONTENT[id] }));
}

function exactCount(count: number): string {
  return count.toLocaleString('en').replaceAll(',', '\u202f');
}
