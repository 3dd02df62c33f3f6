import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { throwIfAborted, WorkbenchError } from '../../../src-shared/base/errors';
import { formatCountOf } from '../../../src-shared/base/units';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type {
  ImageEntry,
  ImageSet,
  LabelOrder,
  SetNote,
  SkippedImage,
} from '../../../src-shared/domain/project/image-set';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { readError } from '../../base/file-errors';
import { fileHashes, sha256OfStoredFile, type FileIdentity } from '../../base/file-hash';
import { compareText, findImageFiles, usableFiles, type FoundFile } from './image-set-files';
import { readClassNames, readNamesFile, withNamesFile, type NamesFile } from '../labels/class-names';
import {
  groupsBesideCsv,
  groupsFromFolders,
  labelsFromFolders,
  orderMatters,
  orderNote,
  type Labelling,
} from '../labels/folder-labels';
import { readLabelsCsv } from '../labels/csv-labels';
import { withoutMasks } from '../labels/mask-files';
import type { LabelledSet } from '../labels/name-match';
import { customaryTruths, isLabelError, truthsAt, type FoundTruths } from '../labels/truths';
import { countFieldRecords } from './npy-fields';
import { countRecords } from './npy-file';

/** Number of files that are hashed at the same time. */
const HASH_BATCH = 16;

export interface ImageSetRequest {
  /**
   * A folder, a list file (one path per line, relative to the list, order kept), or a single image, .npy or .npz file.
   */
  readonly path: string;
  /**
   * A table of class indices, or a file or folder of boxes or masks. Default: labels.csv in the folder (or beside the
   * list), or boxes or masks at a customary place. null: no labels, even if there are some.
   */
  readonly labelsPath?: string | null;
  /** Class names by index; by default the sorted names in the set itself. */
  readonly classNames?: readonly string[];
  /** A file with the class names by index. */
  readonly classNamesPath?: string;
  /** Class names in the order of the model, for labels that state none and have no names file. */
  readonly classOrder?: readonly string[];
  /** The order of class folders that are numbers; by default as text. */
  readonly labelOrder?: LabelOrder;
  /**
   * What the task compares with, and so what is looked for first if no labels were named: class indices only, or boxes
   * or masks. Default: a labels.csv, then boxes, then masks, then class folders.
   */
  readonly wanted?: 'labels' | 'boxes' | 'mask';
  /** Whether the preprocessing applies the orientation that an image states: this changes its size. Default: ignore. */
  readonly orientation?: Preprocessing['orientation'];
  /**
   * The set is usable without its boxes and masks: a mistake in those that were not named becomes a note, and so do
   * classes that the file with class names does not list.
   */
  readonly isLenient?: boolean;
  /** Arrays that every .npz file must have, whose first axes count the records; files of images are left out. */
  readonly fields?: readonly string[];
  /** Whether .npz files with the names of images belong to these images and are no entries of their own. */
  readonly hasArraysBeside?: boolean;
}

/**
 * Finds the images of a set with their labels and groups, without decoding any. Folders are read in code-unit order of
 * the relative paths. Throws `not-found`, `images-empty` or `labels-invalid`.
 */
export async function loadImageSet(request: ImageSetRequest): Promise<ImageSet> {
  const root = resolve(request.path);
  const found = await findImageFiles(root);
  const { images, notes: maskNotes } = found.isFolder
    ? withoutLabelImages(found.files, request)
    : unchanged(found.files);
  const { files, records, skipped } = await countAllRecords(
    request.hasArraysBeside ? withoutArraysBeside(images) : images,
    found.skipped,
    request.fields,
  );
  if (files.length === 0) throw emptyError(root, skipped);
  const {
    labelling,
    labelSource,
    labelOrder,
    truths,
    notes: labelNotes,
  } = await labellingOf(request, { folder: found.folder, files });
  const notes = [...repetitionNotes(files), ...maskNotes, ...labelNotes];
  return {
    root,
    entries: files.flatMap((item, i) => {
      const truth = truths?.truths[i] ?? null;
      const size = truths?.sizes[i] ?? null;
      const known = {
        label: labelling.labels[i] ?? null,
        group: labelling.groups[i] ?? null,
        ...(truth === null ? {} : { truth }),
        ...(size === null ? {} : { size }),
      };
      return entriesOf(item, records[i] ?? null, known);
    }),
    classNames: labelling.classNames,
    groups: [...new Set(labelling.groups.filter((group) => group !== null))].sort(compareText),
    labelSource,
    ...(truths === undefined ? {} : { truthFacts: truths.facts }),
    ...(labelOrder === undefined ? {} : { labelOrder }),
    skipped,
    ...(notes.length === 0 ? {} : { notes }),
  };
}

