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
}

export interface ImageSet {
  /** The folder or list file that was named. */
  readonly root: string;
  readonly entries: readonly ImageEntry[];
  /** Class names by index; empty when labels are plain indices or absent. */
  readonly classNames: readonly string[];
  readonly groups: readonly string[];
  readonly labelSource: 'none' | 'folders' | 'csv';
  /** Files that were found and left out before decoding (unknown type, empty, too large). */
  readonly skipped: readonly SkippedImage[];
  /** What a person should know about the labels (images without one, lines without an image), as sentences. */
  readonly notes?: readonly string[];
}

export interface SkippedImage {
  readonly file: string;
  readonly reason: string;
}
