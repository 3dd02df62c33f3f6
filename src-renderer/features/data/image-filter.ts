import type { ImageSetView, ImageView } from '../../../src-shared/contract/views';

export interface ImageFilter {
  /** Null: all groups. */
  readonly group: string | null;
  /** Class index; null: all labels. */
  readonly label: number | null;
}

export const NO_FILTER: ImageFilter = { group: null, label: null };

export function filterImages(images: readonly ImageView[], { group, label }: ImageFilter): readonly ImageView[] {
  if (group === null && label === null) return images;
  return images.filter(
    (image) => (group === null || image.group === group) && (label === null || image.label === label),
  );
}

export interface GroupCount {
  readonly group: string;
  readonly images: number;
}

export interface LabelCount {
  readonly label: number;
  readonly name: string;
  readonly images: number;
}

/** Images per group that pass the label filter, in the set's order of groups. */
export function groupCounts(set: ImageSetView, label: number | null): readonly GroupCount[] {
  const counts = new Map<string, number>(set.groups.map((group) => [group, 0]));
  for (const image of filterImages(set.images, { group: null, label }))
    if (image.group !== null) counts.set(image.group, (counts.get(image.group) ?? 0) + 1);
  return [...counts].map(([group, images]) => ({ group, images }));
}

/** Images per label that pass the group filter, by class index; labels without images in the set are absent. */
export function labelCounts(set: ImageSetView, group: string | null): readonly LabelCount[] {
  const counts = new Map<number, number>();
  for (const { label } of set.images) if (label !== null) counts.set(label, 0);
  for (const { label } of filterImages(set.images, { group, label: null }))
    if (label !== null) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([label, images]) => ({ label, name: labelName(set, label), images }));
}

/** A class by its name where the set has names, else its index. */
export function labelName(set: Pick<ImageSetView, 'classNames'>, label: number): string {
  return set.classNames[label] ?? String(label);
}

/** The image to show: the one that was chosen while it is there, else the first. */
export function shownImage(images: readonly ImageView[], chosenId: string | null): ImageView | null {
  return images.find((image) => image.id === chosenId) ?? images[0] ?? null;
}