/**
 * A set of unlabelled images without groups: some files of a folder. Files that cannot be used are in `skipped`, and
 * the set may be empty.
 */
export async function imageSetOf(
  folder: string,
  given: readonly FoundFile[],
  { fields, hasArraysBeside }: Pick<ImageSetRequest, 'fields' | 'hasArraysBeside'>,
): Promise<ImageSet> {
  const usable = await usableFiles(given);
  const images = hasArraysBeside ? withoutArraysBeside(usable.files) : usable.files;
  const { files, records, skipped } = await countAllRecords(images, usable.skipped, fields);
  const known = { label: null, group: null };
  return {
    root: folder,
    entries: files.flatMap((item, i) => entriesOf(item, records[i] ?? null, known)),
    classNames: [],
    groups: [],
    labelSource: 'none',
    skipped,
  };
}

interface UsedImages {
  readonly images: readonly FoundFile[];
  readonly notes: readonly SetNote[];
}

function unchanged(images: readonly FoundFile[]): UsedImages {
  return { images, notes: [] };
}

/** The images without masks: those in a folder that was named as labels, and those in customary places. */
function withoutLabelImages(files: readonly FoundFile[], { labelsPath }: ImageSetRequest): UsedImages {
  const folder = labelsPath === undefined || labelsPath === null ? null : `${resolve(labelsPath)}${sep}`;
  const others = folder === null ? files : files.filter(({ path }) => !path.startsWith(folder));
  return withoutMasks(others.length === 0 ? files : others);
}

interface FoundLabels extends Pick<ImageSet, 'labelSource' | 'labelOrder'> {
  readonly labelling: Labelling;
  readonly truths?: FoundTruths;
  readonly notes: readonly SetNote[];
}

/**
 * Labels and groups from the named labels, a labels file, boxes or masks at customary places, or from the folders. A
 * names file beside them determines the order of the classes.
 */
async function labellingOf(request: ImageSetRequest, set: LabelledSet): Promise<FoundLabels> {
  const names = request.classNamesPath === undefined ? null : await readNamesFile(resolve(request.classNamesPath));
  const csvPath = request.labelsPath ? resolve(request.labelsPath) : join(set.folder, 'labels.csv');
  const hasCsv = request.labelsPath !== null && (request.labelsPath !== undefined || existsSync(csvPath));
  const { truths, notes } = await truthsOf(request, { set, names, hasCsv });
  if (truths !== null) {
    const files = set.files.map(({ file }) => file);
    const labelling = {
      labels: files.map(() => null),
      groups: groupsFromFolders(files),
      classNames: truths.classNames,
    };
    return { labelling, labelSource: truths.facts.source, truths, notes: truths.notes };
  }
  const isGiven = names !== null && request.isLenient !== true;
  const found = await classLabels(
    isGiven ? { ...request, classNames: names.names } : request,
    set,
    hasCsv ? csvPath : null,
  );
  return { ...found, notes: [...notes, ...found.notes] };
}

interface TruthSearch {
  readonly set: LabelledSet;
  readonly names: NamesFile | null;
  /** Whether a table of class indices was named or lies in the folder. */
  readonly hasCsv: boolean;
}

async function truthsOf(
  { labelsPath, classNames, classOrder = [], wanted, orientation = 'ignore', isLenient = false }: ImageSetRequest,
  { set, names, hasCsv }: TruthSearch,
): Promise<{ readonly truths: FoundTruths | null; readonly notes: readonly SetNote[] }> {
  const request = {
    set,
    names,
    classOrder,
    isLenient,
    wanted: wanted === 'labels' || wanted === undefined ? null : wanted,
    orientation,
  };
  if (labelsPath !== undefined && labelsPath !== null)
    return { truths: await truthsAt(resolve(labelsPath), request), notes: [] };
  const isOff = labelsPath === null || classNames !== undefined || wanted === 'labels';
  if (isOff || (hasCsv && wanted === undefined)) return { truths: null, notes: [] };
  try {
    return { truths: await customaryTruths(request), notes: [] };
  } catch (error) {
    if (!isLenient || !isLabelError(error)) throw error;
    return { truths: null, notes: [{ code: 'labels-unreadable', message: `Labels were not used: ${error.message}` }] };
  }
}

