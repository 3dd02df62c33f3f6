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
  /**
   * Size in pixels as the preprocessing sees the image (a stated orientation is applied if the preprocessing applies
   * it); only known for images with boxes or a mask.
   */
  readonly size?: ImageSize;
  /** If a list names this file several times, the number of this listing, from 2; omitted for the first one. */
  readonly listing?: number;
}

export interface ImageSize {
  readonly width: number;
  readonly height: number;
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

/** Where boxes or masks come from: YOLO text files, a COCO JSON file, Pascal VOC XML files, mask images. */
export const TRUTH_SOURCES = ['yolo', 'coco', 'voc', 'masks'] as const;
export type TruthSource = (typeof TRUTH_SOURCES)[number];

/** Where labels come from. Only `folders` and `csv` give class indices of whole images. */
export type LabelSource = 'none' | 'folders' | 'csv' | TruthSource;

/** Numbers about the boxes or masks of a set. */
export interface TruthFacts {
  readonly source: TruthSource;
  /** The file or folder that they were read from. */
  readonly path: string;
  /** Images with boxes or with a mask. */
  readonly images: number;
  /** Images without any box, which count as background; 0 for masks. */
  readonly background: number;
  readonly boxes: number;
  /** Boxes of every class that occurs, by class index. Empty for masks, whose pixels are not counted. */
  readonly classes: readonly { readonly label: number; readonly boxes: number }[];
  readonly crowds: number;
  readonly difficult: number;
  /** Boxes that extend beyond their image by more than a pixel. */
  readonly outside: number;
  /** Boxes that repeat another box of the same image and class. */
  readonly duplicates: number;
  /** Boxes without an area, which are left out. */
  readonly empty: number;
}

/** True if the labels of a set are class indices of whole images. */
export function hasClassLabels({ labelSource }: Pick<ImageSet, 'labelSource'>): boolean {
  return labelSource === 'folders' || labelSource === 'csv';
}

export interface ImageSet {
  /** The folder or list file that the user named. */
  readonly root: string;
  readonly entries: readonly ImageEntry[];
  /** Class names by index; empty if labels are plain indices or absent. */
  readonly classNames: readonly string[];
  readonly groups: readonly string[];
  readonly labelSource: LabelSource;
  /** What the boxes or masks of the set are; omitted if it has none. */
  readonly truthFacts?: TruthFacts;
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
    | 'images-masks'
    | 'images-turned'
    | 'labels-missing'
    | 'labels-background'
    | 'labels-boxes'
    | 'labels-classes'
    | 'labels-unreadable'
    | 'labels-odd'
    | 'labels-reading'
    | 'labels-from-one'
    | 'labels-names-file'
    | 'labels-order';
  readonly message: string;
}
