import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatCountOf } from '../../../src-shared/base/units';
import type { ImageSize, SetNote, TruthFacts, TruthSource } from '../../../src-shared/domain/project/image-set';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import type { ImageTruth } from '../../../src-shared/domain/tasks/truth';
import { readError } from '../../base/file-errors';
import { isPathAllowed, requireAllowedPath } from '../../base/path-policy';
import { imageSizes } from '../images/image-size';
import { unlabelledNotes, vocLabels, yoloLabels, type BoxContext, type BoxLabels } from './box-labels';
import { findNamesFile, type NamesFile, readNamesFile } from './class-names';
import { readCocoFile } from './coco-file';
import { cocoLabels } from './coco-labels';
import { filesBelow, Folders, labelFilesAt, labelFilesIn, placesOf, type FoundLabelFiles } from './label-files';
import { readLabelText, truthInvalid } from './label-text';
import { maskLabels, MASK_FOLDERS } from './mask-files';
import type { LabelledSet } from './name-match';
import { looksLikeVoc } from './voc-labels';
import { looksLikeYolo } from './yolo-labels';

/** What the task of the project compares with: boxes or masks. Without it, what is found first is taken. */
export type WantedTruth = 'boxes' | 'mask';

export interface TruthRequest {
  readonly set: LabelledSet;
  /** Class names that the user named. */
  readonly names: NamesFile | null;
  /** Class names in the order of the model, for labels that state none; empty if it is unknown. */
  readonly classOrder: readonly string[];
  readonly wanted: WantedTruth | null;
  /** Whether class names that do not fit are left out with a note. */
  readonly isLenient: boolean;
  readonly orientation: Preprocessing['orientation'];
}

/** Boxes or masks of the images of a set, in the order of its files. */
export interface FoundTruths {
  readonly truths: readonly (ImageTruth | null)[];
  readonly sizes: readonly (ImageSize | null)[];
  readonly classNames: readonly string[];
  readonly facts: TruthFacts;
  readonly notes: readonly SetNote[];
}

/** Files of labels of one kind. */
type Labels =
  | { readonly source: 'yolo' | 'voc' | 'masks'; readonly found: FoundLabelFiles; readonly names?: NamesFile }
  | { readonly source: 'coco'; readonly path: string };

const MAX_SNIFFED_BYTES = 16e6;
const YOLO_PLACES = placesOf(['labels'], { besideImage: true });
const VOC_PLACES = placesOf(['Annotations', 'annotations', 'labels'], { besideImage: true });
const MASK_PLACES = placesOf(MASK_FOLDERS, { besideImage: false });

/**
 * Boxes or masks from a file or folder that the user named, whose kind is found by its content; null if it is a table
 * of class indices. @throws WorkbenchError not-found, labels-invalid, usage
 */
export async function truthsAt(path: string, request: TruthRequest): Promise<FoundTruths | null> {
  requireAllowedPath(path);
  const stats = await stat(path).catch((error: unknown) => {
    throw readError(error, path, 'Labels');
  });
  const labels = stats.isDirectory() ? await labelsInFolder(resolve(path), request) : await labelsInFile(path, request);
  return labels === null ? null : readLabels(labels, request);
}

/** Boxes or masks at the places where data sets customarily have them; null if there are none. */
export async function customaryTruths(request: TruthRequest): Promise<FoundTruths | null> {
  const { set, wanted } = request;
  const images = set.files.map(({ path }) => path);
  const folders = new Folders();
  if (wanted !== 'mask') {
    const coco = await customaryCoco(set, { isNamedLikeSet: true });
    if (coco !== null) return readLabels(coco, request);
    const yolo = await labelFilesAt(YOLO_PLACES, '.txt', images, folders);
    if (yolo !== null && (await looksLike(yolo, looksLikeYolo)))
      return readLabels({ source: 'yolo', found: yolo }, request);
    const voc = await labelFilesAt(VOC_PLACES, '.xml', images, folders);
    if (voc !== null && (await looksLike(voc, looksLikeVoc))) return readLabels({ source: 'voc', found: voc }, request);
    const other = await customaryCoco(set, { isNamedLikeSet: false });
    if (other !== null) return readLabels(other, request);
  }
  if (wanted === 'boxes') return null;
  const masks = await labelFilesAt(MASK_PLACES, '.png', images, folders);
  return masks === null ? null : readLabels({ source: 'masks', found: masks }, request);
}

