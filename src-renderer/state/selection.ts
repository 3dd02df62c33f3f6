import { create } from 'zustand';

/** What is chosen everywhere at once: one tensor and one layer. The frame keeps it in the address. */
interface SelectionState {
  readonly tensor: string | null;
  readonly layer: string | null;
  readonly selectTensor: (tensor: string | null) => void;
  readonly selectLayer: (layer: string | null) => void;
  /** Both in one step: a click on a layer that also shows its tensor. */
  readonly select: (selection: { readonly tensor: string | null; readonly layer: string | null }) => void;
}

export const useSelection = create<SelectionState>()((set) => ({
  tensor: null,
  layer: null,
  selectTensor: (tensor) => set({ tensor }),
  selectLayer: (layer) => set({ layer }),
  select: ({ tensor, layer }) => set({ tensor, layer }),
}));
