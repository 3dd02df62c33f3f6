import { create } from 'zustand';
import type { DiagnosisSubject } from '../../../src-shared/domain/analysis/analysis';
import { NO_FILTER, toggleFilter, type ClassOrder, type ImageFilter } from './what-got-worse';

interface ResultsState {
  /** null: the newest run. */
  readonly runId: string | null;
  readonly compareId: string | null;
  /** Whose losses are shown; null: the shipped variant. */
  readonly variant: string | null;
  readonly classOrder: ClassOrder;
  readonly filter: ImageFilter;
  /** What a person asked "why" of; null: nothing. */
  readonly why: DiagnosisSubject | null;
  readonly showRun: (runId: string) => void;
  /** null stops comparing. */
  readonly compareWith: (runId: string | null) => void;
  readonly showVariant: (variant: string) => void;
  readonly sortClassesBy: (order: ClassOrder) => void;
  /** Narrows the images, or lets go when the facet is chosen already. */
  readonly toggleFacet: (facet: Partial<ImageFilter>) => void;
  readonly clearFilter: () => void;
  readonly askWhy: (why: DiagnosisSubject | null) => void;
}

/** What a person looks at on this screen. */
export const useResults = create<ResultsState>()((set) => ({
  runId: null,
  compareId: null,
  variant: null,
  classOrder: 'difference',
  filter: NO_FILTER,
  why: null,
  showRun: (runId) =>
    set((state) => ({
      runId,
      compareId: state.compareId === runId ? null : state.compareId,
      filter: NO_FILTER,
      why: null,
    })),
  compareWith: (compareId) => set({ compareId }),
  showVariant: (variant) => set({ variant, filter: NO_FILTER }),
  sortClassesBy: (classOrder) => set({ classOrder }),
  toggleFacet: (facet) => set((state) => ({ filter: toggleFilter(state.filter, facet) })),
  clearFilter: () => set({ filter: NO_FILTER }),
  askWhy: (why) => set({ why }),
}));
