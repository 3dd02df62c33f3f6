import { useCallback, useMemo, useState, type CSSProperties } from 'react';
import { formatAccuracy, formatDb } from '../../../src-shared/base/units';
import { groupValue, type SensitivityResult } from '../../../src-shared/domain/analysis/analysis';
import { formatMeasure } from '../../../src-shared/domain/tasks/measure-text';
import type { PrecisionChoice } from '../../../src-shared/domain/project/precision';
import { t } from '../../i18n';
import { type Column, DataTable } from '../../widgets/data-table';
import { SearchField } from '../../widgets/fields';
import { askPrecision } from '../../panels/layers/ask-precision';
import { isErrorLevel, type LayerRow } from '../../panels/layers/layer-rows';
import { colourOf, colourProperty } from '../../panels/layers/graph-view';
import { leastWidth } from '../../panels/layers/layer-table';
import { PrecisionToggle } from '../../panels/layers/precision-toggle';
import { ModelName } from '../../widgets/model-name';
import { filterSensitivity, scoreText, type SensitivityRow } from './sensitivity-options';
import { classNames } from '../../widgets/class-names';
import styles from './sensitivity-table.module.css';
import layerTableStyles from '../../panels/layers/layer-table.module.css';

interface SensitivityTableProps {
  readonly result: SensitivityResult;
  readonly rows: readonly SensitivityRow[];
  /** The rows of all layers, needed for edits. */
  readonly layerRows: readonly LayerRow[];
  readonly active: string | null;
  readonly onChoose: (layer: string) => void;
}

const layerOf = ({ entry }: SensitivityRow): string => entry.layer;

/** Every layer that was tried, with its effect; its precision can be changed in the table. */
export function SensitivityTable({ result, rows, layerRows, active, onChoose }: SensitivityTableProps) {
  const [search, setSearch] = useState('');
  const shown = useMemo(() => filterSensitivity(rows, search), [rows, search]);
  const onAsk = useCallback(
    (layer: string, choice: PrecisionChoice) => askPrecision(layerRows, new Set([layer]), choice),
    [layerRows],
  );
  const columns = useColumns(result, rows, onAsk);
  const toggle = (layer: string): void => {
    const planned = layerRows.find((row) => row.layer === layer)?.planned;
    onAsk(layer, planned === 'int8' ? 'fp16' : 'auto');
  };
  return (
    <section className={styles.list} aria-label={t('sensitivity.table')}>
      <div className={styles.toolbar}>
        <SearchField label={t('sensitivity.search')} value={search} onChange={setSearch} />
        <span className="dim ellipsis">{t('sensitivity.table.hint')}</span>
        <span className={classNames('dim', styles.shown)}>
          {t('model.shown', { shown: shown.length, total: rows.length })}
        </span>
      </div>
      <div className={layerTableStyles.root} style={{ '--table-least-width': leastWidth(columns) } as CSSProperties}>
        <DataTable<SensitivityRow>
          label={t('sensitivity.table')}
          rows={shown}
          columns={columns}
          rowKey={layerOf}
          activeKey={active}
          onPick={onChoose}
          onActivate={toggle}
          empty={t('sensitivity.table.empty')}
        />
      </div>
    </section>
  );
}

type Ask = (layer: string, choice: PrecisionChoice) => void;

function useColumns(
  result: SensitivityResult,
  rows: readonly SensitivityRow[],
  onAsk: Ask,
): readonly Column<SensitivityRow>[] {
  // The titles need no dependency, because a change of language mounts the screen again.
  return useMemo(
    () => [...nameColumns(), scoreColumn(result), precisionColumn(onAsk), ...qualityColumns(result, rows)],
    [result, rows, onAsk],
  );
}

function nameColumns(): readonly Column<SensitivityRow>[] {
  return [
    {
      id: 'number',
      title: '#',
      hint: t('model.column.number.title'),
      width: 40,
      align: 'right',
      sortValue: ({ row }) => row.number,
      render: ({ row }) => <span className="dim">{row.number}</span>,
    },
    {
      id: 'layer',
      title: t('model.column.layer'),
      width: '1fr',
      sortValue: layerOf,
      render: ({ row }) => <ModelName name={row.layer} short={row.shortName} />,
    },
    {
      id: 'op',
      title: t('model.column.op'),
      width: 76,
      sortValue: ({ entry }) => entry.op,
      render: ({ entry }) => entry.op,
      hover: ({ entry }) => entry.op,
    },
  ];
}

