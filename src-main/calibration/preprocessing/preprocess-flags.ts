import {
  CROP_ROUNDINGS,
  LETTERBOX_ALIGNMENTS,
  ORIENTATIONS,
  type PartialPreprocessing,
  type Preprocessing,
} from '../../../src-shared/domain/project/preprocessing';
import { WorkbenchError } from '../../../src-shared/base/errors';

/** The command-line flags of preprocessing, without the leading dashes. */
export const PREPROCESSING_FLAGS = [
  'resize',
  'resize-short',
  'resize-long',
  'multiple',
  'crop',
  'crop-rounding',
  'letterbox',
  'letterbox-align',
  'pad',
  'order',
  'scale',
  'mean',
  'std',
  'layout',
  'orientation',
] as const;
export type PreprocessingFlag = (typeof PREPROCESSING_FLAGS)[number];
/** Flags with sizes that are not part of the preprocessing. */
export type SizeFlag = 'input-size' | 'min-size' | 'opt-size' | 'max-size';
export type PreprocessingFlagValues = { readonly [F in PreprocessingFlag]?: string | undefined };

/** The gray value for padding that YOLO-like detectors are trained with. */
const DEFAULT_PAD = 114;
/** Detectors reduce their input by 32. */
const DEFAULT_MULTIPLE = 32;
const MAX_SIDE = 16_384;

function usage(flag: PreprocessingFlag | SizeFlag, expected: string, found: string, example: string): WorkbenchError {
  return new WorkbenchError('usage', `Expected ${expected} for --${flag}, found "${found}"`, {
    hint: `Example: --${flag} ${example}`,
  });
}

/** The values of the flags; flags that were not given are absent. Throws `usage` with an example. */
export function parsePreprocessingFlags(values: PreprocessingFlagValues): PartialPreprocessing {
  const resize = parseResize(values);
  const { crop, order, scale, mean, std, layout, orientation, 'crop-rounding': cropRounding } = values;
  return {
    ...(resize === null ? {} : { resize }),
    ...(crop === undefined ? {} : { crop: parseCrop(crop) }),
    ...(cropRounding === undefined ? {} : { cropRounding: parseChoice('crop-rounding', cropRounding, CROP_ROUNDINGS) }),
    ...(order === undefined ? {} : { order: parseChoice('order', order, ['rgb', 'bgr', 'gray']) }),
    ...(scale === undefined ? {} : { scale: parseScale(scale) }),
    ...(mean === undefined ? {} : { mean: parseNumbers('mean', mean, '0.485,0.456,0.406') }),
    ...(std === undefined ? {} : { std: parseStd(std) }),
    ...(layout === undefined ? {} : { layout: parseChoice('layout', layout, ['nchw', 'nhwc']) }),
    ...(orientation === undefined ? {} : { orientation: parseChoice('orientation', orientation, ORIENTATIONS) }),
  };
}

function parseResize(values: PreprocessingFlagValues): Preprocessing['resize'] | null {
  const given = (['resize', 'resize-short', 'resize-long', 'letterbox'] as const).filter(
    (flag) => values[flag] !== undefined,
  );
  if (given.length > 1) {
    throw new WorkbenchError(
      'usage',
      `Expected one way to resize, found ${given.map((flag) => `--${flag}`).join(' and ')}`,
      {
        hint: 'Use one of --resize WxH (stretch), --resize-short N, --resize-long N, --letterbox WxH.',
      },
    );
  }
  if (values.multiple !== undefined && values['resize-long'] === undefined) {
    throw new WorkbenchError('usage', '--multiple belongs to --resize-long, which was not given', {
      hint: 'Example: --resize-long 640 --multiple 32',
    });
  }
  for (const flag of ['pad', 'letterbox-align'] as const) {
    const isPadded = values.letterbox !== undefined || (flag === 'pad' && values['resize-long'] !== undefined);
    if (values[flag] !== undefined && !isPadded) {
      throw new WorkbenchError('usage', `--${flag} belongs to --letterbox, which was not given`, {
        hint: `Example: --letterbox 416x416 --${flag} ${flag === 'pad' ? DEFAULT_PAD : 'center'}`,
      });
    }
  }
  if (values.resize !== undefined) return { kind: 'stretch', ...parseSize('resize', values.resize) };
  const short = values['resize-short'];
  if (short !== undefined) return { kind: 'short', shortSide: parseSide('resize-short', short, '256') };
  const long = values['resize-long'];
  if (long !== undefined) {
    return {
      kind: 'long',
      longSide: parseSide('resize-long', long, '640'),
      multiple: parseSide('multiple', values.multiple ?? String(DEFAULT_MULTIPLE), '32'),
      pad: values.pad === undefined ? DEFAULT_PAD : parsePad(values.pad),
    };
  }
  if (values.letterbox === undefined) return null;
  const align = parseAlignment(values['letterbox-align']);
  return {
    kind: 'letterbox',
    ...parseSize('letterbox', values.letterbox),
    pad: values.pad === undefined ? DEFAULT_PAD : parsePad(values.pad),
    ...(align === 'center' ? { align } : {}),
  };
}

