import { create } from 'zustand';
import type { LayerView } from '../../../src-shared/contract/views';
import type { LayerRow } from './layer-rows';

/** Whether tables list the layers that only compute shapes; on every screen alike. */
interface ShapeLayersState {
  readonly areShown: boolean;
  readonly show: (areShown: boolean) => void;
}

export const useShapeLayers = create<ShapeLayersState>()((set) => ({
  areShown: false,
  show: (areShown) => set({ areShown }),
}));

/**
 * Layers that compute with shapes of tensors and never with their values: Shape and Size, and what reads nothing but their
 * results. Exporters write them by the dozen around one Reshape. `layers` are in topological order.
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
  /** A search looks everywhere. */
  readonly isSearching: boolean;
  /** The layer that the window shows is never left out. */
  readonly active: string | null;
}

/** Rows without layers that only compute shapes, unless they are wanted. */
export function foldShapes(
  rows: readonly LayerRow[],
  { shapes, areShown, isSearching, active }: FoldOptions,
): readonly LayerRow[] {
  if (areShown || isSearching || shapes.size === 0) return rows;
  return rows.filter(({ layer }) => !shapes.has(layer) || layer === active);
}
