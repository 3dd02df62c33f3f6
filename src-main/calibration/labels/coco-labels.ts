import { basename } from 'node:path';
import { formatCountOf } from '../../../src-shared/base/units';
import type { SetNote } from '../../../src-shared/domain/project/image-set';
import type { TruthBox } from '../../../src-shared/domain/tasks/truth';
import { compareText } from '../images/image-set-files';
import { checkedLabels, type BoxContext, type BoxLabels } from './box-labels';
import { COLUMN, type CocoCategory, type CocoFile } from './coco-file';
import { truthInvalid } from './label-text';
import type { LabelledSet } from './name-match';
import { assignByPath, withoutExtension } from './path-match';

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
  return checkedLabels(boxes, {
    context,
    source: 'coco',
    path: file.path,
    classNames,
    notes: [...notes, ...matchNotes],
  });
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
