import { useEffect } from 'react';
import { create } from 'zustand';
import type { DiagnosisSubject } from '../../../src-shared/domain/analysis/analysis';
import { type ClassOrder, type ImageFilter, isFiltered, NO_FILTER, toggleFilter } from './what-got-worse';

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
  /** Toggles a filter of the images and scrolls to them, because they may be far below the chosen element. */
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

/** Id of the list of images, which a facet narrows. */
export const IMAGES_ID = 'results-images';

/**
 * Narrows the images to a facet, or lets go of it, and brings them into sight: they may stand far below what was
 * chosen.
 */
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