function parseAlignment(text: string | undefined): (typeof LETTERBOX_ALIGNMENTS)[number] {
  return text === undefined ? 'top-left' : parseChoice('letterbox-align', text, LETTERBOX_ALIGNMENTS);
}

function parseSide(flag: PreprocessingFlag | SizeFlag, text: string, example: string): number {
  const side = Number(text);
  if (!/^\d+$/.test(text.trim()) || side < 1 || side > MAX_SIDE)
    throw usage(flag, `a number of pixels from 1 to ${MAX_SIDE}`, text, example);
  return side;
}

/** A size given as `WIDTHxHEIGHT`. */
export function parseSize(
  flag: PreprocessingFlag | SizeFlag,
  text: string,
): { readonly width: number; readonly height: number } {
  const parts = /^\s*(\d+)\s*[xX]\s*(\d+)\s*$/.exec(text);
  if (parts === null) throw usage(flag, 'WIDTHxHEIGHT in pixels', text, '224x224');
  return { width: parseSide(flag, parts[1] ?? '', '224x224'), height: parseSide(flag, parts[2] ?? '', '224x224') };
}

function parseCrop(text: string): { readonly width: number; readonly height: number } {
  if (/[xX]/.test(text)) return parseSize('crop', text);
  const side = parseSide('crop', text, '224 or 224x224');
  return { width: side, height: side };
}

function parseChoice<T extends string>(flag: PreprocessingFlag, text: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === text.trim().toLowerCase());
  if (choice === undefined) throw usage(flag, `one of ${choices.join(', ')}`, text, choices[0] ?? '');
  return choice;
}

/** A decimal number or a fraction such as 1/255; NaN for any other text. */
function parseNumber(text: string): number {
  const parts = text
    .trim()
    .split('/')
    .map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const [numerator = Number.NaN, denominator = 1] = parts;
  return parts.length > 2 ? Number.NaN : numerator / denominator;
}

function parseNumbers(flag: PreprocessingFlag, text: string, example: string): readonly number[] {
  const numbers = text.split(',').map(parseNumber);
  if (!numbers.every(Number.isFinite) || (numbers.length !== 1 && numbers.length !== 3))
    throw usage(flag, 'one number or three, separated by commas', text, example);
  return numbers;
}

function parseScale(text: string): number {
  const scale = parseNumber(text);
  if (!Number.isFinite(scale) || scale === 0) throw usage('scale', 'a number that is not 0', text, '1/255');
  return scale;
}

function parseStd(text: string): readonly number[] {
  const std = parseNumbers('std', text, '0.229,0.224,0.225');
  if (std.includes(0))
    throw usage('std', 'numbers that are not 0 (pixels are divided by them)', text, '0.229,0.224,0.225');
  return std;
}

function parsePad(text: string): number {
  const pad = Number(text);
  if (!/^\d+$/.test(text.trim()) || pad > 255)
    throw usage('pad', 'a pixel value from 0 to 255', text, String(DEFAULT_PAD));
  return pad;
}
