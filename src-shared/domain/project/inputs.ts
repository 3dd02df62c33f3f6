import { type InferOutput, number, object, oneOf, record, text, variant } from '../../base/schema';

/**
 * Rules that compute an input from the size of the image.
 * - `original-size`: height and width of the image file.
 * - `original-size-wh`: width and height of the image file.
 * - `resized-size`: height and width after the resize, without the padding of a letterbox.
 * - `scale-factor`: size after the resize divided by the original size, for height and width.
 * - `pixel-mask`: 1 where the image lies in the input, 0 where it was padded.
 */
export const SIZE_RULES = ['original-size', 'original-size-wh', 'resized-size', 'scale-factor', 'pixel-mask'] as const;
export type SizeRule = (typeof SIZE_RULES)[number];

const rule = <R extends SizeRule>(kind: R) => object({ kind: oneOf(kind) });

export const inputSourceSchema = variant({
  /** The images of the set, with the preprocessing of the project. */
  images: object({ kind: oneOf('images') }),
  /** The same number everywhere. */
  value: object({ kind: oneOf('value'), value: number }),
  /**
   * An array of .npz files, whose first axis counts the records. If another input takes images, the array lies in the
   * .npz file beside the image, with the same name.
   */
  npz: object({ kind: oneOf('npz'), field: text }),
  'original-size': rule('original-size'),
  'original-size-wh': rule('original-size-wh'),
  'resized-size': rule('resized-size'),
  'scale-factor': rule('scale-factor'),
  'pixel-mask': rule('pixel-mask'),
});
/** Where an input of the model gets its values from. */
export type InputSource = InferOutput<typeof inputSourceSchema>;

export const inputSourcesSchema = record(inputSourceSchema);
/** Name of an input -> its source. Inputs that are not named get the source that their names and shapes suggest. */
export type InputSources = InferOutput<typeof inputSourcesSchema>;

export function isSizeRule(kind: string): kind is SizeRule {
  return SIZE_RULES.some((rule) => rule === kind);
}

/** A source in the form of the command line: `images`, `value:1`, `npz:tokens`, `original-size`. */
export function sourceText(source: InputSource): string {
  if (source.kind === 'value') return `value:${source.value}`;
  return source.kind === 'npz' ? `npz:${source.field}` : source.kind;
}

/** The source that a text names; null if it names none. */
export function parseSource(text: string): InputSource | null {
  const [, kind = '', , argument] = /^([a-z-]+)(:(.*))?$/s.exec(text.trim()) ?? [];
  if (kind === 'value') {
    const value = argument === undefined || argument.trim() === '' ? Number.NaN : Number(argument);
    return Number.isFinite(value) ? { kind, value } : null;
  }
  if (kind === 'npz') return argument === undefined || argument === '' ? null : { kind, field: argument };
  if (argument !== undefined) return null;
  if (kind === 'images') return { kind };
  return isSizeRule(kind) ? { kind } : null;
}
