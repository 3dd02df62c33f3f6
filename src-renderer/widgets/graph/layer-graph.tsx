import { ReactFlowProvider } from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { useMemo } from 'react';
import type { ModelView } from '../../../src-shared/contract/views';
import { t } from '../../i18n';
import { Button } from '../button';
import { EmptyState } from '../empty-state';
import { Meter } from '../meter';
import './graph.css';
import { GraphCanvas } from './graph-canvas';
import { edgePlacements, graphStructure, structureKey, type GraphStructure } from './graph-structure';
import { GraphToolbar } from './graph-toolbar';
import type { LayerRow } from './layer-rows';
import { useGraphLayout, type LayoutState } from './use-graph-layout';

interface LayerGraphProps {
  readonly model: ModelView;
  /** Rows of every layer, in any order. */
  readonly rows: readonly LayerRow[];
  readonly onChooseLayer: (layer: string) => void;
  /** Layers to point out: those that the last edit changed. */
  readonly changed?: ReadonlySet<string>;
  /** Layers that a search found; null without a search. */
  readonly matches?: ReadonlySet<string> | null;
}

const NOTHING: ReadonlySet<string> = new Set();

/** The model as a graph: laid out in a worker, only what is in sight is drawn. */
export function LayerGraph({ model, rows, onChooseLayer, changed = NOTHING, matches = null }: LayerGraphProps) {
  const structure = useStructure(model);
  const { layout, cancel, retry } = useGraphLayout(structure);
  const content = useMemo(() => {
    const rowByLayer = new Map(rows.map((row) => [row.layer, row]));
    const edgesByLayer = new Map(model.layers.map((layer) => [layer.layer, edgePlacements(layer)]));
    return {
      rowOf: (layer: string) => rowByLayer.get(layer),
      placementOf: (layer: string, tensor: string) => edgesByLayer.get(layer)?.get(tensor),
      changed,
      matches,
    };
  }, [rows, model, changed, matches]);
  return (
    <section className="graph" aria-label={t('model.graph.title')}>
      <GraphToolbar rows={rows} />
      {layout.state === 'ready' ? (
        <ReactFlowProvider>
          <GraphCanvas structure={structure} layout={layout.layout} content={content} onChooseLayer={onChooseLayer} />
        </ReactFlowProvider>
      ) : (
        <LayoutPending layout={layout} onCancel={cancel} onRetry={retry} />
      )}
    </section>
  );
}

/** Stays the same object while only plan, decisions or thresholds change: nothing is then laid out or built again. */
function useStructure(model: ModelView): GraphStructure {
  const fresh = useMemo(() => graphStructure(model), [model]);
  const key = useMemo(() => structureKey(fresh), [fresh]);
  return useMemo(() => fresh, [key]);
}

interface LayoutPendingProps {
  readonly layout: Exclude<LayoutState, { readonly state: 'ready' }>;
  readonly onCancel: () => void;
  readonly onRetry: () => void;
}

function LayoutPending({ layout, onCancel, onRetry }: LayoutPendingProps) {
  if (layout.state === 'working') {
    const text = t('model.graph.layingOut', { done: layout.done, total: layout.total });
    return (
      <div className="graph-pending">
        <p>{text}</p>
        <Meter label={t('model.graph.title')} value={layout.done} total={layout.total} text={text} />
        <Button onClick={onCancel}>{t('model.graph.cancel')}</Button>
      </div>
    );
  }
  const action = <Button onClick={onRetry}>{t('model.graph.retry')}</Button>;
  return (
    <EmptyState title={t(layout.state === 'failed' ? 'model.graph.failed' : 'model.graph.cancelled')} action={action}>
      {layout.state === 'failed' ? layout.message : t('model.graph.cancelled.text')}
    </EmptyState>
  );
}
