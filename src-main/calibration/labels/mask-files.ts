import { basename } from 'node:path';
import { formatCountOf } from '../../../src-shared/base/units';
import type { ImageSize, SetNote, TruthFacts } from '../../../src-shared/domain/project/image-set';
import type { ImageTruth } from '../../../src-shared/domain/tasks/truth';
import { FileMemory } from '../../base/file-memory';
import { imageSizes } from '../images/image-size';
import type { FoundFile } from '../images/image-set-files';
import type { NamesFile } from './class-names';
import { isImageFolder, type FoundLabelFiles } from './label-files';
import { truthInvalid } from './label-text';
import { readMask, requireMaskSize } from './mask-labels';
import type { LabelledSet } from './name-match';
import { withoutExtension } from './path-match';

/** Names of folders of masks, as data sets call them. */
export const MASK_FOLDERS = ['masks', 'mask', 'labels', 'annotations', 'SegmentationClass', 'segmentation', 'gt'];
/** Names of folders of masks or labels that stand beside images or beside a folder of images. */
const LABEL_FOLDERS = new Set(
  [...MASK_FOLDERS, 'label', 'annotation', 'segmentationobject', 'ground_truth'].map(lower),
);
/** Masks, spread over the set, whose values are read to see what they mean. */
const LOOKED_AT = 16;
/** The usual value of pixels that are not counted. */
const USUAL_IGNORED = 255;

const rememberedValues = new FileMemory<readonly number[]>(1024);

function lower(text: string): string {
  return text.toLowerCase();
}

export interface MaskLabels {
  readonly truths: readonly (ImageTruth | null)[];
  readonly classNames: readonly string[];
  readonly facts: TruthFacts;
  readonly notes: readonly SetNote[];
}

interface MaskContext {
  readonly set: LabelledSet;
  readonly sizes: readonly (ImageSize | null)[];
  readonly names: NamesFile | null;
  /** Whether the user named the file with the class names, so that it must fit. */
  readonly isNamed: boolean;
}

/**
 * The masks of a set. Every mask must have the size of its image. Some masks are decoded to see what their values mean:
 * masks with the values 0 and 255 only have one object class, whose pixels are 255. An image without a mask is not
 * compared. @throws WorkbenchError labels-invalid
 */
export async function maskLabels(
  { files, folder }: FoundLabelFiles,
  { set, sizes, names, isNamed }: MaskContext,
): Promise<MaskLabels> {
  const masks = files.filter((path) => path !== null);
  const maskSizes = await imageSizes(masks, 'ignore');
  const sizeOf = new Map(masks.map((path, i) => [path, maskSizes[i] ?? null]));
  for (const [image, path] of files.entries()) {
    const [own, of] = [path === null ? null : (sizeOf.get(path) ?? null), sizes[image] ?? null];
    if (path !== null && own !== null && of !== null)
      requireMaskSize(own, of, { maskPath: path, imagePath: set.files[image]?.path ?? '' });
  }
  const values = await valuesOf(masks);
  const highest = Math.max(0, ...[...values].filter((value) => value !== USUAL_IGNORED));
  const isBinary = values.has(USUAL_IGNORED) && highest === 0;
  if (isNamed && names !== null && !isBinary && highest >= names.names.length)
    throw truthInvalid(
      `Expected masks with values below the ${formatCountOf(names.names.length, 'class', 'classes')} of ` +
        `${names.path}, found ${highest} in ${folder}`,
      'Name the file with all classes, the background among them.',
    );
  const classNames = isBinary || (names !== null && highest < names.names.length) ? (names?.names ?? []) : [];
  const truths = files.map((path): ImageTruth | null =>
    path === null ? null : { kind: 'mask', path, ...(isBinary ? { objectValue: USUAL_IGNORED } : {}) },
  );
  const facts: TruthFacts = {
    source: 'masks',
    path: folder,
    images: masks.length,
    background: 0,
    boxes: 0,
    classes: [],
    crowds: 0,
    difficult: 0,
    outside: 0,
    duplicates: 0,
    empty: 0,
  };
  return { truths, classNames, facts, notes: notesOf({ files, values, isBinary, highest, set, names }) };
}

