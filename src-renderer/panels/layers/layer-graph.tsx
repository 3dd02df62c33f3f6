import { ReactFlowProvider } from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { LRUCache } from 'lru-cache';
import { useEffect, useMemo, useState } from 'react';
import type { ModelView } from '../../../src-shared/contract/views';
import { t } from '../../i18n';
import { useFrozen } from '../../state/use-frozen';
import { Button } from '../../widgets/button';
import styles from './layer-graph.module.css';
import { EmptyState, Meter } from '../../widgets/states';
import { GraphCanvas } from './graph-canvas';
import type { GraphLayout, LayoutReply, LayoutRequest } from './graph-layout';
import { edgePlacements, graphStructure, type GraphStructure, structureKey } from './graph-structure';
import { GraphToolbar } from './graph-toolbar';
import type { LayerRow } from './layer-rows';

export type LayoutState =
  | { readonly state: 'working'; readonly done: number; readonly total: number }
  | { readonly state: 'ready'; readonly layout: GraphLayout }
  | { readonly state: 'failed'; readonly message: string }
  | { readonly state: 'cancelled' };

/** Layouts of the most recently shown models, by the key of their structure. */
const layouts = new LRUCache<string, GraphLayout>({ max: 4 });

/**
 * Lays out a structure in a worker; `cancel` stops it, `retry` starts again. Equal structures are laid out only once.
 */
export function useGraphLayout(structure: GraphStructure): {
  readonly layout: LayoutState;
  readonly cancel: () => void;
  readonly retry: () => void;
} {
  const key = useMemo(() => structureKey(structure), [structure]);
  // An equal structure must not restart the worker.
  const kept = useFrozen([key], () => structure);
  const [attempt, setAttempt] = useState(0);
  const [outcome, setOutcome] = useState<{ readonly key: string; readonly layout: LayoutState } | null>(null);
  const cached = layouts.get(key);
  const isCancelled = outcome?.key === key && outcome.layout.state === 'cancelled';

  useEffect(() => {
    if (isCancelled || layouts.has(key)) return;
    const worker = new Worker(new URL('./layout-worker.ts', import.meta.url), { type: 'module' });
    const report = (layout: LayoutState): void => setOutcome({ key, layout });
    worker.onmessage = ({ data }: MessageEvent<LayoutReply>): void => {
      if (data.type === 'progress') return report({ state: 'working', done: data.done, total: data.total });
      if (data.type === 'failed') return report({ state: 'failed', message: data.message });
      layouts.set(key, data.layout);
      report({ state: 'ready', layout: data.layout });
    };
    worker.onerror = (event): void => report({ state: 'failed', message: event.message });
    const request: LayoutRequest = kept;
    worker.postMessage(request);
    return () => worker.terminate();
  }, [key, kept, attempt, isCancelled]);

  const idle: LayoutState = { state: 'working', done: 0, total: structure.nodes.length };
  const layout: LayoutState =
    cached !== undefined ? { state: 'ready', layout: cached } : outcome?.key === key ? outcome.layout : idle;
  return {
    layout,
    cancel: () => setOutcome({ key, layout: { state: 'cancelled' } }),
    retry: () => {
      setOutcome(null);
      setAttempt((count) => count + 1);
    },
  };
}

interface LayerGraphProps {
  readonly model: ModelView;
  /** The rows of all layers, in any order. */
  readonly rows: readonly LayerRow[];
  readonly onChooseLayer: (layer: string) => void;
  /** The layers to highlight: those that the last edit changed. */
  readonly changed?: ReadonlySet<string>;
  /** The layers that a search found; null without a search. */
  readonly matches?: ReadonlySet<string> | null;
}

const NOTHING: ReadonlySet<string> = new Set();

/** The model as a graph. It is laid out in a worker, and only its visible part is rendered. */
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
    <section className={styles.root} aria-label={t('model.graph.title')}>
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

/**
 * Returns the same object while only the plan, decisions or thresholds change, so that nothing is laid out or built
 * again.
 */
function useStructure(model: ModelView): GraphStructure {
  const fresh = useMemo(() => graphStructure(model), [model]);
  const key = useMemo(() => structureKey(fresh), [fresh]);
  return useFrozen([key], () => fresh);
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
      <div className={styles.pending}>
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
