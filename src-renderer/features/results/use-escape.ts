import { useEffect } from 'react';
import { useResults } from './results-store';
import { isFiltered } from './what-got-worse';

/** Escape closes what was opened last: the answer to "why", then the filter of the images. Dialogs close by themselves. */
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
