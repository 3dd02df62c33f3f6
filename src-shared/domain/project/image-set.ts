import { object, optional, string, yes, type InferOutput } from '../../base/schema';
import type { ImageTruth } from '../tasks/truth';

/** One image (or .npy tensor) of a set. */
export interface ImageEntry {
  /** Absolute path. */
  readonly path: string;
  /** Path as displayed and recorded: relative to the set's root, with forward slashes. */
  readonly file: string;
  /** Class index; null if the set has no labels. */
  readonly label: number | null;
  /** Name of the group (day, night); null if the set has none. */
  readonly group: string | null;
  /** Index of the record inside an .npy/.npz file with a leading batch axis, else null. */
  readonly record: number | null;
  /** Boxes or a mask of the image, if the labels of the set have them. */
  readonly truth?: ImageTruth;
  /** If a list names this file several times, the number of this listing, from 2; omitted for the first one. */
  readonly listing?: number;
}

/**
 * Identity of one image within a set, stable over resumed passes and shards: `a.png`, `a.npz#3`, `a.png (listing 2)`.
 */
export function imageId(entry: Pick<ImageEntry, 'file' | 'record' | 'listing'>): string {
  const id = entry.record === null ? entry.file : `${entry.file}#${entry.record}`;
  return entry.listing === undefined ? id : `${id} (listing ${entry.listing})`;
}

/** The id of the first listing of the same image; ids with the same result have the same content. */
export function firstListingId(id: string): string {
  return id.replace(/ \(listing \d+\)$/, '');
}

/** The file of an image's id, as `ImageEntry.file`. */
export function fileOfImageId(id: string): string {
  return firstListingId(id).replace(/#\d+$/, '');
}

export interface ImageSet {
  /** The folder or list file that the user named. */
  readonly root: string;
  readonly entries: readonly ImageEntry[];
  /** Class names by index; empty if labels are plain indices or absent. */
  readonly classNames: readonly string[];
  readonly groups: readonly string[];
  readonly labelSource: 'none' | 'folders' | 'csv';
  /** The order in use if it determines the class indices, because labels come from folders whose names are numbers. */
  readonly labelOrder?: LabelOrder;
  /** Files that were found but skipped before decoding (unknown type, empty, too large). */
  readonly skipped: readonly SkippedImage[];
  /** Remarks for the user before the set is used: how labels were read, images without a label, repeated images. */
  readonly notes?: readonly SetNote[];
}

export const skippedImageSchema = object({
  file: string,
  reason: string,
  /**
   * True if the file was missing or the disk failed when the image was to be counted; it is retried once it is
   * readable.
   */
  isAbsent: optional(yes),
});
export type SkippedImage = InferOutput<typeof skippedImageSchema>;

/** The order of class folders whose names are numbers: "10" before "2" (as in torchvision), or by value. */
export const LABEL_ORDERS = ['text', 'numeric'] as const;
export type LabelOrder = (typeof LABEL_ORDERS)[number];

/** A remark about a set; `images-...` concerns every use of it, `labels-...` only uses that need labels. */
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