/** Class indices of whole images, from a table or from the folders. */
async function classLabels(request: ImageSetRequest, set: LabelledSet, csvPath: string | null): Promise<FoundLabels> {
  const names = set.files.map((item) => item.file);
  const namesFile =
    request.classNames === undefined
      ? await readClassNames([set.folder, ...(csvPath === null ? [] : [dirname(csvPath)])])
      : null;
  if (csvPath !== null) {
    const csv = await readLabelsCsv(csvPath, set, request.classNames);
    const labelling = {
      labels: csv.labels,
      classNames: csv.classNames,
      groups: csv.groups ?? groupsBesideCsv(names, csv.labels),
    };
    const named = namesFile === null ? { labelling, notes: [] } : withNamesFile(labelling, csv.kind, namesFile);
    return { labelling: named.labelling, labelSource: 'csv', notes: [...csv.notes, ...named.notes] };
  }
  const order = request.labelOrder ?? 'text';
  const labelling = labelsFromFolders(names, { classNames: request.classNames, order });
  if (!labelling.labels.some((label) => label !== null)) return { labelling, labelSource: 'none', notes: [] };
  if (namesFile !== null) {
    const named = withNamesFile(labelling, 'names', namesFile);
    if (named.labelling !== labelling) return { ...named, labelSource: 'folders' };
  }
  if (request.classNames !== undefined || !orderMatters(labelling.classNames))
    return { labelling, labelSource: 'folders', notes: [] };
  return { labelling, labelSource: 'folders', labelOrder: order, notes: [orderNote(labelling.classNames, order)] };
}

/** Images may be repeated to give them more weight, but usually a repetition is a mistake in the list. */
function repetitionNotes(files: readonly FoundFile[]): readonly SetNote[] {
  const repeated = files.filter(({ listing }) => listing === 2);
  const [first] = repeated;
  if (first === undefined) return [];
  const message =
    `${formatCountOf(repeated.length, 'file')} of the list ${repeated.length === 1 ? 'is' : 'are'} named more ` +
    `than once and counted as often as named; the first one: ${first.file}`;
  return [{ code: 'images-repeated', message }];
}

function entriesOf(
  item: FoundFile,
  recordCount: number | null,
  known: Pick<ImageEntry, 'label' | 'group' | 'truth' | 'size'>,
): readonly ImageEntry[] {
  if (recordCount === null) return [{ ...item, ...known, record: null }];
  return Array.from({ length: recordCount }, (_, record) => ({ ...item, ...known, record }));
}

const ARRAYS = /\.np[yz]$/i;

/** Array files with the name of an image belong to it. */
function withoutArraysBeside(files: readonly FoundFile[]): FoundFile[] {
  const stem = (path: string): string => path.replace(/\.[^./\\]+$/, '');
  const images = new Set(files.filter(({ path }) => !ARRAYS.test(path)).map(({ path }) => stem(path)));
  return files.filter(({ path }) => !ARRAYS.test(path) || !images.has(stem(path)));
}

/** Number of entries of a file; null for one entry without a record. */
function recordsOfFile({ path, file }: FoundFile, fields: readonly string[] | undefined): Promise<number | null> {
  if (fields !== undefined) {
    if (ARRAYS.test(path)) return countFieldRecords(path, file, fields);
    throw new WorkbenchError('image-invalid', `Expected an .npz file with ${quoted(fields)}, found an image`);
  }
  return ARRAYS.test(path) ? countRecords(path, file) : Promise.resolve(null);
}

function quoted(names: readonly string[]): string {
  return `the ${names.length === 1 ? 'array' : 'arrays'} ${names.map((name) => `"${name}"`).join(', ')}`;
}

