import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, sep } from 'node:path';
import { formatCount } from '../../../src-shared/base/units';
import { errnoOf, readError } from '../../base/file-errors';
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
 * @param folders shared by searches at the same time, so that each folder is read once.
 */
export async function labelFilesAt(
  places: readonly Place[],
  extension: string,
  images: readonly string[],
  folders = new Folders(),
): Promise<FoundLabelFiles | null> {
  const listings = new Map<string, ReadonlyMap<string, string>>();
  const own = new Set(images);
  const filesAt = async (place: Place, of: readonly string[]): Promise<readonly (string | null)[]> => {
    const paths = of.map(place);
    for (const folder of new Set(paths.map((path) => (path === null ? null : dirname(path)))))
      if (folder !== null && !listings.has(folder)) listings.set(folder, await stemsOf(folder, extension, folders));
    return paths.map((path) => {
      const name = path === null ? undefined : listings.get(dirname(path))?.get(basename(path));
      const file = path === null || name === undefined ? null : join(dirname(path), name);
      return file === null || own.has(file) ? null : file;
    });
  };
  const probe = probeOf(images);
  let best: { readonly files: readonly (string | null)[]; readonly found: number } | null = null;
  for (const place of places) {
    if (probe !== images && (await filesAt(place, probe)).every((file) => file === null)) continue;
    const files = await filesAt(place, images);
    const found = files.filter((file) => file !== null).length;
    if (found > (best?.found ?? 0)) best = { files, found };
    if (best !== null && best.found === images.length) break;
  }
  if (best === null) return null;
  return { folder: commonFolder(best.files.filter((file) => file !== null)), files: best.files };
}

/** Folders of images up to this number are all looked at. */
const MOST_FOLDERS = 64;
const PROBED_IMAGES = 256;

/** The images that show whether a place has label files: all, or some of a set with many folders, spread over it. */
function probeOf(images: readonly string[]): readonly string[] {
  if (images.length <= PROBED_IMAGES || new Set(images.map((path) => dirname(path))).size <= MOST_FOLDERS)
    return images;
  return Array.from({ length: PROBED_IMAGES }, (_, i) => images[Math.floor((i * images.length) / PROBED_IMAGES)] ?? '');
}

/** Levels above a folder that are looked at to see whether it exists. */
const MAX_LEVELS = 3;

/**
 * The names in folders, each read once. A folder that its parent does not list is not read: a set with thousands of
 * class folders has tens of thousands of places where labels could be.
 */
export class Folders {
  private readonly known = new Map<string, Promise<Listing | null>>();

  /** null: the folder cannot be read. A folder that does not exist is empty. */
  list(folder: string, levels = MAX_LEVELS): Promise<Listing | null> {
    const found = this.known.get(folder) ?? this.read(folder, levels);
    this.known.set(folder, found);
    return found;
  }

  private async read(folder: string, levels: number): Promise<Listing | null> {
    if (!isPathAllowed(folder)) return null;
    const above = dirname(folder);
    const beside = levels > 0 && above !== folder ? await this.list(above, levels - 1) : null;
    if (beside !== null && !beside.lowerCase.has(basename(folder).toLowerCase())) return ABSENT;
    try {
      const names = await readdir(folder);
      return { names, lowerCase: new Set(names.map((name) => name.toLowerCase())) };
    } catch (error) {
      return ['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '') ? ABSENT : null;
    }
  }
}

interface Listing {
  readonly names: readonly string[];
  readonly lowerCase: ReadonlySet<string>;
}

const ABSENT: Listing = { names: [], lowerCase: new Set() };

const NO_FILES: ReadonlyMap<string, string> = new Map();

/** Stem -> name of the files of a folder with an extension; empty for a folder that does not exist. */
async function stemsOf(folder: string, extension: string, folders: Folders): Promise<ReadonlyMap<string, string>> {
  const names = (await folders.list(folder))?.names ?? [];
  if (names.length === 0) return NO_FILES;
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
