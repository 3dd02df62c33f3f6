import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, sep } from 'node:path';
import { formatCount } from '../../../src-shared/base/units';
import { readError } from '../../base/file-errors';
import { isPathAllowed } from '../../base/path-policy';
import { compareText } from '../images/image-set-files';
import { truthInvalid } from './label-text';
import { assignByPath, withoutExtension } from './path-match';

/** Most files of a folder of labels; more are certainly not one set. */
const MAX_FILES = 2e6;

/** Files of labels that were found for the images of a set. */
export interface FoundLabelFiles {
  /** By image: the path of its label file; null if it has none. */
  readonly files: readonly (string | null)[];
  /** The folder of the label files, for messages. */
  readonly folder: string;
}

/** All files below a folder whose names end in one of the extensions, sorted. Links are followed once. */
export async function filesBelow(folder: string, extensions: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  const visited = new Set<string>();
  const visit = async (dir: string): Promise<void> => {
    const real = await realpath(dir);
    if (visited.has(real)) return;
    visited.add(real);
    for (const entry of await readdir(dir, { withFileTypes: true })) {
      if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
      const path = join(dir, entry.name);
      if (entry.isSymbolicLink() && !isPathAllowed(path)) continue;
      const target = entry.isSymbolicLink() ? await stat(path).catch(() => null) : entry;
      if (target?.isDirectory() === true) await visit(path);
      else if (target?.isFile() === true && extensions.includes(extname(entry.name).toLowerCase())) found.push(path);
      if (found.length > MAX_FILES)
        throw truthInvalid(
          `Expected at most ${formatCount(MAX_FILES)} label files in ${folder}, found more`,
          'Name the folder of the labels of this set.',
        );
    }
  };
  await visit(folder).catch((error: unknown) => {
    throw error instanceof Error && 'code' in error ? readError(error, folder, 'Folder') : error;
  });
  return found.sort(compareText);
}

/**
 * The label file of each image in a folder that the user named: the file with the same name apart from the extension;
 * of several ones, that whose folders fit best. null if no file fits any image.
 * @throws WorkbenchError labels-invalid if several files fit one image equally well, or one file fits several images
 */
export function labelFilesIn(
  folder: string,
  candidates: readonly string[],
  images: readonly string[],
): FoundLabelFiles | null {
  const { items, ambiguous } = assignByPath(images, candidates, withoutExtension);
  if (items.every((item) => item === null)) return null;
  if (ambiguous !== null) {
    const names = ambiguous.items.map((item) => candidates[item] ?? '');
    const files = ambiguous.images.map((image) => images[image] ?? '');
    throw truthInvalid(
      names.length > 1
        ? `Expected one label file for ${files[0]}, found ${names.join(' and ')}`
        : `Expected one image for ${names[0]}, found ${files.join(' and ')}`,
      'Name the folder whose files belong to this set only, or give labels the same folders as the images.',
    );
  }
  return { folder, files: items.map((item) => (item === null ? null : (candidates[item] ?? null))) };
}

/** A customary place of label files: from the path of an image to that of its label file, without the extension. */
type Place = (image: string) => string | null;

const IMAGE_FOLDERS = new Set(['images', 'image', 'jpegimages', 'imgs', 'img']);

/** True for the names of folders of images that a folder of labels or masks stands beside. */
export function isImageFolder(name: string | undefined): boolean {
  return name !== undefined && IMAGE_FOLDERS.has(name.toLowerCase());
}

/** The places where files of a kind are customarily found, for folders of labels with these names. */
export function placesOf(labelFolders: readonly string[], { besideImage }: { readonly besideImage: boolean }): Place[] {
  const stem = (image: string): string => withoutExtension(basename(image));
  return [
    // images/val/1.jpg -> labels/val/1.txt, at the last folder that is called images.
    ...labelFolders.map((name): Place => (image) => {
      const parts = image.split(sep);
      const at = parts.slice(0, -1).findLastIndex(isImageFolder);
      return at === -1 ? null : withoutExtension([...parts.slice(0, at), name, ...parts.slice(at + 1)].join(sep));
    }),
    // val/1.jpg -> labels/val/1.txt and labels/1.txt, with labels beside val
    ...labelFolders.map(
      (name): Place =>
        (image) =>
          join(dirname(dirname(image)), name, basename(dirname(image)), stem(image)),
    ),
    ...labelFolders.map(
      (name): Place =>
        (image) =>
          join(dirname(dirname(image)), name, stem(image)),
    ),
    // val/1.jpg -> val/labels/1.txt
    ...labelFolders.map(
      (name): Place =>
        (image) =>
          join(dirname(image), name, stem(image)),
    ),
    ...(besideImage ? [withoutExtension] : []),
  ];
}

/**
 * The label files at the customary place where most images have one; null if no place has any. Folders that the path
 * policy forbids are not looked into, and an image is never its own label.
 */
export async function labelFilesAt(
  places: readonly Place[],
  extension: string,
  images: readonly string[],
): Promise<FoundLabelFiles | null> {
  const listings = new Map<string, Promise<ReadonlyMap<string, string>>>();
  const listing = (folder: string): Promise<ReadonlyMap<string, string>> => {
    const known = listings.get(folder) ?? listFolder(folder, extension);
    listings.set(folder, known);
    return known;
  };
  const own = new Set(images);
  let best: { readonly files: readonly (string | null)[]; readonly found: number } | null = null;
  for (const place of places) {
    const files: (string | null)[] = [];
    let found = 0;
    for (const image of images) {
      const wanted = place(image);
      const name = wanted === null ? undefined : (await listing(dirname(wanted))).get(basename(wanted));
      const file = wanted === null || name === undefined ? null : join(dirname(wanted), name);
      files.push(file !== null && own.has(file) ? null : file);
      if (files.at(-1) !== null) found += 1;
    }
    if (found > (best?.found ?? 0)) best = { files, found };
    if (best !== null && best.found === images.length) break;
  }
  if (best === null) return null;
  return { folder: commonFolder(best.files.filter((file) => file !== null)), files: best.files };
}

/** Stem -> name of the files of a folder with an extension; empty for a folder that does not exist. */
async function listFolder(folder: string, extension: string): Promise<ReadonlyMap<string, string>> {
  if (!isPathAllowed(folder)) return new Map();
  const names = await readdir(folder).catch((): string[] => []);
  const isWanted = (name: string): boolean => extname(name).toLowerCase() === extension;
  return new Map(
    names
      .filter((name) => isWanted(name) && isPathAllowed(join(folder, name)))
      .map((name) => [withoutExtension(name), name]),
  );
}

/** The deepest folder that contains all files. */
export function commonFolder(files: readonly string[]): string {
  const [first = ''] = files;
  let parts = dirname(first).split(sep);
  for (const file of files) {
    const own = dirname(file).split(sep);
    const differing = parts.findIndex((part, i) => own[i] !== part);
    if (differing !== -1) parts = parts.slice(0, differing);
  }
  return parts.join(sep) || sep;
}
