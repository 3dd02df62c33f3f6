import { WorkbenchError } from '../../../src-shared/base/errors';
import {
  type AnySchema,
  either,
  type InferOutput,
  number,
  object,
  optional,
  parse,
  SchemaError,
  text,
  unknown,
} from '../../../src-shared/base/schema';
import { readError } from '../../base/file-errors';
import { FileMemory } from '../../base/file-memory';
import { requireAllowedPath } from '../../base/path-policy';
import { JsonFileError, readJsonElements } from './json-elements';
import { MAX_BOXES, MAX_CLASS, truthInvalid } from './label-text';
import { NumberRows } from './number-rows';

/** Parsed files that are kept; each takes about 60 bytes a box. */
const KEPT_FILES = 2;
const MAX_IMAGES = 10e6;

const HINT =
  'Expected a COCO file of detections, such as instances_val2017.json: an object with images, annotations and categories.';

/** Some tools write identities as texts. */
const id = either('a number or a text', number, text);
const imageSchema = object({ id, file_name: text });
const categorySchema = object({ id, name: text, supercategory: optional(unknown) });
export type CocoCategory = InferOutput<typeof categorySchema>;

/** Columns of `boxes`. */
export const COLUMN = { image: 0, category: 1, x: 2, y: 3, width: 4, height: 5, area: 6, isCrowd: 7 } as const;

/** The content of a COCO file; images and categories are named by their positions in the lists. */
export interface CocoFile {
  readonly path: string;
  /** File names as written. */
  readonly images: readonly string[];
  readonly categories: readonly CocoCategory[];
  /**
   * One row an annotation, see COLUMN: left and top corner, width and height in pixels, as written; area is NaN if the
   * file does not state it.
   */
  readonly boxes: NumberRows;
}

const files = new FileMemory<CocoFile>(KEPT_FILES);

/**
 * Reads a COCO file of detections. Files of any size are read in a stream, and not again while they do not change.
 * Segmentations are skipped. @throws WorkbenchError not-found, labels-invalid, usage
 */
export async function readCocoFile(path: string): Promise<CocoFile> {
  requireAllowedPath(path);
  try {
    return await files.get(path, () => parseFile(path));
  } catch (error) {
    if (error instanceof WorkbenchError) throw error;
    if (error instanceof JsonFileError) throw truthInvalid(`Cannot read ${path} as JSON: ${error.message}`, HINT);
    throw readError(error, path, 'Labels file');
  }
}

/** Gives every identity a position, also before it is defined: the members of a file may be in any order. */
class Identities {
  private readonly positions = new Map<string, number>();

  of(value: string | number): number {
    const key = String(value);
    const known = this.positions.get(key);
    if (known !== undefined) return known;
    this.positions.set(key, this.positions.size);
    return this.positions.size - 1;
  }
}

async function parseFile(path: string): Promise<CocoFile> {
  const imageIds = new Identities();
  const categoryIds = new Identities();
  const images: string[] = [];
  const categories: CocoCategory[] = [];
  const boxes = new NumberRows(8);
  const keys = await readJsonElements(path, {
    images: (element, index) => {
      const image = parsed(imageSchema, element, `images[${index}]`, path);
      images[requireRoom(imageIds.of(image.id), MAX_IMAGES, path)] = image.file_name;
    },
    categories: (element, index) => {
      const category = parsed(categorySchema, element, `categories[${index}]`, path);
      categories[requireRoom(categoryIds.of(category.id), MAX_CLASS, path)] = category;
    },
    annotations: (element, index) => {
      requireRoom(boxes.count, MAX_BOXES, path);
      boxes.add(rowOf(element, { index, path, imageIds, categoryIds }));
    },
  });
  for (const key of ['images', 'annotations', 'categories'])
    if (!keys.has(key)) throw truthInvalid(`Expected a list "${key}" in ${path}, found none`, HINT);
  requireDefined(boxes, { images, categories, path });
  return { path, images: Array.from(images, (name: string | undefined) => name ?? ''), categories, boxes };
}

function requireRoom(position: number, most: number, path: string): number {
  if (position >= most) throw truthInvalid(`Expected at most ${most} entries of one kind in ${path}, found more`, HINT);
  return position;
}

function parsed<S extends AnySchema>(schema: S, element: unknown, where: string, path: string): InferOutput<S> {
  try {
    return parse(schema, element);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw truthInvalid(`${path}: ${where} is not as expected: ${error.message}`, HINT);
  }
}

interface RowContext {
  readonly index: number;
  readonly path: string;
  readonly imageIds: Identities;
  readonly categoryIds: Identities;
}

/**
 * One annotation as a row. Its fields are checked here and not by a schema, which would take most of the time of a file
 * with a million annotations.
 */
function rowOf(element: unknown, { index, path, imageIds, categoryIds }: RowContext): readonly number[] {
  const fields = (typeof element === 'object' && element !== null ? element : {}) as Readonly<Record<string, unknown>>;
  const fail = (what: string, found: unknown): never => {
    throw truthInvalid(
      `${path}: expected ${what} in annotations[${index}], found ${JSON.stringify(found)?.slice(0, 60) ?? 'none'}`,
      HINT,
    );
  };
  const { image_id: image, category_id: category, bbox, area, iscrowd } = fields;
  const identity = (value: unknown, name: string): string | number =>
    typeof value === 'number' || (typeof value === 'string' && value !== '')
      ? value
      : fail(`a number or text ${name}`, value);
  if (!Array.isArray(bbox) || bbox.length !== 4 || !bbox.every(Number.isFinite))
    return fail('a bbox of four numbers: left, top, width, height', bbox);
  const [x, y, width, height] = bbox as [number, number, number, number];
  return [
    imageIds.of(identity(image, 'image_id')),
    categoryIds.of(identity(category, 'category_id')),
    x,
    y,
    width,
    height,
    typeof area === 'number' && area >= 0 ? area : Number.NaN,
    iscrowd === 1 || iscrowd === true ? 1 : 0,
  ];
}

/** Annotations must refer to images and categories of the file. */
function requireDefined(
  boxes: NumberRows,
  { images, categories, path }: Pick<CocoFile, 'images' | 'categories' | 'path'>,
): void {
  for (let row = 0; row < boxes.count; row += 1) {
    const hasImage = images[boxes.at(row, COLUMN.image)] !== undefined;
    if (hasImage && categories[boxes.at(row, COLUMN.category)] !== undefined) continue;
    throw truthInvalid(
      `${path}: annotations[${row}] refers to ${hasImage ? 'a category' : 'an image'} that the file does not list`,
      HINT,
    );
  }
}
