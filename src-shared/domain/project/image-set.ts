import { object, optional, string, yes, type InferOutput } from '../../base/schema';

/** One image (or .npy tensor) of a set. */
export interface ImageEntry {
  /** Absolute path. */
  readonly path: string;
  /** Path as shown and recorded: relative to the set's root, forward slashes. */
  readonly file: string;
  /** Class index, null when the set has no labels. */
  readonly label: number | null;
  /** Name of the group (day, night), null when the set has none. */
  readonly group: string | null;
  /** Index of the record inside an .npy/.npz file with a leading batch axis, else null. */
  readonly record: number | null;
  /** Which listing of this file it is in a list that names the file several times, from 2; absent for the first one. */
  readonly listing?: number;
}

/** Identity of one image within a set, stable over sittings and shards: `a.png`, `a.npz#3`, `a.png (listing 2)`. */
export function imageId(entry: Pick<ImageEntry, 'file' | 'record' | 'listing'>): string {
  const id = entry.record === null ? entry.file : `${entry.file}#${entry.record}`;
  return entry.listing === undefined ? id : `${id} (listing ${entry.listing})`;
}

/** The id of the first listing of the same image: two ids with the same result have the same content. */
export function firstListingId(id: string): string {
  return id.replace(/ \(listing \d+\)$/, '');
}

/** The file of an image's id, as `ImageEntry.file`. */
export function fileOfImageId(id: string): string {
  return firstListingId(id).replace(/#\d+$/, '');
}

export interface ImageSet {
  /** The folder or list file that was named. */
  readonly root: string;
  readonly entries: readonly ImageEntry[];
  /** Class names by index; empty when labels are plain indices or absent. */
  readonly classNames: readonly string[];
  readonly groups: readonly string[];
  readonly labelSource: 'none' | 'folders' | 'csv';
  /** The order in use where it decides the class indices: labels come from folders that are numbers. */
  readonly labelOrder?: LabelOrder;
  /** Files that were found and left out before decoding (unknown type, empty, too large). */
  readonly skipped: readonly SkippedImage[];
  /** What a person should know before the set is used: how labels were read, images without one, repeated images. */
  readonly notes?: readonly SetNote[];
}

export const skippedImageSchema = object({
  file: string,
  reason: string,
  /** The file was absent or the disk failed when it was to be counted: it is tried again once it is readable. */
  isAbsent: optional(yes),
});
export type SkippedImage = InferOutput<typeof skippedImageSchema>;

/** How class folders that are numbers are ordered: "10" before "2" (as torchvision does), or by their values. */
export const LABEL_ORDERS = ['text', 'numeric'] as const;
export type LabelOrder = (typeof LABEL_ORDERS)[number];

/** A remark about a set; `images-...` concerns every use of it, `labels-...` only what needs labels. */
export interface SetNote {
  readonly code:
    | 'images-repeated'
    | 'images-turned'
    | 'labels-missing'
    | 'labels-odd'
    | 'labels-reading'
    | 'labels-from-one'
    | 'labels-names-file'
    | 'labels-order';
  readonly message: string;
}