async function countAllRecords(
  candidates: readonly FoundFile[],
  skippedBefore: readonly SkippedImage[],
  fields: readonly string[] | undefined,
): Promise<{
  readonly files: readonly FoundFile[];
  readonly records: readonly (number | null)[];
  readonly skipped: readonly SkippedImage[];
}> {
  const files: FoundFile[] = [];
  const records: (number | null)[] = [];
  const skipped = [...skippedBefore];
  for (const item of candidates) {
    try {
      records.push(await recordsOfFile(item, fields));
      files.push(item);
    } catch (error) {
      if (!(error instanceof WorkbenchError)) throw error;
      if (item.listing === undefined) skipped.push({ file: item.file, reason: error.message });
    }
  }
  return { files, records, skipped: skipped.sort((a, b) => compareText(a.file, b.file)) };
}

function emptyError(root: string, skipped: readonly SkippedImage[]): WorkbenchError {
  const [first] = skipped;
  const reason =
    first === undefined
      ? ''
      : `; ${formatCountOf(skipped.length, 'file')} left out, the first ${first.file}: ${first.reason}`;
  return new WorkbenchError('images-empty', `Expected images in ${root}, found none${reason}`, {
    hint: 'Name a folder of JPEG, PNG, WebP, BMP, TIFF, .npy or .npz files, or a text file that lists them one a line.',
  });
}

type IdentityOf = (file: string, path: string, signal?: AbortSignal) => Promise<FileIdentity>;

/** How a set uses one file. */
interface UsedFile {
  readonly path: string;
  /** Indices of the records that the set uses; empty for an image file. */
  readonly records: number[];
  /** How often an image file is listed. */
  times: number;
}

/**
 * Identity of a set: sha256 over one line per file, sorted by path. A line contains the relative path, the size in
 * bytes, the sha256 of the content, the used records of an .npy or .npz file, and the number of times that an image is
 * listed if it is more than one. The identity does not depend on the order of the images, on labels or on the location
 * of the set. A file is read only if it has changed since this process last hashed it.
 * @param identityOf gives size and hash of a file; it throws Node's error if the file cannot be read
 * @throws WorkbenchError not-found if a file no longer exists; cancelled
 */
export async function setManifestHash(
  set: Pick<ImageSet, 'entries'>,
  context: TaskContext = {},
  identityOf: IdentityOf = fileIdentity,
): Promise<string> {
  const used = new Map<string, UsedFile>();
  for (const { file, path, record } of set.entries) {
    const known = used.get(file) ?? { path, records: [], times: 0 };
    if (record === null) known.times += 1;
    else known.records.push(record);
    used.set(file, known);
  }
  const files = [...used].sort(([a], [b]) => compareText(a, b));
  const hash = createHash('sha256');
  for (let done = 0; done < files.length; done += HASH_BATCH) {
    throwIfAborted(context.signal);
    context.onProgress?.({ phase: 'hashing images', done, total: files.length, unit: 'images' });
    const batch = files.slice(done, done + HASH_BATCH);
    const lines = await Promise.all(batch.map(([file, own]) => manifestLine(file, own, identityOf, context.signal)));
    for (const line of lines) hash.update(line);
  }
  return hash.digest('hex');
}

/**
 * Identity of one image: the sha256 of its file, with `#N` for record N of an array file. The file is read only if it
 * has changed since this process last hashed it. @throws WorkbenchError not-found if the file no longer exists
 */
export async function imageHash({ path, record }: Pick<ImageEntry, 'path' | 'record'>): Promise<string> {
  const sha256 = await sha256OfStoredFile(path).catch((error: unknown) => {
    throw readError(error, path, 'Image');
  });
  return record === null ? sha256 : `${sha256}#${record}`;
}

function fileIdentity(_file: string, path: string, signal?: AbortSignal): Promise<FileIdentity> {
  return fileHashes.identity(path, signal);
}

async function manifestLine(
  file: string,
  { path, records, times }: UsedFile,
  identityOf: IdentityOf,
  signal: AbortSignal | undefined,
): Promise<string> {
  try {
    const { size, sha256 } = await identityOf(file, path, signal);
    // An image that is listed once adds nothing, so that identities of sets without repetitions stay the same.
    const usage = records.length > 0 ? [records.toSorted((a, b) => a - b)] : times > 1 ? [{ times }] : [];
    return `${JSON.stringify([file, size, sha256, ...usage])}\n`;
  } catch (error) {
    throwIfAborted(signal);
    throw readError(error, path, 'Image');
  }
}
