import { type CSSProperties, useMemo } from 'react';
import { formatSignificant } from '../../../src-shared/base/units';
import type { EngineView } from '../../../src-shared/contract/views';
import { diffEngines, type EngineDifference, type EngineSide } from '../../../src-shared/domain/engines/engine-diff';
import { t } from '../../i18n';
import { EngineTypes, formatMicroseconds } from '../../panels/layers/engine-part';
import { leastWidth } from '../../panels/layers/layer-table';
import type { Layers } from '../../panels/layers/use-layers';
import { useEngine } from '../../state/engine';
import { Button } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { type Column, DataTable } from '../../widgets/data-table';
import { ModelName } from '../../widgets/model-name';
import styles from './engine-diff.module.css';

interface EngineDiffProps {
  readonly layers: Layers;
  /** The engine that times are compared with. */
  readonly a: EngineView;
  readonly b: EngineView;
}

const keyOf = ({ layers }: EngineDifference): string => layers.join('\n');

/** Two engines of the model, group of layers by group of layers, the greatest loss first. */
export function EngineDiff({ layers, a, b }: EngineDiffProps) {
  const { compareWith } = useEngine();
  const differences = useMemo(() => diffEngines(layers.model.layers, a, b), [layers.model, a, b]);
  const names = useMemo(() => ({ a: a.variant, b: b.variant }), [a, b]);
  const columns = useMemo(() => diffColumns(names), [names]);
  const active = layers.active?.layer ?? null;
  const activeRow = differences.find((row) => active !== null && row.layers.includes(active));
  const isAlike = a.device === b.device && a.runtime === b.runtime && a.batch === b.batch;
  const time = (engine: EngineView): string =>
    engine.summary.totalMs === null ? '' : formatMicroseconds(engine.summary.totalMs);
  return (
    <section className={styles.root} aria-label={t('engine.diff.title', names)}>
      <div className={styles.toolbar}>
        <span className="number">{t('engine.diff.total', { ...names, aTime: time(a), bTime: time(b) })}</span>
        <Button tone="quiet" onClick={() => compareWith(null)}>
          {t('engine.diff.close')}
        </Button>
      </div>
      {isAlike ? null : <p className={classNames(styles.note, 'dim')}>{t('engine.diff.unlike')}</p>}
      <div className={styles.table} style={{ '--table-least-width': leastWidth(columns) } as CSSProperties}>
        <DataTable<EngineDifference>
          label={t('engine.diff.title', names)}
          rows={differences}
          columns={columns}
          rowKey={keyOf}
          activeKey={activeRow === undefined ? null : keyOf(activeRow)}
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

function diffColumns(names: { readonly a: string; readonly b: string }): Column<EngineDifference>[] {
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
      title: names[side],
      hint: t('engine.diff.time.title'),
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
