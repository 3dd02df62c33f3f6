import { type CSSProperties, useMemo } from 'react';
import { formatSignificant } from '../../../src-shared/base/units';
import {
  compareEngines,
  comparisonCsv,
  type ComparedEngineView,
  type EngineComparison,
  type NamedEngine,
} from '../../../src-shared/contract/engine-comparison';
import type { EnginesView } from '../../../src-shared/contract/views';
import type { EngineDifference, EngineSide } from '../../../src-shared/domain/engines/engine-diff';
import { engineNameText, parseEngineName } from '../../../src-shared/domain/engines/engine-name';
import { t, useLanguage, type Language } from '../../i18n';
import { historyTime } from '../../panels/history/history-text';
import { EngineTypes, formatMicroseconds } from '../../panels/layers/engine-part';
import { leastWidth } from '../../panels/layers/layer-table';
import type { Layers } from '../../panels/layers/use-layers';
import { useEngine } from '../../state/engine';
import { Button } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { type Column, DataTable } from '../../widgets/data-table';
import { ModelName } from '../../widgets/model-name';
import { saveText } from '../../widgets/save-text';
import styles from './engine-diff.module.css';

const keyOf = ({ layers }: EngineDifference): string => layers.join('\n');

/** Two engines to compare; a is the one that times are compared with. */
export interface EngineDiffState {
  /** Null while an engine is read, or if one has no times of layers. */
  readonly comparison: EngineComparison | null;
  readonly isLoading: boolean;
  /** The group with the chosen layer. */
  readonly active: EngineDifference | null;
  /** The layers of this group, to be marked in the graph; null: no group is chosen. */
  readonly marked: ReadonlySet<string> | null;
}

/** The comparison of the engine that is shown with another one; null without one. */
export function useEngineDiff(layers: Layers): EngineDiffState | null {
  const { view, shown, compared, comparedWith } = useEngine();
  const current = layers.model.layers;
  const comparison = useMemo(() => {
    const [a, b] = [named(comparedWith, compared), named(shown, view)];
    return a === null || b === null ? null : compareEngines(a, b, current);
  }, [compared, comparedWith, view, shown, current]);
  const chosen = layers.active?.layer ?? null;
  const active = comparison?.differences.find((row) => chosen !== null && row.layers.includes(chosen)) ?? null;
  const marked = useMemo(() => (active === null ? null : new Set(active.layers)), [active]);
  if (comparedWith === null) return null;
  return { comparison, isLoading: compared === null || view === null, active, marked };
}

function named(name: string | null, view: EnginesView | null): NamedEngine | null {
  if (view === null || view.engine === null) return null;
  const { runId } = parseEngineName(name ?? '');
  return { engine: view.engine, model: view.model, ...(runId === undefined ? {} : { runId }) };
}

interface EngineDiffProps {
  readonly layers: Layers;
  readonly diff: EngineDiffState;
}

/** Two engines of the model, group of layers by group of layers, the greatest loss first. */
export function EngineDiff({ layers, diff: { comparison, isLoading, active } }: EngineDiffProps) {
  const { compareWith } = useEngine();
  const language = useLanguage();
  const names = useMemo(
    () => ({ a: nameOf(comparison?.a, language), b: nameOf(comparison?.b, language) }),
    [comparison, language],
  );
  const columns = useMemo(
    () => diffColumns(names, { a: comparison?.a.variant ?? '', b: comparison?.b.variant ?? '' }),
    [names, comparison],
  );
  const close = (
    <Button tone="quiet" onClick={() => compareWith(null)}>
      {t('engine.diff.close')}
    </Button>
  );
  if (comparison === null)
    return (
      <section className={styles.root} aria-label={t('engine.compare')}>
        <div className={styles.toolbar}>
          <span className={classNames('dim', styles.title)}>
            {t(isLoading ? 'engine.diff.loading' : 'engine.diff.none')}
          </span>
          {close}
        </div>
      </section>
    );
  const { a, b, differences } = comparison;
  const isAlike = a.device === b.device && a.runtime === b.runtime && a.batch === b.batch;
  const time = ({ totalMs }: ComparedEngineView): string => (totalMs === null ? '' : formatMicroseconds(totalMs));
  const save = (type: string, ending: string, text: string): void =>
    saveText(text, type, `${fileName(a)}-${fileName(b)}.${ending}`);
  return (
    <section className={styles.root} aria-label={t('engine.diff.title', names)}>
      <div className={styles.toolbar}>
        <span className={styles.title}>{t('engine.diff.heading')}</span>
        <Button
          tone="quiet"
          icon="download"
          title={t('engine.diff.csv.hint')}
          onClick={() => save('text/csv;charset=utf-8', 'csv', `${comparisonCsv(differences).join('\r\n')}\r\n`)}
        >
          {t('engine.diff.csv')}
        </Button>
        <Button
          tone="quiet"
          icon="download"
          title={t('engine.diff.json.hint')}
          onClick={() => save('application/json', 'json', `${JSON.stringify(comparison, null, 1)}\n`)}
        >
          {t('engine.diff.json')}
        </Button>
        {close}
      </div>
      <p className={styles.note}>{t('engine.diff.total', { ...names, aTime: time(a), bTime: time(b) })}</p>
      {isAlike ? null : <p className={classNames(styles.note, 'dim')}>{t('engine.diff.unlike')}</p>}
      <div className={styles.table} style={{ '--table-least-width': leastWidth(columns) } as CSSProperties}>
        <DataTable<EngineDifference>
          label={t('engine.diff.title', names)}
          rows={differences}
          columns={columns}
          rowKey={keyOf}
          activeKey={active === null ? null : keyOf(active)}
          onPick={(key) => {
            const [first] = key.split('\n');
            if (first !== undefined) layers.choose(first);
          }}
          empty={t('model.noLayers')}
        />
      </div>
    </section>
  );
}

