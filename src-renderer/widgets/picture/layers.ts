import { classColour } from '../../../src-shared/domain/palette';

/** Pixels of the original picture; `right` and `bottom` are the far edges. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** What happened to an object or an answer compared with FP32. */
export type BoxMark = 'missed' | 'added' | 'moved';

export interface PictureBox extends Rectangle {
  /** Name of the class. */
  readonly name: string;
  /** 0 to 1; null for a truth. */
  readonly score: number | null;
  readonly mark: BoxMark | null;
  /** Truths that do not count: crowds and difficult objects. */
  readonly isIgnored: boolean;
}

/** Class indices row by row, and the part of the picture that they cover. */
export interface PictureMask {
  readonly width: number;
  readonly height: number;
  readonly classes: Uint8Array;
  readonly place: Rectangle;
}

export type LineStyle = 'solid' | 'dashed' | 'dotted';

/** One answer, or the truth: told apart by colour, line style and letter. */
export interface PictureLayer {
  readonly id: string;
  readonly letter: string;
  readonly name: string;
  /** `#rrggbb`. */
  readonly colour: string;
  readonly line: LineStyle;
  readonly boxes: readonly PictureBox[];
  readonly mask: PictureMask | null;
  /** Answers without a place in the picture, best first, such as the five best classes. */
  readonly answers: readonly { readonly name: string; readonly score: number | null }[];
}

/** The class index of pixels that do not count. */
export const IGNORED_CLASS = 255;

/** The boxes of a layer with at least this score; truths have no score and are always shown. */
export function shownBoxes(layer: PictureLayer, minScore: number): readonly PictureBox[] {
  return layer.boxes.filter((box) => box.score === null || box.score >= minScore);
}

/** Whether any layer has boxes with a score, so that a limit on the score makes sense. */
export function hasScores(layers: readonly PictureLayer[]): boolean {
  return layers.some((layer) => layer.boxes.some((box) => box.score !== null));
}

export type Rgba = readonly [number, number, number, number];

/** Opacity of a class in a mask, 0 to 255. */
const MASK_ALPHA = 140;
const CLEAR: Rgba = [0, 0, 0, 0];

/**
 * The class that is not drawn because it stands for "nothing": index 0 if it is called background, or if it is one of
 * two classes without names; null if every class is drawn.
 */
export function backgroundClass(classNames: readonly string[], classCount: number): number | null {
  const [first] = classNames;
  if (first === undefined || first === '') return classCount <= 2 ? 0 : null;
  return /^_*(background|bg|unlabell?ed|void|none|other)_*$/i.test(first.trim()) ? 0 : null;
}

/** The pixels of a mask as RGBA, row by row. */
export function maskPixels(mask: PictureMask, background: number | null): Uint8ClampedArray<ArrayBuffer> {
  const table = Array.from({ length: 256 }, (_, index): Rgba =>
    index === background || index === IGNORED_CLASS ? CLEAR : [...classColour(index), MASK_ALPHA],
  );
  const pixels = new Uint8ClampedArray(mask.classes.length * 4);
  for (let i = 0; i < mask.classes.length; i++) pixels.set(table[mask.classes[i] ?? IGNORED_CLASS] ?? CLEAR, i * 4);
  return pixels;
}

/**
 * Where the answers differ. `lost`: FP32 agrees with the truth and the variant does not; `won`: the other way round;
 * `changed`: neither agrees, or there is no truth.
 */
export type Change = 'lost' | 'won' | 'changed';

/** Colours from the palette of Okabe and Ito; the patterns below tell the kinds apart without colour. */
export const CHANGE_COLOURS: Readonly<Record<Change, readonly [number, number, number]>> = {
  lost: [213, 94, 0],
  won: [86, 180, 233],
  changed: [240, 228, 66],
};

/** Solid for lost; rising stripes for won; a chequerboard for changed. */
function isFilled(change: Change, x: number, y: number): boolean {
  if (change === 'lost') return true;
  return change === 'won' ? (x + y) % 4 < 2 : (x + y) % 2 === 0;
}

export interface Difference {
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  readonly counts: Readonly<Record<Change, number>>;
  /** Number of compared pixels. */
  readonly total: number;
}

/** The differences of two masks of equal size. The truth may have another size; its nearest pixel is taken. */
export function maskDifference(fp32: PictureMask, variant: PictureMask, truth: PictureMask | null): Difference {
  const { width, height } = fp32;
  const pixels = new Uint8ClampedArray(width * height * 4);
  const counts = { lost: 0, won: 0, changed: 0 };
  let total = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const expected = truth === null ? null : classAt(truth, fp32, x, y);
      if (expected === IGNORED_CLASS) continue;
      total++;
      const before = fp32.classes[i];
      const after = variant.classes[i];
      if (before === after) continue;
      const change = before === expected ? 'lost' : after === expected ? 'won' : 'changed';
      counts[change]++;
      if (isFilled(change, x, y)) pixels.set([...CHANGE_COLOURS[change], 220], i * 4);
    }
  }
  return { pixels, counts, total };
}

/** The class of `mask` at the centre of pixel (x, y) of `grid`; ignored outside of the mask. */
function classAt(mask: PictureMask, grid: PictureMask, x: number, y: number): number {
  const pictureX = grid.place.left + ((x + 0.5) / grid.width) * (grid.place.right - grid.place.left);
  const pictureY = grid.place.top + ((y + 0.5) / grid.height) * (grid.place.bottom - grid.place.top);
  const column = Math.floor(((pictureX - mask.place.left) / (mask.place.right - mask.place.left)) * mask.width);
  const row = Math.floor(((pictureY - mask.place.top) / (mask.place.bottom - mask.place.top)) * mask.height);
  if (column < 0 || row < 0 || column >= mask.width || row >= mask.height) return IGNORED_CLASS;
  return mask.classes[row * mask.width + column] ?? IGNORED_CLASS;
}
