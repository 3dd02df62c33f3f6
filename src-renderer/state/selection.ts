import { create } from 'zustand';
import type { ModelView } from '../../src-shared/contract/views';
import { useSession } from './session';

interface Selection {
  readonly tensor: string | null;
  readonly layer: string | null;
}

/**
 * What is chosen everywhere at once: one tensor and one layer. The frame keeps it in the address. A tensor that is
 * chosen without a layer brings its own one with it, so that tables and graphs show where it comes from.
 */
interface SelectionState extends Selection {
  readonly selectTensor: (tensor: string | null) => void;
  readonly selectLayer: (layer: string | null) => void;
  /** Both in one step: a click on a layer that also shows its tensor. */
  readonly select: (selection: Selection) => void;
}

export const useSelection = create<SelectionState>()((set) => ({
  tensor: null,
  layer: null,
  selectTensor: (tensor) => set(withLayer({ tensor, layer: null }, useSession.getState().model)),
  selectLayer: (layer) => set({ layer }),
  select: (selection) => set(withLayer(selection, useSession.getState().model)),
}));

// An address names its tensor before the model is known.
useSession.subscribe(({ model }, previous) => {
  if (model === previous.model) return;
  const { tensor, layer } = useSelection.getState();
  const found = withLayer({ tensor, layer }, model);
  if (found.layer !== layer) useSelection.setState(found);
});

function withLayer({ tensor, layer }: Selection, model: ModelView | null): Selection {
  return { tensor, layer: layer ?? (tensor === null || model === null ? null : layerOfTensor(model, tensor)) };
}

/**
 * The layer that writes a tensor; of an input of the model the first one that reads it. Null for a tensor that no layer
 * has.
 */
export function layerOfTensor({ layers }: Pick<ModelView, 'layers'>, tensor: string): string | null {
  const found =
    layers.find(({ outputs }) => outputs.includes(tensor)) ?? layers.find(({ inputs }) => inputs.includes(tensor));
  return found?.layer ?? null;
}