async function labelsInFile(path: string, { set }: TruthRequest): Promise<Labels | null> {
  const extension = extname(path).toLowerCase();
  const images = set.files.map((item) => item.path);
  if (extension === '.yaml' || extension === '.yml') {
    const names = await readNamesFile(path);
    const below = await filesBelow(dirname(path), ['.txt']);
    const found = (await labelFilesAt(YOLO_PLACES, '.txt', images)) ?? labelFilesIn(dirname(path), below, images);
    if (found !== null) return { source: 'yolo', found, names };
    throw truthInvalid(
      `Expected YOLO labels beside the images of ${set.folder} for ${path}, found none`,
      'Name the folder of the text files instead.',
    );
  }
  const start = await startOf(path);
  if (extension === '.json' || start.startsWith('{')) return { source: 'coco', path };
  if (extension === '.xml' || looksLikeVoc(start))
    throw truthInvalid(`Expected a folder of Pascal VOC files, found the single file ${path}`, 'Name its folder.');
  if (/^\x89PNG/.test(start))
    throw truthInvalid(`Expected a folder of masks, found the single file ${path}`, 'Name its folder.');
  return null;
}

/** The first characters of a file, without white space in front. */
async function startOf(path: string): Promise<string> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw readError(error, path, 'Labels file');
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
    return buffer.toString('latin1', 0, bytesRead).replace(/^(?:\xef\xbb\xbf)?\s+/, '');
  } finally {
    await file.close();
  }
}

/** The labels in a folder that the user named: those of the kind that fits most images. */
async function labelsInFolder(folder: string, { set, wanted }: TruthRequest): Promise<Labels> {
  const all = await filesBelow(folder, ['.txt', '.xml', '.png', '.json']);
  const images = set.files.map(({ path }) => path);
  const isOf = (extension: string) => (path: string) => path.toLowerCase().endsWith(extension);
  const kinds: readonly { readonly source: 'yolo' | 'voc' | 'masks'; readonly files: readonly string[] }[] = [
    { source: 'yolo', files: all.filter(isOf('.txt')) },
    { source: 'voc', files: all.filter(isOf('.xml')) },
    { source: 'masks', files: masksAmong(all.filter(isOf('.png')), folder, set) },
  ];
  const wants = (source: TruthSource): boolean => wanted === null || (source === 'masks') === (wanted === 'mask');
  const fitting: (Labels & { readonly count: number })[] = [];
  const problems: WorkbenchError[] = [];
  /** Files with the right names whose content does not look like it: its reader says what is wrong, and where. */
  let odd: Labels | null = null;
  for (const { source, files } of kinds) {
    if (!wants(source)) continue;
    try {
      const found = labelFilesIn(folder, files, images);
      if (found === null) continue;
      const isKind = source === 'masks' || (await looksLike(found, source === 'yolo' ? looksLikeYolo : looksLikeVoc));
      if (isKind) fitting.push({ source, found, count: found.files.filter((file) => file !== null).length });
      else odd ??= { source, found };
    } catch (error) {
      if (!isLabelError(error)) throw error;
      problems.push(error);
    }
  }
  const [best] = fitting.sort((a, b) => b.count - a.count);
  const coco = wants('coco') ? cocoAmong(all.filter(isOf('.json')), set, best === undefined) : null;
  if (coco?.isNamedLikeSet === true || (best === undefined && coco !== null))
    return { source: 'coco', path: coco.path };
  if (best !== undefined) return best;
  if (odd !== null) return odd;
  const [problem] = problems;
  if (problem !== undefined) throw problem;
  throw truthInvalid(
    `Expected labels of the images of ${set.folder} in ${folder}, found ` +
      `${formatCountOf(all.length, 'text, XML, JSON or PNG file')}, none of which fits an image` +
      (wanted === null ? '' : ` (${wanted === 'mask' ? 'masks' : 'boxes'} are wanted)`),
    'Label files have the names of their images: 0001.txt or 0001.xml for boxes, 0001.png for a mask. A COCO file is named itself.',
  );
}

/** PNG files that can be masks: if the folder contains the images themselves, only those in folders of masks. */
function masksAmong(files: readonly string[], folder: string, set: LabelledSet): readonly string[] {
  const images = new Set(set.files.map(({ path }) => path));
  const others = files.filter((path) => !images.has(path));
  const hasImages = [...images].some((path) => path.startsWith(`${folder}${sep}`));
  if (!hasImages) return others;
  const names = new Set(MASK_FOLDERS.map((name) => name.toLowerCase()));
  return others.filter((path) =>
    relative(folder, path)
      .split(sep)
      .slice(0, -1)
      .some((part) => names.has(part.toLowerCase())),
  );
}

/**
 * The COCO file for a set among the JSON files of a folder; null if there is none. If there are several and none has
 * the name of the set, null as well, or an error if one is required.
 */
