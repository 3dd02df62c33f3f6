import { basename } from 'node:path';
import { formatCountOf } from '../../../src-shared/base/units';
import type { ImageSize, SetNote } from '../../../src-shared/domain/project/image-set';
import type { TruthBox } from '../../../src-shared/domain/tasks/truth';
import { compareText } from '../images/image-set-files';
import { backgroundNotes, checkBoxes, type CheckedBoxes, type ReadBoxes } from './box-checks';
import type { NamesFile } from './class-names';
import { COLUMN, type CocoCategory, type CocoFile } from './coco-file';
import type { FoundLabelFiles } from './label-files';
import { MAX_BOXES, truthInvalid } from './label-text';
import type { LabelledSet } from './name-match';
import { assignByPath, withoutExtension } from './path-match';
import { readVocFile, type VocObject } from './voc-labels';
import { readYoloFile } from './yolo-labels';

/** Number of label files that are read at the same time. */
const BATCH = 64;
/** Classes that a note lists. */
const SHOWN_CLASSES = 8;

/** Boxes of the images of a set, in the order of its files. */
export interface BoxLabels extends CheckedBoxes {
  readonly classNames: readonly string[];
}

/** What the readers of all formats need. */
export interface BoxContext {
  readonly set: LabelledSet;
  /** By image; null if it is unknown. */
  readonly sizes: readonly (ImageSize | null)[];
  /** The file with the class names: named by the user, or found beside or above the labels. */
  readonly names: NamesFile | null;
  readonly isNamed: boolean;
}

/** Boxes of YOLO text files. An image without a file is background. @throws WorkbenchError labels-invalid */
export async function yoloLabels(found: FoundLabelFiles, context: BoxContext): Promise<BoxLabels> {
  const { set, sizes, names } = context;
  const format = { hasKeyPoints: names?.hasKeyPoints ?? false };
  const boxes = await readAll(found.files, (path, image) => {
    const size = sizes[image] ?? null;
    if (size !== null) return readYoloFile(path, size, format);
    const file = set.files[image]?.path ?? '';
    if (!/\.np[yz]$/i.test(file)) return Promise.resolve(null); // the decoder reports what is wrong with the image
    throw truthInvalid(
      `Expected an image file for ${path}, found ${file}: fractions of an image need its size`,
      'Give boxes in pixels, as a COCO file or as Pascal VOC files.',
    );
  });
  return checked(boxes, { context, source: 'yolo', path: found.folder, classNames: names?.names ?? [], notes: [] });
}

/** Boxes of Pascal VOC files. Class indices are the positions in the names file, or in the sorted names. */
export async function vocLabels(found: FoundLabelFiles, context: BoxContext): Promise<BoxLabels> {
  const objects = await readAll(found.files, readVocFile);
  const own = [...new Set(objects.flatMap((list) => (list ?? []).map(({ name }) => name)))].sort(compareText);
  const { classNames, notes } = vocClasses(own, found, context);
  const indices = new Map(classNames.map((name, index) => [name, index]));
  const boxes = objects.map((list) => list?.map((item) => vocBox(item, indices)) ?? null);
  return checked(boxes, { context, source: 'voc', path: found.folder, classNames, notes });
}

function vocBox({ name, isDifficult, x1, y1, x2, y2 }: VocObject, indices: ReadonlyMap<string, number>): TruthBox {
  return { label: indices.get(name) ?? 0, x1, y1, x2, y2, ...(isDifficult ? { isDifficult } : {}) };
}

function vocClasses(
  own: readonly string[],
  found: FoundLabelFiles,
  { names, isNamed }: BoxContext,
): { readonly classNames: readonly string[]; readonly notes: readonly SetNote[] } {
  const missing = own.find((name) => names?.names.includes(name) === false);
  if (names !== null && missing === undefined) return { classNames: names.names, notes: [] };
  if (names !== null && isNamed)
    throw truthInvalid(
      `Expected only the ${formatCountOf(names.names.length, 'class', 'classes')} of ${names.path} in ` +
        `${found.folder}, found "${missing}"`,
      'Add the name to the file of class names, in the place of its class index.',
    );
  const order = own.slice(0, SHOWN_CLASSES).map((name, index) => `${name} ${index}`);
  const reason =
    names === null ? '' : ` ${basename(names.path)} was not used, because it does not list "${missing ?? ''}".`;
  return {
    classNames: own,
    notes: [
      {
        code: 'labels-classes',
        message:
          `Class indices are the positions of the sorted names: ${order.join(', ')}` +
          `${own.length > SHOWN_CLASSES ? ', ...' : ''}. Pascal VOC files state no order: if the model has another ` +
          `one, give a file with the names in its order (classes.txt beside the labels).${reason}`,
      },
    ],
  };
}

