import { create } from 'zustand';
import type { ColourMode } from './layer-colour';

/** How graphs are shown, on every screen alike. */
interface GraphViewState {
  readonly colourMode: ColourMode;
  /** Reason codes on every edge, not only around the chosen layer. */
  readonly isReasonShown: boolean;
  readonly colourBy: (mode: ColourMode) => void;
  readonly showReasons: (isReasonShown: boolean) => void;
}

export const useGraphView = create<GraphViewState>()((set) => ({
  colourMode: 'precision',
  isReasonShown: false,
  colourBy: (colourMode) => set({ colourMode }),
  showReasons: (isReasonShown) => set({ isReasonShown }),
}));
