import type { Stats } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { advise } from '../../../src-shared/base/advice';
import type { SkippedImage } from '../../../src-shared/domain/project/image-set';
import { errnoOf, readError } from '../../base/file-errors';
import { isPathAllowed, OUTSIDE_REASON, requireAllowedPath } from '../../base/path-policy';

export interface FoundFile {
  readonly path: string;
  /** Path relative to the folder of the set, with forward slashes. */
  readonly file: string;
  /** See ImageEntry. */
  readonly listing?: number;
}

export interface FoundFiles {
  /** True if all files of a folder were found, and not the files of a list. */
  readonly isFolder: boolean;
  /** The folder that `file` is relative to. */
  readonly folder: string;
  readonly files: readonly FoundFile[];
  readonly skipped: readonly SkippedImage[];
}

const IMAGE_EXTENSIONS = new Set([
  '.jpg',
  '.jpeg',
  '.jpe',
  '.jfif',
  '.png',
  '.webp',
  '.bmp',
  '.dib',
  '.tif',
  '.tiff',
  '.npy',
  '.npz',
]);
/** Extensions of files that are certainly not meant as images; they are left out without a message. */
const OTHER_EXTENSIONS = new Set([
  '.txt',
  '.json',
  '.csv',
  '.tsv',
  '.md',
  '.xml',
  '.yaml',
  '.yml',
  '.html',
  '.log',
  '.py',
  '.sh',
  '.ini',
  '.db',
  '.onnx',
]);
const STAT_BATCH = 256;
const MAX_LIST_BYTES = 256e6;

export function isImageFile(path: string): boolean {
  return IMAGE_EXTENSIONS.has(extname(path).toLowerCase());
}

/** Code-unit order: the same on every machine and in every language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The image files of a folder (all levels, sorted), the files of a list in its order, or a single image file. */
export async function findImageFiles(path: string): Promise<FoundFiles> {
  const root = resolve(path);
  requireAllowedPath(root);
  let stats: Stats;
  try {
    stats = await stat(root);
  } catch (error) {
    throw readError(error, root, 'Image set', advise('name-sets'));
  }
  const found = stats.isDirectory()
    ? await fromFolder(root)
    : isImageFile(root)
      ? fromOneFile(root)
      : await fromList(root, stats.size);
  return withoutUnusable(found);
}

function fromOneFile(path: string): FoundFiles {
  return { isFolder: false, folder: dirname(path), files: [{ path, file: basename(path) }], skipped: [] };
}

async function fromFolder(folder: string): Promise<FoundFiles> {
  const files: FoundFile[] = [];
  const skipped: SkippedImage[] = [];
  const linksFollowed = new Set<string>();

  const visit = async (dir: string, prefix: string, ancestors: readonly string[]): Promise<void> => {
    const entries = await readdir(dir, { withFileTypes: true }).catch((error: unknown) => {
      throw readError(error, dir, 'Folder');
    });
    entries.sort((a, b) => compareText(a.name, b.name));
    for (const entry of entries) {
      if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
      const path = join(dir, entry.name);
      const file = prefix + entry.name;
      const target = entry.isSymbolicLink() ? await stat(path).catch(() => null) : entry;
      if (entry.isSymbolicLink() && !isPathAllowed(path)) {
        skipped.push({ file, reason: OUTSIDE_REASON });
      } else if (target === null) {
        skipped.push({ file, reason: 'the link leads nowhere' });
      } else if (target.isDirectory()) {
        const real = await realpath(path);
        // A link to a parent folder would never end, and two links to one folder would count its images twice.
        if (ancestors.includes(real) || (entry.isSymbolicLink() && linksFollowed.has(real))) continue;
        if (entry.isSymbolicLink()) linksFollowed.add(real);
        await visit(path, `${file}/`, [...ancestors, real]);
      } else if (!target.isFile()) {
        skipped.push({ file, reason: 'not a regular file' });
      } else if (isImageFile(entry.name)) {
        files.push({ path, file });
      } else if (!OTHER_EXTENSIONS.has(extname(entry.name).toLowerCase())) {
        skipped.push({ file, reason: `not an image type (${extname(entry.name) || 'no extension'})` });
      }
    }
  };
  await visit(folder, '', [await realpath(folder)]);
  files.sort((a, b) => compareText(a.file, b.file));
  return { isFolder: true, folder, files, skipped };
}

async function fromList(listPath: string, sizeBytes: number): Promise<FoundFiles> {
  const folder = dirname(listPath);
  if (sizeBytes > MAX_LIST_BYTES)
    return {
      isFolder: false,
      folder,
      files: [],
      skipped: [{ file: basename(listPath), reason: 'neither an image nor a list of files' }],
    };
  const text = await readFile(listPath, 'utf8').catch((error: unknown) => {
    throw readError(error, listPath, 'Image list');
  });
  if (text.includes('\0'))
    return {
      isFolder: false,
      folder,
      files: [],
      skipped: [{ file: basename(listPath), reason: 'neither an image nor a list of files' }],
    };
  const files: FoundFile[] = [];
  const skipped: SkippedImage[] = [];
  const listings = new Map<string, number>();
  for (const rawLine of text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)) {
    const line = rawLine.trim();
    if (line === '' || line.startsWith('#')) continue;
    const path = resolveListed(folder, line);
    const file = relative(folder, path).split(sep).join('/');
    const listing = (listings.get(path) ?? 0) + 1;
    listings.set(path, listing);
    if (!isPathAllowed(path)) {
      if (listing === 1) skipped.push({ file, reason: OUTSIDE_REASON });
    } else if (isImageFile(path)) files.push({ path, file, ...(listing === 1 ? {} : { listing }) });
    else if (listing === 1) skipped.push({ file, reason: `not an image type (${extname(path) || 'no extension'})` });
  }
  return { isFolder: false, folder, files, skipped };
}

/** Absolute path for a name in a list or CSV file. Names that were written on Windows contain backslashes. */
export function resolveListed(folder: string, name: string): string {
  const local = sep === '/' ? name.replaceAll('\\', '/') : name;
  return isAbsolute(local) ? resolve(local) : resolve(folder, local);
}

/** Moves files that are missing or empty to `skipped`, so that they are reported once, before any work starts. */
async function withoutUnusable(found: FoundFiles): Promise<FoundFiles> {
  const { files, skipped } = await usableFiles(found.files);
  return { ...found, files, skipped: [...found.skipped, ...skipped].sort((a, b) => compareText(a.file, b.file)) };
}

/** The files that exist and are not empty, and why the others are left out. */
export async function usableFiles(given: readonly FoundFile[]): Promise<Pick<FoundFiles, 'files' | 'skipped'>> {
  const files: FoundFile[] = [];
  const skipped: SkippedImage[] = [];
  for (let start = 0; start < given.length; start += STAT_BATCH) {
    const batch = given.slice(start, start + STAT_BATCH);
    const reasons = await Promise.all(batch.map((item) => unusableReason(item.path)));
    for (const [i, item] of batch.entries()) {
      const reason = reasons[i] ?? null;
      if (reason === null) files.push(item);
      else if (item.listing === undefined) skipped.push({ file: item.file, reason });
    }
  }
  return { files, skipped };
}

async function unusableReason(path: string): Promise<string | null> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) return 'not a regular file';
    return stats.size === 0 ? 'the file is empty' : null;
  } catch (error) {
    const errno = errnoOf(error);
    return errno === 'ENOENT' || errno === 'ENOTDIR'
      ? 'the file does not exist'
      : `cannot be read (${errno ?? String(error)})`;
  }
}
