import { create } from 'zustand';

export const HISTOGRAM_TABS = ['inspect', 'all', 'auto'] as const;
export type HistogramTab = (typeof HISTOGRAM_TABS)[number];

interface HistogramTabState {
  readonly tab: HistogramTab;
  readonly showTab: (tab: HistogramTab) => void;
}

/** One tensor, all tensors, or what auto chose; kept while other screens are open, and in the address. */
export const useHistogramTab = create<HistogramTabState>()((set) => ({
  tab: 'inspect',
  showTab: (tab) => set({ tab }),
}));
