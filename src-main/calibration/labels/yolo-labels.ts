import type { ImageSize } from '../../../src-shared/domain/project/image-set';
import type { TruthBox } from '../../../src-shared/domain/tasks/truth';
import { MAX_CLASS, readLabelText, truthInvalid } from './label-text';

/** Allows more than 100,000 boxes an image. */
const MAX_FILE_BYTES = 16e6;
/** Corners may lie this far beyond an image, in fractions of its size; anything further is not a fraction. */
const MAX_BEYOND = 1;

const HINT =
  'Expected lines of `class cx cy w h` in fractions of the image, or `class x1 y1 x2 y2 ...` for an outline.';

/** Settings of a YOLO data set that change the meaning of the columns. */
export interface YoloFormat {
  /** The columns behind the box are key points, so that they are not an outline. */
  readonly hasKeyPoints: boolean;
}

/** The boxes of one YOLO text file in pixels. @throws WorkbenchError labels-invalid with file and line */
export async function readYoloFile(path: string, size: ImageSize, format: YoloFormat): Promise<readonly TruthBox[]> {
  return yoloBoxes(await readLabelText(path, MAX_FILE_BYTES), { path, size, format });
}

/** Whether a text looks like YOLO labels: its first line that is not empty has numbers only, at least five of them. */
export function looksLikeYolo(text: string): boolean {
  const first = text.split(/\r\n|\n|\r/).find((line) => line.trim() !== '');
  return first === undefined || (numbersOf(first)?.length ?? 0) >= 5;
}

/**
 * Lines of a YOLO file: `class cx cy w h` as fractions of width and height, with a confidence as an optional sixth
 * column, which is ignored; or `class x1 y1 x2 y2 x3 y3 ...`, the outline of an object (also the four corners of a
 * rotated box), which becomes the box that encloses it.
 */
export function yoloBoxes(
  text: string,
  { path, size, format }: { readonly path: string; readonly size: ImageSize; readonly format: YoloFormat },
): readonly TruthBox[] {
  const boxes: TruthBox[] = [];
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    if (line.trim() === '') continue;
    const where = `${path}:${index + 1}`;
    const numbers = numbersOf(line);
    if (numbers === null) throw truthInvalid(`Expected numbers at ${where}, found "${shown(line)}"`, HINT);
    const [label = -1, ...values] = numbers;
    if (!Number.isInteger(label) || label < 0 || label > MAX_CLASS)
      throw truthInvalid(`Expected a class index from 0 to ${MAX_CLASS} at ${where}, found ${label}`, HINT);
    const [x1, y1, x2, y2] = cornersOf(values, { where, format });
    for (const value of [x1, y1, x2, y2])
      if (!(value >= -MAX_BEYOND && value <= 1 + MAX_BEYOND))
        throw truthInvalid(
          `Expected coordinates in fractions of the image, from 0 to 1, at ${where}, found "${shown(line)}"`,
          'Divide coordinates in pixels by the width and height of the image.',
        );
    const { width, height } = size;
    boxes.push({ label, x1: x1 * width, y1: y1 * height, x2: x2 * width, y2: y2 * height });
  }
  return boxes;
}

type Corners = readonly [number, number, number, number];

function cornersOf(
  values: readonly number[],
  { where, format }: { readonly where: string; readonly format: YoloFormat },
): Corners {
  const isBox = values.length === 4 || values.length === 5 || (format.hasKeyPoints && values.length > 5);
  if (isBox) {
    const [cx = 0, cy = 0, width = 0, height = 0] = values;
    if (width < 0 || height < 0)
      throw truthInvalid(`Expected a width and height of at least 0 at ${where}, found ${width} and ${height}`, HINT);
    return [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2];
  }
  if (values.length < 6 || values.length % 2 === 1)
    throw truthInvalid(
      `Expected 5 columns, 6 with a confidence, or a class with at least 3 points at ${where}, found ` +
        `${values.length + 1} columns`,
      HINT,
    );
  let [x1, y1, x2, y2] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < values.length; i += 2) {
    const [x = 0, y = 0] = values.slice(i, i + 2);
    [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x), Math.max(y2, y)];
  }
  return [x1, y1, x2, y2];
}

/** The finite numbers of a line; null if a field is anything else. */
function numbersOf(line: string): readonly number[] | null {
  const fields = line.trim().split(/[\s,]+/);
  const isNumber = (field: string): boolean => /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(field);
  if (!fields.every(isNumber)) return null;
  const numbers = fields.map(Number);
  return numbers.every(Number.isFinite) ? numbers : null;
}

function shown(line: string): string {
  const text = line.trim();
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