function nameOf(engine: ComparedEngineView | undefined, language: Language): string {
  if (engine === undefined) return '';
  const { variant, runId, createdAt } = engine;
  return runId === undefined ? variant : t('engine.diff.run', { variant, run: historyTime(createdAt, language) });
}

/** `20261201T120000000Z-abcdef-int8`, without what file systems do not take. */
function fileName({ runId, variant }: ComparedEngineView): string {
  return engineNameText({ ...(runId === undefined ? {} : { runId }), variant }).replaceAll(/[^\w.-]+/g, '-');
}

type Sides = Readonly<Record<'a' | 'b', string>>;

function diffColumns(names: Sides, variants: Sides): Column<EngineDifference>[] {
  return [
    {
      id: 'layers',
      title: t('engine.diff.layers'),
      hint: t('engine.diff.layers.title'),
      width: '1fr',
      sortValue: ({ layers }) => layers[0] ?? '',
      render: ({ layers: [first = '', ...rest] }) =>
        rest.length === 0 ? <ModelName name={first} /> : t('engine.diff.more', { layer: first, count: rest.length }),
      hover: ({ layers, ops }) => `${layers.join(', ')} (${ops.join(', ')})`,
    },
    {
      id: 'lost',
      title: t('engine.diff.lost'),
      hint: t('engine.diff.lost.title', names),
      width: 84,
      align: 'right',
      firstDirection: 'descending',
      sortValue: ({ lostMs }) => lostMs,
      render: ({ lostMs }) => formatMicroseconds(lostMs),
      hover: ({ lostMs }) => `${lostMs * 1000} µs`,
    },
    ...(['a', 'b'] as const).map((side): Column<EngineDifference> => ({
      id: side,
      title: variants[side],
      hint: `${names[side]}\n${t('engine.diff.time.title')}`,
      width: 112,
      align: 'right',
      firstDirection: 'descending',
      sortValue: (row) => row[side].ms,
      render: (row) => (
        <>
          <EngineTypes types={row[side].types} /> {formatMicroseconds(row[side].ms)}
        </>
      ),
      hover: (row) => kernelsText(row[side]),
    })),
    {
      id: 'conversions',
      title: t('engine.diff.conversions'),
      hint: t('engine.diff.conversions.title', names),
      width: 116,
      align: 'right',
      firstDirection: 'descending',
      sortValue: ({ a, b }) => b.conversionMs - a.conversionMs,
      render: ({ a, b }) =>
        a.conversionMs + b.conversionMs === 0
          ? null
          : `${formatSignificant(a.conversionMs * 1000)} → ${formatMicroseconds(b.conversionMs)}`,
    },
  ];
}

/** The kernels of one engine for a group of layers, as a tooltip. */
function kernelsText({ kernels }: EngineSide): string {
  return kernels.map(({ name, tactic }) => (tactic === '' ? name : `${name}: ${tactic}`)).join('\n');
}
