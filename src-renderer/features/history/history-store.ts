import { create } from 'zustand';
import { METRIC_NAMES, type MetricName } from '../../../src-shared/domain/history/history-entry';

export const FIRST_METRIC: MetricName = 'latencyMs';

interface HistoryState {
  /** The chosen run; null: the newest. */
  readonly runId: string | null;
  readonly compareId: string | null;
  /** The value whose trend is drawn. */
  readonly metric: MetricName;
  readonly showRun: (runId: string) => void;
  readonly compareWith: (runId: string | null) => void;
  readonly showMetric: (metric: string | null) => void;
}

/** The choices on the history screen, which are part of the address. */
export const useHistory = create<HistoryState>()((set) => ({
  runId: null,
  compareId: null,
  metric: FIRST_METRIC,
  showRun: (runId) => set((state) => ({ runId, compareId: state.compareId === runId ? null : state.compareId })),
  compareWith: (compareId) => set({ compareId }),
  showMetric: (metric) => set({ metric: METRIC_NAMES.find((name) => name === metric) ?? FIRST_METRIC }),
}));
