import type { HistogramView } from '../../../src-shared/contract/views';

/** An image and the largest |x| that it gave a tensor, real units. */
export interface ImageMaximum {
  readonly file: string;
  readonly amaxReal: number;
}

export interface MaximumRanking {
  readonly top: readonly ImageMaximum[];
  /** max|x| over all other images than the first; null with a single image. */
  readonly withoutFirstReal: number | null;
}

/** The images that reach furthest, equals in the order of the set. Null where no value per image exists. */
export function rankMaxima(
  view: Pick<HistogramView, 'imageAmax' | 'imageFiles'>,
  count: number,
): MaximumRanking | null {
  const known = view.imageFiles
    .map((file, i) => ({ file, amaxReal: view.imageAmax[i] ?? Number.NaN }))
    .filter(({ amaxReal }) => !Number.isNaN(amaxReal))
    .sort((a, b) => b.amaxReal - a.amaxReal);
  if (known.length === 0) return null;
  return { top: known.slice(0, count), withoutFirstReal: known[1]?.amaxReal ?? null };
}