/** The values of some masks. */
async function valuesOf(masks: readonly string[]): Promise<ReadonlySet<number>> {
  const step = Math.max(1, masks.length / LOOKED_AT);
  const chosen = Array.from({ length: Math.min(masks.length, LOOKED_AT) }, (_, i) => masks[Math.floor(i * step)] ?? '');
  const values = new Set<number>();
  for (const path of chosen) {
    for (const value of await rememberedValues.get(path, () => valuesIn(path))) values.add(value);
  }
  return values;
}

async function valuesIn(path: string): Promise<readonly number[]> {
  const { labels } = await readMask({ kind: 'mask', path });
  const isUsed = new Uint8Array(65_536);
  for (const value of labels) isUsed[value] = 1;
  return Array.from(isUsed.keys()).filter((value) => isUsed[value] === 1);
}

interface Findings {
  readonly files: readonly (string | null)[];
  readonly values: ReadonlySet<number>;
  readonly isBinary: boolean;
  readonly highest: number;
  readonly set: LabelledSet;
  readonly names: NamesFile | null;
}

function notesOf({ files, values, isBinary, highest, set, names }: Findings): readonly SetNote[] {
  const missing = set.files.filter((_, image) => files[image] === null);
  const meaning = isBinary
    ? `Masks have the values 0 and ${USUAL_IGNORED} only: ${USUAL_IGNORED} is the object, class 1`
    : values.has(USUAL_IGNORED)
      ? `Masks have the value ${USUAL_IGNORED}, by which data sets usually mark pixels that are not counted`
      : null;
  return [
    ...(missing.length === 0
      ? []
      : [
          {
            code: 'labels-missing' as const,
            message:
              `${missing.length} of ${formatCountOf(set.files.length, 'image')} have no mask and are not compared with ` +
              `one; the first one: ${missing[0]?.file}`,
          },
        ]),
    ...(meaning === null ? [] : [{ code: 'labels-reading' as const, message: meaning }]),
    ...(names === null || isBinary || highest < names.names.length
      ? []
      : [
          {
            code: 'labels-classes' as const,
            message:
              `Masks have values up to ${highest}, but ${basename(names.path)} lists ` +
              `${formatCountOf(names.names.length, 'class', 'classes')}: its names were not used`,
          },
        ]),
  ];
}

/**
 * The files of a set without the masks of its images: the PNG files of a folder such as `masks` that stands beside
 * images, or beside a folder such as `images`, and most of whose files have the name of an image there.
 */
export function withoutMasks(files: readonly FoundFile[]): {
  readonly images: readonly FoundFile[];
  readonly notes: readonly SetNote[];
} {
  const stemsIn = new Map<string, Set<string>>();
  const masksIn = new Map<string, FoundFile[]>();
  for (const item of files) {
    const place = placeOf(item.file);
    if (place.kind === 'masks' && /\.png$/i.test(item.file)) {
      const known = masksIn.get(place.folder);
      if (known) known.push(item);
      else masksIn.set(place.folder, [item]);
    } else {
      const known = stemsIn.get(place.folder) ?? new Set<string>();
      stemsIn.set(place.folder, known.add(stemOf(item.file)));
    }
  }
  const left = new Set<FoundFile>();
  for (const [folder, masks] of masksIn) {
    const stems = stemsIn.get(folder);
    const fitting = masks.filter(({ file }) => stems?.has(stemOf(file)) === true);
    if (2 * fitting.length >= masks.length) for (const mask of masks) left.add(mask);
  }
  const [first] = left;
  if (first === undefined) return { images: files, notes: [] };
  const message =
    `${formatCountOf(left.size, 'PNG file')} such as ${first.file} ${left.size === 1 ? 'is a mask' : 'are masks'} of ` +
    `images and ${left.size === 1 ? 'does' : 'do'} not count as images of the set`;
  return { images: files.filter((item) => !left.has(item)), notes: [{ code: 'images-masks', message }] };
}

function stemOf(file: string): string {
  return withoutExtension(basename(file)).toLowerCase();
}

/** The folder that a file's folder of masks or images belongs to, or its own folder if it is in neither. */
function placeOf(file: string): { readonly folder: string; readonly kind: 'masks' | 'images' } {
  const parts = file.split('/').slice(0, -1);
  const masks = parts.findLastIndex((part) => LABEL_FOLDERS.has(part.toLowerCase()));
  if (masks !== -1) return { folder: parts.slice(0, masks).join('/'), kind: 'masks' };
  const images = parts.findLastIndex(isImageFolder);
  return { folder: parts.slice(0, images === -1 ? parts.length : images).join('/'), kind: 'images' };
}
