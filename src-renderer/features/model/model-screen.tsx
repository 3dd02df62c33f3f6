import { useMemo, useState } from 'react';
import { formatCount } from '../../../src-shared/base/units';
import { PRECISIONS } from '../../../src-shared/domain/project/precision';
import { t } from '../../i18n';
import { SearchField } from '../../widgets/fields';
import { LAYER_COLUMNS, layerColumns } from '../../panels/layers/layer-columns';
import { LayerGraph } from '../../panels/layers/layer-graph';
import { LayerInspector } from '../../panels/layers/layer-inspector';
import type { LayerRow } from '../../panels/layers/layer-rows';
import { LayerTable, ShapeToggle } from '../../panels/layers/layer-table';
import { NoModel } from '../../panels/layers/model-overview';
import { SplitView } from '../../panels/layers/split-view';
import { type LayerListing, type Layers, useLayerListing, useLayers } from '../../panels/layers/use-layers';
import { ThreePanes } from '../../widgets/three-panes';
import { classNames } from '../../widgets/class-names';
import { EngineDiff, useEngineDiff } from './engine-diff';
import styles from './model-screen.module.css';

/** The model screen: the layers as a table, or the comparison of two engines, beside the graph. */
export function ModelScreen() {
  const layers = useLayers();
  return layers === null ? <NoModel /> : <Model layers={layers} />;
}

function Model({ layers }: { readonly layers: Layers }) {
  const [search, setSearch] = useState('');
  const diff = useEngineDiff(layers);
  const listing = useLayerListing(layers, layers.rows, search);
  return (
    <ThreePanes
      main={
        <SplitView
          id="model"
          label={t('model.resize')}
          initialPercent={56}
          first={
            diff === null ? (
              <LayerList layers={layers} listing={listing} search={search} onSearch={setSearch} />
            ) : (
              <EngineDiff layers={layers} diff={diff} />
            )
          }
          second={
            <LayerGraph
              model={layers.model}
              rows={layers.rows}
              onChooseLayer={layers.choose}
              matches={diff === null ? listing.matches : diff.marked}
            />
          }
        />
      }
      right={<LayerInspector layers={layers} />}
    />
  );
}

interface LayerListProps {
  readonly layers: Layers;
  readonly listing: LayerListing;
  readonly search: string;
  readonly onSearch: (search: string) => void;
}

function LayerList({ layers, listing, search, onSearch }: LayerListProps) {
  const { shown } = listing;
  const hasEngine = layers.engine !== null;
  const columns = useMemo(() => layerColumns(LAYER_COLUMNS, hasEngine), [hasEngine]);
  return (
    <section className={styles.list} aria-label={t('model.layers')}>
      <div className={styles.toolbar}>
        <SearchField label={t('model.search')} value={search} onChange={onSearch} />
        <ShapeToggle count={listing.shapeCount} />
        <span className={classNames(styles.count, 'dim')}>
          {t('model.shown', { shown: shown.length, total: layers.rows.length })}
        </span>
      </div>
      <LayerTable rows={shown} columns={columns} activeLayer={layers.active?.layer ?? null} onPick={layers.choose} />
      <p className={classNames(styles.summary, 'dim')}>{modelSummary(layers.rows)}</p>
    </section>
  );
}

/** A summary line such as `1,000 layers · 25.6 M parameters · INT8 902 · FP16 3 · FP32 95`. */
function modelSummary(rows: readonly LayerRow[]): string {
  const parameters = rows.reduce((sum, row) => sum + row.parameters, 0);
  const counts = PRECISIONS.map((precision) => ({
    precision,
    count: rows.filter((row) => row.runsIn === precision).length,
  }));
  return [
    t('model.summary.layers', { count: rows.length }),
    t('model.summary.parameters', { count: formatCount(parameters) }),
    ...counts
      .filter(({ count }) => count > 0)
      .map(({ precision, count }) => `${precision.toUpperCase()} ${formatCount(count)}`),
  ].join(' · ');
}