function cocoAmong(
  files: readonly string[],
  { folder }: LabelledSet,
  isRequired: boolean,
): { readonly path: string; readonly isNamedLikeSet: boolean } | null {
  const name = basename(folder).toLowerCase();
  const instances = files.filter((path) => /^(?:instances|_annotations\.coco)/i.test(basename(path)));
  const usable = instances.length > 0 ? instances : files;
  const named = usable.filter((path) => isNamedLike(basename(path), name));
  const [first] = named.length === 1 ? named : usable;
  if (first === undefined) return null;
  if (named.length === 1) return { path: first, isNamedLikeSet: true };
  if (usable.length === 1) return { path: first, isNamedLikeSet: false };
  if (!isRequired) return null;
  throw truthInvalid(
    `Expected one COCO file for ${folder}, found ${usable
      .slice(0, 3)
      .map((path) => basename(path))
      .join(', ')}${usable.length > 3 ? ', ...' : ''} in ${dirname(first)}`,
    'Name the file of these images.',
  );
}

/** `instances_val2017.json` for a folder val2017. */
function isNamedLike(file: string, folder: string): boolean {
  return file
    .toLowerCase()
    .replace(/\.json$/, '')
    .split(/[_-]/)
    .includes(folder);
}

/**
 * The COCO file of a set at a customary place: `_annotations.coco.json` among the images, or `instances_NAME.json` in
 * the folder of images NAME, above it, or in a folder `annotations` there. If none has the name of the folder, the only
 * `instances_*.json` there, unless it lists none of the images.
 */
async function customaryCoco(
  set: LabelledSet,
  { isNamedLikeSet }: { readonly isNamedLikeSet: boolean },
): Promise<Labels | null> {
  const above = [set.folder, dirname(set.folder), dirname(dirname(set.folder))];
  const folders = above.flatMap((folder) => [folder, join(folder, 'annotations'), join(folder, 'Annotations')]);
  for (const folder of new Set(folders)) {
    if (!isPathAllowed(folder)) continue;
    const names = (await readdir(folder).catch((): string[] => [])).filter(
      (name) => isPathAllowed(join(folder, name)) && /\.json$/i.test(name),
    );
    const own = names.find((name) => folder === set.folder && name === '_annotations.coco.json');
    const instances = names.filter((name) => /^instances/i.test(name));
    const named = instances.find((name) => isNamedLike(name, basename(set.folder).toLowerCase()));
    if (isNamedLikeSet && (own ?? named) !== undefined)
      return { source: 'coco', path: join(folder, own ?? named ?? '') };
    const [only] = instances;
    if (isNamedLikeSet || only === undefined || instances.length > 1) continue;
    const path = join(folder, only);
    const { images } = await readCocoFile(path);
    const known = new Set(images.map((name) => basename(name.replaceAll('\\', '/'))));
    if (set.files.some(({ file }) => known.has(basename(file)))) return { source: 'coco', path };
  }
  return null;
}

/** Whether the first file that is not empty looks like labels of a kind. */
async function looksLike({ files }: FoundLabelFiles, test: (text: string) => boolean): Promise<boolean> {
  for (const path of files) {
    if (path === null) continue;
    const text = await readLabelText(path, MAX_SNIFFED_BYTES);
    if (text.trim() !== '') return test(text);
  }
  return true;
}

async function readLabels(
  labels: Labels,
  { set, names, classOrder, isLenient, orientation }: TruthRequest,
): Promise<FoundTruths> {
  const sizes = await imageSizes(
    set.files.map(({ path }) => path),
    orientation,
  );
  const own = labels.source === 'coco' ? null : (labels.names ?? null);
  const beside = labels.source === 'coco' ? dirname(labels.path) : labels.found.folder;
  const near = names ?? own ?? (await findNamesFile([...upwards(beside), ...upwards(set.folder)]));
  const context: BoxContext = { set, sizes, names: near, isNamed: names !== null && !isLenient, classOrder };
  if (labels.source === 'masks') return { sizes, ...(await maskLabels(labels.found, context)) };
  if (labels.source === 'coco') return withTruths(sizes, cocoLabels(await readCocoFile(labels.path), context), []);
  const read = labels.source === 'yolo' ? yoloLabels : vocLabels;
  return withTruths(sizes, await read(labels.found, context), unlabelledNotes(labels.found, set));
}

/** A folder and the two above it. */
function upwards(folder: string): readonly string[] {
  return [folder, dirname(folder), dirname(dirname(folder))];
}

function withTruths(
  sizes: readonly (ImageSize | null)[],
  { boxes, classNames, facts, notes }: BoxLabels,
  more: readonly SetNote[],
): FoundTruths {
  return {
    sizes,
    truths: boxes.map((list): ImageTruth | null => (list === null ? null : { kind: 'boxes', boxes: list })),
    classNames,
    facts,
    notes: [...more, ...notes],
  };
}

/** Whether an error says that labels cannot be used, and not that images or paths are wrong. */
export function isLabelError(error: unknown): error is WorkbenchError {
  return error instanceof WorkbenchError && (error.code === 'labels-invalid' || error.code === 'not-found');
}
