import { createContext, use } from 'react';
import type { EdgePlacement } from './graph-structure';
import type { LayerRow } from './layer-rows';

/** What nodes and edges show besides their place: it changes with every edit, the nodes themselves do not. */
export interface GraphContent {
  readonly rowOf: (layer: string) => LayerRow | undefined;
  /** Why a tensor enters a layer as it does. */
  readonly placementOf: (layer: string, tensor: string) => EdgePlacement | undefined;
  /** Node that the arrow keys stand on. */
  readonly cursor: string | null;
  /** Layers that the last edit changed. */
  readonly changed: ReadonlySet<string>;
  /** Layers that a search found; null without a search. */
  readonly matches: ReadonlySet<string> | null;
}

const EMPTY: GraphContent = {
  rowOf: () => undefined,
  placementOf: () => undefined,
  cursor: null,
  changed: new Set(),
  matches: null,
};

export const GraphContentContext = createContext<GraphContent>(EMPTY);
export const useGraphContent = (): GraphContent => use(GraphContentContext);
