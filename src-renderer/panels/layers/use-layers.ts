import { useCallback, useMemo } from 'react';
import { create } from 'zustand';
import type { EngineView, LayerView, ModelView } from '../../../src-shared/contract/views';
import { engineByLayer, type EngineByLayer } from '../../../src-shared/domain/engines/engine-view';
import { sensitivityOf, useAnalyses } from '../../state/analyses';
import { useEngine } from '../../state/engine';
import { useSelection } from '../../state/selection';
import { useSession } from '../../state/session';
import { damageShares, filterRows, type LayerRow, layerRows, tensorIndex, type TensorIndex } from './layer-rows';

/** Whether tables show the layers that only compute shapes; shared by all screens. */
interface ShapeLayersState {
  readonly areShown: boolean;
  readonly show: (areShown: boolean) => void;
}

export const useShapeLayers = create<ShapeLayersState>()((set) => ({
  areShown: false,
  show: (areShown) => set({ areShown }),
}));

/**
 * The layers that compute only with shapes of tensors, never with their values: Shape and Size, and layers that read
 * nothing but the results of such layers. Exporters often write dozens of them for one Reshape. `layers` must be in
 * topological order.
 */
export function shapeLayers(
  layers: readonly Pick<LayerView, 'layer' | 'op' | 'inputs' | 'outputs'>[],
): ReadonlySet<string> {
  const shapes = new Set<string>();
  const found = new Set<string>();
  for (const { layer, op, inputs, outputs } of layers) {
    const isShape =
      op === 'Shape' || op === 'Size' || (inputs.length > 0 && inputs.every((tensor) => shapes.has(tensor)));
    if (!isShape) continue;
    found.add(layer);
    for (const tensor of outputs) shapes.add(tensor);
  }
  return found;
}

interface FoldOptions {
  readonly shapes: ReadonlySet<string>;
  readonly areShown: boolean;
  /** True while a search is active; a search includes shape layers too. */
  readonly isSearching: boolean;
  /** The chosen layer, which is never hidden. */
  readonly active: string | null;
}

/** The rows without the layers that only compute shapes, unless these should be shown. */
export function foldShapes(
  rows: readonly LayerRow[],
  { shapes, areShown, isSearching, active }: FoldOptions,
): readonly LayerRow[] {
  if (areShown || isSearching || shapes.size === 0) return rows;
  return rows.filter(({ layer }) => !shapes.has(layer) || layer === active);
}

export interface Layers {
  readonly model: ModelView;
  readonly rows: readonly LayerRow[];
  readonly rowOf: (layer: string) => LayerRow | undefined;
  readonly tensors: TensorIndex;
  /** The engine of one variant, indexed by layer; null without an engine. */
  readonly engine: { readonly view: EngineView; readonly byLayer: EngineByLayer } | null;
  /** The chosen layer; if none is chosen, the layer that produces the chosen tensor. */
  readonly active: LayerRow | null;
  /** Chooses a layer, together with its output, on all screens. */
  readonly choose: (layer: string) => void;
}

/** The layers of the open model; null until the model is loaded. */
export function useLayers(): Layers | null {
  const model = useSession((state) => state.model);
  const thresholds = useSession((state) => state.thresholds);
  const layer = useSelection((state) => state.layer);
  const tensor = useSelection((state) => state.tensor);
  const select = useSelection((state) => state.select);
  const analyses = useAnalyses();
  const sensitivity = sensitivityOf(analyses)?.result;
  const damage = useMemo(() => (sensitivity === undefined ? undefined : damageShares(sensitivity)), [sensitivity]);
  const engine = useEngineByLayer(model);
  const rows = useMemo(
    () => (model === null ? [] : layerRows(model, thresholds, damage, engine?.byLayer.layers)),
    [model, thresholds, damage, engine],
  );
  const byLayer = useMemo(() => new Map(rows.map((row) => [row.layer, row])), [rows]);
  const tensors = useMemo(() => tensorIndex(model ?? { inputs: [], outputs: [], layers: [] }), [model]);
  const rowOf = useCallback((name: string) => byLayer.get(name), [byLayer]);
  const choose = useCallback(
    (name: string): void => {
      const row = byLayer.get(name);
      select({ layer: name, tensor: row?.tensor ?? row?.view.outputs[0] ?? null });
    },
    [byLayer, select],
  );
  if (model === null) return null;
  const activeName = layer ?? (tensor === null ? undefined : tensors.producerOf(tensor));
  return {
    model,
    rows,
    rowOf,
    tensors,
    engine,
    active: activeName === undefined ? null : (byLayer.get(activeName) ?? null),
    choose,
  };
}

function useEngineByLayer(model: ModelView | null): Layers['engine'] {
  const view = useEngine().view?.engine ?? null;
  return useMemo(
    () =>
      model === null || view === null ? null : { view, byLayer: engineByLayer(view.layers, model.layers, view.asked) },
    [model, view],
  );
}

export interface LayerListing {
  /** In the order of the model. */
  readonly shown: readonly LayerRow[];
  /** The layers that the search finds, to be marked in the graph; null without a search. */
  readonly matches: ReadonlySet<string> | null;
  /** The number of layers that only compute shapes. */
  readonly shapeCount: number;
}

/**
 * The layers to list after applying the search and hiding shape layers; `rows` must already be filtered by other
 * filters.
 */
export function useLayerListing({ model, active }: Layers, rows: readonly LayerRow[], search: string): LayerListing {
  const areShown = useShapeLayers((state) => state.areShown);
  const shapes = useMemo(() => shapeLayers(model.layers), [model.layers]);
  const isSearching = search.trim() !== '';
  const activeLayer = active?.layer ?? null;
  const found = useMemo(() => filterRows(rows, search), [rows, search]);
  const shown = useMemo(
    () => foldShapes(found, { shapes, areShown, isSearching, active: activeLayer }),
    [found, shapes, areShown, isSearching, activeLayer],
  );
  const matches = useMemo(() => (isSearching ? new Set(found.map(({ layer }) => layer)) : null), [found, isSearching]);
  return { shown, matches, shapeCount: shapes.size };
}