/**
 * Boxes of a COCO file. Class indices are the positions in the names file if it lists all categories; otherwise the
 * categories in the order of their identities, so that sparse identities become 0, 1, 2, ... as in training tools. An
 * image of the set that the file does not list has no labels; one that it lists without annotations is background.
 */
export function cocoLabels(file: CocoFile, context: BoxContext): BoxLabels {
  const { set } = context;
  const { classNames, indices, notes } = cocoClasses(file, context);
  const { places, matchNotes } = cocoImages(file, set);
  const boxes: (TruthBox[] | null)[] = set.files.map((_, image) => (places.byImage[image] === null ? null : []));
  const imagesOf = new Map<number, number[]>();
  for (const [image, entry] of places.byImage.entries()) {
    if (entry === null) continue;
    const known = imagesOf.get(entry);
    if (known) known.push(image);
    else imagesOf.set(entry, [image]);
  }
  for (let row = 0; row < file.boxes.count; row += 1) {
    const entry = places.canonical[file.boxes.at(row, COLUMN.image)] ?? -1;
    for (const image of imagesOf.get(entry) ?? []) boxes[image]?.push(cocoBox(file, row, indices));
  }
  return checked(boxes, { context, source: 'coco', path: file.path, classNames, notes: [...notes, ...matchNotes] });
}

function cocoBox({ boxes }: CocoFile, row: number, indices: readonly number[]): TruthBox {
  const [x, y] = [boxes.at(row, COLUMN.x), boxes.at(row, COLUMN.y)];
  const area = boxes.at(row, COLUMN.area);
  return {
    label: indices[boxes.at(row, COLUMN.category)] ?? 0,
    x1: x,
    y1: y,
    x2: x + boxes.at(row, COLUMN.width),
    y2: y + boxes.at(row, COLUMN.height),
    ...(boxes.at(row, COLUMN.isCrowd) === 1 ? { isCrowd: true } : {}),
    ...(Number.isNaN(area) ? {} : { area }),
  };
}

/** By category of the file: its class index. */
function cocoClasses(
  file: CocoFile,
  { names, isNamed }: BoxContext,
): { readonly classNames: readonly string[]; readonly indices: readonly number[]; readonly notes: readonly SetNote[] } {
  const used = new Set<number>();
  for (let row = 0; row < file.boxes.count; row += 1) used.add(file.boxes.at(row, COLUMN.category));
  const parents = new Set(file.categories.map(({ supercategory }) => supercategory));
  // Some tools list the name of the data set as a category with identity 0, which no box has.
  const isParent = ({ name }: CocoCategory, at: number): boolean => !used.has(at) && parents.has(name);
  const categories = file.categories.map((category, at) => ({ ...category, at }));
  const own = categories.filter((category) => !isParent(category, category.at)).sort((a, b) => compareIds(a.id, b.id));
  const indices: number[] = [];
  const missing = own.find(({ name }) => names?.names.includes(name) === false);
  if (names !== null && missing === undefined) {
    for (const { name, at } of own) indices[at] = names.names.indexOf(name);
    return { classNames: names.names, indices, notes: [] };
  }
  if (names !== null && isNamed)
    throw truthInvalid(
      `Expected only the ${formatCountOf(names.names.length, 'class', 'classes')} of ${names.path} in ${file.path}, ` +
        `found "${missing?.name}"`,
      'Add the name to the file of class names, in the place of its class index.',
    );
  for (const [index, { at }] of own.entries()) indices[at] = index;
  const changed = own.find(({ id }, index) => id !== index);
  const [leftOut] = categories.filter((category) => isParent(category, category.at));
  const sentences = [
    ...(changed === undefined
      ? []
      : [
          `Class indices are the positions of the ${formatCountOf(own.length, 'category', 'categories')} in the order ` +
            `of their ids: ${own
              .slice(0, 3)
              .map(({ id, name }, index) => `id ${id} (${name}) is class ${index}`)
              .join(', ')}.`,
        ]),
    ...(leftOut === undefined ? [] : [`"${leftOut.name}", which only groups the others, is not a class.`]),
    ...(names === null ? [] : [`${basename(names.path)} was not used, because it does not list "${missing?.name}".`]),
  ];
  return {
    classNames: own.map(({ name }) => name),
    indices,
    notes: sentences.length === 0 ? [] : [{ code: 'labels-classes', message: sentences.join(' ') }],
  };
}

