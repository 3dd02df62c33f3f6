import { LRUCache } from 'lru-cache';
import { useEffect, useMemo, useState } from 'react';
import type { GraphLayout } from './graph-layout';
import { structureKey, type GraphStructure } from './graph-structure';
import type { LayoutReply, LayoutRequest } from './layout-messages';

export type LayoutState =
  | { readonly state: 'working'; readonly done: number; readonly total: number }
  | { readonly state: 'ready'; readonly layout: GraphLayout }
  | { readonly state: 'failed'; readonly message: string }
  | { readonly state: 'cancelled' };

/** Layouts of the models that were shown last, by the key of their structure. */
const layouts = new LRUCache<string, GraphLayout>({ max: 4 });

/** Lays a structure out in a worker; `cancel` stops it, `retry` starts again. Equal structures are laid out once. */
export function useGraphLayout(structure: GraphStructure): {
  readonly layout: LayoutState;
  readonly cancel: () => void;
  readonly retry: () => void;
} {
  const key = useMemo(() => structureKey(structure), [structure]);
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
    const request: LayoutRequest = structure;
    worker.postMessage(request);
    return () => worker.terminate();
    // `key` stands for `structure`: an equal structure keeps the running worker.
  }, [key, attempt, isCancelled]);

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