function scoreColumn(result: SensitivityResult): Column<SensitivityRow> {
  return {
    id: 'score',
    title: t(`sensitivity.score.${result.kind}`),
    hint: t(`sensitivity.kind.${result.kind}.what`),
    width: 104,
    align: 'right',
    sortValue: ({ entry }) => entry.score,
    firstDirection: 'descending',
    render: ({ entry, row }) => (
      <>
        {scoreText(result, entry)}
        <span
          className={layerTableStyles.swatch}
          style={{ background: `var(${colourProperty(colourOf(row, 'sensitivity'))})` }}
          aria-hidden="true"
        />
      </>
    ),
    hover: ({ entry }) => String(entry.score),
  };
}

/** Measures of the model with only this layer changed; columns without any measurement are omitted. */
function qualityColumns(result: SensitivityResult, rows: readonly SensitivityRow[]): readonly Column<SensitivityRow>[] {
  const others = [
    numberColumn('sqnr', ({ entry }) => entry.sqnrDb, formatDb),
    numberColumn('weights', ({ entry }) => entry.operands?.weights ?? null, formatDb),
    numberColumn('input', ({ entry }) => entry.operands?.input ?? null, formatDb),
    numberColumn('agreement', ({ entry }) => entry.quality?.agreement ?? null, formatAccuracy),
    measureColumn(rows),
    worstGroupColumn(),
  ];
  // If the score is an error, it is shown as SQNR already, so that the SQNR column would be a duplicate.
  const wanted = others.filter((column) => column.id !== 'sqnr' || !isErrorLevel(result));
  return wanted.filter((column) => rows.some((row) => column.sortValue?.(row) !== null));
}

function numberColumn(
  id: 'sqnr' | 'weights' | 'input' | 'agreement' | 'top1',
  valueOf: (row: SensitivityRow) => number | null,
  format: (value: number) => string,
): Column<SensitivityRow> {
  return {
    id,
    title: t(`sensitivity.column.${id}`),
    hint: t(`sensitivity.column.${id}.title`),
    width: id === 'agreement' ? 96 : 76,
    align: 'right',
    sortValue: valueOf,
    firstDirection: 'descending',
    render: (row) => {
      const value = valueOf(row);
      return value === null ? null : format(value);
    },
    hover: (row) => valueOf(row)?.toString(),
  };
}

/** The measure of the task with this layer changed, under its own name. */
function measureColumn(rows: readonly SensitivityRow[]): Column<SensitivityRow> {
  const name = rows.find(({ entry }) => entry.quality?.measure !== undefined)?.entry.quality?.measure?.name ?? 'top-1';
  const column = numberColumn(
    'top1',
    ({ entry }) => entry.quality?.measure?.value ?? entry.quality?.top1 ?? null,
    (value) => formatMeasure(name, value),
  );
  return name === 'top-1'
    ? column
    : { ...column, title: name, hint: t('sensitivity.column.measure.title', { measure: name }) };
}

function worstGroupColumn(): Column<SensitivityRow> {
  return {
    id: 'worst-group',
    title: t('sensitivity.column.worst-group'),
    hint: t('sensitivity.column.worst-group.title'),
    width: 124,
    align: 'right',
    sortValue: ({ entry }) => (entry.quality?.worstGroup ? groupValue(entry.quality.worstGroup) : null),
    firstDirection: 'descending',
    render: ({ entry }) => {
      const group = entry.quality?.worstGroup ?? null;
      return group === null
        ? null
        : t('analysis.group', {
            name: group.name,
            value: formatMeasure(entry.quality?.measure?.name ?? 'top-1', groupValue(group)),
          });
    },
  };
}

function precisionColumn(onAsk: Ask): Column<SensitivityRow> {
  return {
    id: 'precision',
    title: t('sensitivity.column.precision'),
    width: 140,
    render: ({ entry }) => <PrecisionToggle layer={entry.layer} onAsk={onAsk} />,
  };
}
