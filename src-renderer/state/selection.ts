import { create } from 'zustand';
import type { ModelView } from '../../src-shared/contract/views';
import { useSession } from './session';

interface Selection {
  readonly tensor: string | null;
  readonly layer: string | null;
}

/**
 * The selection that all screens share: one tensor and one layer. The frame keeps it in the address. If a tensor is
 * selected without a layer, its own layer is selected too, so that tables and graphs show where the tensor is computed.
 */
interface SelectionState extends Selection {
  readonly selectTensor: (tensor: string | null) => void;
  readonly selectLayer: (layer: string | null) => void;
  /** Selects both in one step, for example when a click on a layer also shows its tensor. */
  readonly select: (selection: Selection) => void;
}

export const useSelection = create<SelectionState>()((set) => ({
  tensor: null,
  layer: null,
  selectTensor: (tensor) => set(withLayer({ tensor, layer: null }, useSession.getState().model)),
  selectLayer: (layer) => set({ layer }),
  select: (selection) => set(withLayer(selection, useSession.getState().model)),
}));

// The address can name a tensor before the model is loaded.
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
 * The layer that writes a tensor; for an input of the model, the first layer that reads it. Null if no layer has the
 * tensor.
 */
export function layerOfTensor({ layers }: Pick<ModelView, 'layers'>, tensor: string): string | null {
  const found =
    layers.find(({ outputs }) => outputs.includes(tensor)) ?? layers.find(({ inputs }) => inputs.includes(tensor));
  return found?.layer ?? null;
}
