import { useEffect } from 'react';
import { create } from 'zustand';
import type { DiagnosisSubject } from '../../../src-shared/domain/analysis/analysis';
import { type ClassOrder, type ImageFilter, isFiltered, NO_FILTER, toggleFilter } from './what-got-worse';

interface ResultsState {
  /** The run that is shown; null: the newest run. */
  readonly runId: string | null;
  readonly compareId: string | null;
  /** The variant whose losses are shown; null: the shipped variant. */
  readonly variant: string | null;
  readonly classOrder: ClassOrder;
  readonly filter: ImageFilter;
  /** The subject of the open diagnosis ("why did it get worse?"); null: no diagnosis is open. */
  readonly why: DiagnosisSubject | null;
  readonly showRun: (runId: string) => void;
  /** Chooses the run to compare with; null stops comparing. */
  readonly compareWith: (runId: string | null) => void;
  readonly showVariant: (variant: string) => void;
  readonly sortClassesBy: (order: ClassOrder) => void;
  /** Toggles a filter of the images and scrolls to them, because they may be far below the chosen element. */
  readonly toggleFacet: (facet: Partial<ImageFilter>) => void;
  readonly clearFilter: () => void;
  readonly askWhy: (why: DiagnosisSubject | null) => void;
}

/** The choices on the results screen: run, variant, filter and diagnosis. */
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

/** DOM id of the list of images, to which filters apply. */
export const IMAGES_ID = 'results-images';

/** Toggles a filter of the images and scrolls to them, because they may be far below the chosen element. */
export function useNarrowing(): (facet: Partial<ImageFilter>) => void {
  const toggleFacet = useResults((state) => state.toggleFacet);
  return (facet) => {
    toggleFacet(facet);
    if (isFiltered(useResults.getState().filter))
      document.getElementById(IMAGES_ID)?.scrollIntoView({ block: 'start', behavior: 'instant' });
  };
}

/** Escape closes the diagnosis, then clears the filter of the images. Dialogs handle Escape themselves. */
export function useEscape(): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
      const { why, filter, askWhy, clearFilter } = useResults.getState();
      if (why !== null) askWhy(null);
      else if (isFiltered(filter)) clearFilter();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
}
