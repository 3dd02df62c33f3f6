import { useMemo, useState } from 'react';
import { t, useLanguage } from '../../i18n';
import { SearchField } from '../../widgets/fields';
import { LayerGraph } from '../../widgets/graph/layer-graph';
import { LayerInspector } from '../../widgets/graph/layer-inspector';
import { filterRows } from '../../widgets/graph/layer-rows';
import { LAYER_COLUMNS, layerColumns } from '../../widgets/graph/layer-columns';
import { LayerTable } from '../../widgets/graph/layer-table';
import { NoModel } from '../../widgets/graph/no-model';
import { SplitView } from '../../widgets/graph/split-view';
import { useLayers, type Layers } from '../../widgets/graph/use-layers';
import { ThreePanes } from '../../widgets/three-panes';
import './model-screen.css';
import { modelSummary } from './model-summary';

/** The model: its layers as a table beside the graph. */
export function ModelScreen() {
  const layers = useLayers();
  if (layers === null) return <NoModel />;
  return (
    <ThreePanes
      main={
        <SplitView
          id="model"
          label={t('model.resize')}
          initialPercent={56}
          first={<LayerList layers={layers} />}
          second={<LayerGraph model={layers.model} rows={layers.rows} onChooseLayer={layers.choose} />}
        />
      }
      right={<LayerInspector layers={layers} />}
    />
  );
}

function LayerList({ layers }: { readonly layers: Layers }) {
  const language = useLanguage();
  const [search, setSearch] = useState('');
  const shown = useMemo(() => filterRows(layers.rows, search), [layers.rows, search]);
  // The titles of the columns change with the language.
  const columns = useMemo(() => layerColumns(LAYER_COLUMNS, layers.engine !== null), [language, layers.engine !== null]);
  return (
    <section className="model-list" aria-label={t('model.layers')}>
      <div className="model-toolbar">
        <SearchField label={t('model.search')} value={search} onChange={setSearch} />
        <span className="dim model-count">{t('model.shown', { shown: shown.length, total: layers.rows.length })}</span>
      </div>
      <LayerTable rows={shown} columns={columns} activeLayer={layers.active?.layer ?? null} onPick={layers.choose} />
      <p className="model-summary dim">{modelSummary(layers.rows)}</p>
    </section>
  );
}