function compareIds(a: string | number, b: string | number): number {
  const [x, y] = [Number(a), Number(b)];
  return Number.isNaN(x) || Number.isNaN(y) ? compareText(String(a), String(b)) : x - y;
}

interface CocoPlaces {
  /** By image of the set: the image of the file; null if it does not list it. */
  readonly byImage: readonly (number | null)[];
  /** By image of the file: the first one with the same name. */
  readonly canonical: readonly number[];
}

function cocoImages(
  file: CocoFile,
  set: LabelledSet,
): { readonly places: CocoPlaces; readonly matchNotes: readonly SetNote[] } {
  const first = new Map<string, number>();
  const canonical = file.images.map((name, entry) => {
    const known = first.get(name);
    if (known === undefined) first.set(name, entry);
    return known ?? entry;
  });
  const names = [...first.keys()];
  const images = set.files.map(({ path }) => path);
  const strict = assignByPath(images, names);
  const matches = strict.items.every((item) => item === null) ? assignByPath(images, names, withoutExtension) : strict;
  if (matches.items.every((item) => item === null))
    throw truthInvalid(
      `None of the ${formatCountOf(names.length, 'image')} that ${file.path} lists is in ${set.folder}; the first one: ` +
        (names[0] ?? '(none)'),
      'Name the COCO file of these images; its file_name must be the name of an image.',
    );
  if (matches.ambiguous !== null) {
    const { images: places, items } = matches.ambiguous;
    throw truthInvalid(
      `${file.path}: expected one image of the set for each image of the file, found ` +
        `${places.map((place) => images[place]).join(', ')} for ${items.map((item) => names[item]).join(', ')}`,
      'Give file_name with the folder of the image.',
    );
  }
  const byImage = matches.items.map((item) => (item === null ? null : (first.get(names[item] ?? '') ?? null)));
  const repeated = file.images.length - names.length;
  const unlisted = set.files.filter((_, image) => byImage[image] === null);
  const note = (message: string): SetNote => ({ code: 'labels-missing', message });
  return {
    places: { byImage, canonical },
    matchNotes: [
      ...(matches.unused.length === 0
        ? []
        : [
            note(
              `${matches.unused.length} of ${formatCountOf(names.length, 'image')} of ${file.path} are not in the set; ` +
                `the first one: ${names[matches.unused[0] ?? 0]}`,
            ),
          ]),
      ...(unlisted.length === 0
        ? []
        : [
            note(
              `${unlisted.length} of ${formatCountOf(set.files.length, 'image')} are not listed in ${file.path}, so ` +
                `that their objects are unknown; the first one: ${unlisted[0]?.file}`,
            ),
          ]),
      ...(repeated === 0 ? [] : [note(`${file.path} lists ${formatCountOf(repeated, 'image')} more than once`)]),
    ],
  };
}

/** Reads the files in batches. An image without a file gets an empty list. */
async function readAll<T>(
  files: readonly (string | null)[],
  read: (path: string, image: number) => Promise<readonly T[] | null>,
): Promise<(readonly T[] | null)[]> {
  const lists: (readonly T[] | null)[] = [];
  let total = 0;
  for (let start = 0; start < files.length; start += BATCH) {
    const batch = files
      .slice(start, start + BATCH)
      .map(async (path, i) => (path === null ? [] : read(path, start + i)));
    for (const list of await Promise.all(batch)) {
      total += list?.length ?? 0;
      lists.push(list);
    }
    if (total > MAX_BOXES) throw truthInvalid(`Expected at most ${MAX_BOXES} boxes, found more`, 'Use fewer images.');
  }
  return lists;
}

interface Checking {
  readonly context: BoxContext;
  readonly source: 'yolo' | 'coco' | 'voc';
  readonly path: string;
  readonly classNames: readonly string[];
  readonly notes: readonly SetNote[];
}

function checked(
  boxes: readonly (readonly TruthBox[] | null)[],
  { context, source, path, classNames, notes }: Checking,
): BoxLabels {
  const { set, sizes } = context;
  const images = set.files.map(({ file }, image): ReadBoxes => ({
    file,
    size: sizes[image] ?? null,
    boxes: boxes[image] ?? null,
  }));
  const result = checkBoxes(images, { source, path, classNames });
  return { ...result, classNames, notes: [...notes, ...result.notes] };
}

/** The note about images without a label file. */
export function unlabelledNotes(found: FoundLabelFiles, set: LabelledSet): readonly SetNote[] {
  const files = set.files.filter((_, image) => found.files[image] === null).map(({ file }) => file);
  return backgroundNotes(files, set.files.length);
}
