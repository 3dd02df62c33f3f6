import { create } from 'zustand';
import { useSelection } from './selection';
import { useView } from './view';

export const HISTOGRAM_TABS = ['inspect', 'all', 'auto'] as const;
export type HistogramTab = (typeof HISTOGRAM_TABS)[number];

interface HistogramTabState {
  readonly tab: HistogramTab;
  readonly showTab: (tab: HistogramTab) => void;
}

/**
 * The tab of the histogram screen: one tensor, all tensors, or the choices of auto. It is kept while other screens are
 * open, and in the address.
 */
export const useHistogramTab = create<HistogramTabState>()((set) => ({
  tab: 'inspect',
  showTab: (tab) => set({ tab }),
}));

/** Opens the histogram of one tensor, independent of the tab that was open there before. */
export function openHistogramOf(tensor: string): void {
  useSelection.getState().selectTensor(tensor);
  openHistogram();
}

/** Opens the histogram of the selected tensor. */
export function openHistogram(): void {
  useHistogramTab.getState().showTab('inspect');
  useView.getState().openScreen('histogram');
}
