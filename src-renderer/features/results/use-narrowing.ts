import { useResults } from './results-store';
import { isFiltered, type ImageFilter } from './what-got-worse';

/** Id of the list of images, which a facet narrows. */
export const IMAGES_ID = 'results-images';

/** Narrows the images to a facet, or lets go of it, and brings them into sight: they may stand far below what was chosen. */
export function useNarrowing(): (facet: Partial<ImageFilter>) => void {
  const toggleFacet = useResults((state) => state.toggleFacet);
  return (facet) => {
    toggleFacet(facet);
    if (isFiltered(useResults.getState().filter))
      document.getElementById(IMAGES_ID)?.scrollIntoView({ block: 'start', behavior: 'instant' });
  };
}
