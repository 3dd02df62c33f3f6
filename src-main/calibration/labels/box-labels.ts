import { basename } from 'node:path';
import { formatCountOf } from '../../../src-shared/base/units';
import type { ImageSize, SetNote } from '../../../src-shared/domain/project/image-set';
import type { TruthBox } from '../../../src-shared/domain/tasks/truth';
import { compareText } from '../images/image-set-files';
import { backgroundNotes, checkBoxes, type CheckedBoxes, type ReadBoxes } from './box-checks';
import type { NamesFile } from './class-names';
import type { FoundLabelFiles } from './label-files';
import { MAX_BOXES, truthInvalid } from './label-text';
import type { LabelledSet } from './name-match';
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
  /** See TruthRequest. */
  readonly classOrder: readonly string[];
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
  return checkedLabels(boxes, {
    context,
    source: 'yolo',
    path: found.folder,
    classNames: names?.names ?? [],
    notes: [],
  });
}

/** Boxes of Pascal VOC files. Class indices are the positions in the names file, or in the sorted names. */
export async function vocLabels(found: FoundLabelFiles, context: BoxContext): Promise<BoxLabels> {
  const objects = await readAll(found.files, readVocFile);
  const own = [...new Set(objects.flatMap((list) => (list ?? []).map(({ name }) => name)))].sort(compareText);
  const { classNames, notes } = vocClasses(own, found, context);
  const indices = new Map(classNames.map((name, index) => [name, index]));
  const boxes = objects.map((list) => list?.map((item) => vocBox(item, indices)) ?? null);
  return checkedLabels(boxes, { context, source: 'voc', path: found.folder, classNames, notes });
}

function vocBox({ name, isDifficult, x1, y1, x2, y2 }: VocObject, indices: ReadonlyMap<string, number>): TruthBox {
  return { label: indices.get(name) ?? 0, x1, y1, x2, y2, ...(isDifficult ? { isDifficult } : {}) };
}

function vocClasses(
  own: readonly string[],
  found: FoundLabelFiles,
  { names, isNamed, classOrder }: BoxContext,
): { readonly classNames: readonly string[]; readonly notes: readonly SetNote[] } {
  const missing = own.find((name) => names?.names.includes(name) === false);
  if (names !== null && missing === undefined) return { classNames: names.names, notes: [] };
  if (names !== null && isNamed)
    throw truthInvalid(
      `Expected only the ${formatCountOf(names.names.length, 'class', 'classes')} of ${names.path} in ` +
        `${found.folder}, found "${missing}"`,
      'Add the name to the file of class names, in the place of its class index.',
    );
  if (own.every((name) => classOrder.includes(name))) return { classNames: classOrder, notes: [] };
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

/** The boxes of a set with what a user should know about them. */
export function checkedLabels(
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
