import { WorkbenchError } from '../../../src-shared/base/errors';
import { compareText } from '../images/image-set-files';

/** One line of a labels file. */
export interface LabelRow {
  /** `labels.csv:12` */
  readonly where: string;
  readonly file: string;
  readonly label: string;
  /** Class name in the column of names; null if the file has no such column. */
  readonly name: string | null;
}

export interface LabelValues {
  /** Class index by row; null if the row has no label. */
  readonly indices: readonly (number | null)[];
  /** Class names by index; empty if the labels are plain indices. */
  readonly classNames: readonly string[];
  /** Rows whose label is neither an index nor a name. */
  readonly odd: readonly LabelRow[];
  /** How labels were interpreted: as indices, or as names whose position in a list is the index. */
  readonly kind: 'indices' | 'names';
  /** Why the interpretation is not certain, as parts of a sentence. */
  readonly doubts: readonly string[];
}

const MAX_LABEL = 1e6;
/** Values that mean "no label". Training frameworks ignore -1 and -100. */
const NO_LABEL = new Set([
  '',
  '-',
  '?',
  '-1',
  '-100',
  'na',
  'n/a',
  'nan',
  'none',
  'null',
  'unknown',
  'unlabeled',
  'unlabelled',
]);
/** Values that are never a class, even if all other labels are names. */
const EMPTY_LABEL = new Set(['', '-', '?', '-1', '-100', 'n/a', 'nan']);
/** `3`, `3.`, `3.00`, `3,0` (but not `1,000`), `3e0`, and the format of numpy.savetxt: `1.100000e+01`. */
const WHOLE_NUMBER = /^[+-]?\d+(?:\.0*|,0{1,2})?(?:[eE][+-]?\d+)?$|^[+-]?\d+\.\d+[eE]\+\d+$/;

export const labelsInvalid = (
  message: string,
  hint = 'Expected lines of `file,label`, the label an index from 0 or a name.',
): WorkbenchError => new WorkbenchError('labels-invalid', message, { hint });

/** The whole number of a label such as `3`, `3.0`, `3,0` or `3.000e+00`; null for anything else. */
export function parseLabelNumber(text: string): number | null {
  if (!WHOLE_NUMBER.test(text)) return null;
  const value = Number(text.replace(',', '.'));
  return Number.isSafeInteger(value) ? value : null;
}

/**
 * Converts labels to class indices. If whole numbers are the majority, labels are indices, and other values are not
 * labels. Otherwise labels are names, whose index is the position in `known` or in the sorted union. Sets of characters
 * such as `0` to `9` and `A` to `Z` are names. Throws `labels-invalid`.
 */
export function labelValues(rows: readonly LabelRow[], known: readonly string[] | undefined): LabelValues {
  const numbers = rows.map((row) => parseLabelNumber(row.label));
  const isMissing = (row: LabelRow): boolean =>
    NO_LABEL.has(row.label.toLowerCase()) && known?.includes(row.label) !== true;
  const texts = rows.filter((row, i) => numbers[i] === null && !isMissing(row));
  const indexCount = rows.length - texts.length - rows.filter(isMissing).length;
  const isNamed = known !== undefined && rows.every((row) => known.includes(row.label));
  const areCharacters = texts.length > 1 && rows.every((row) => isMissing(row) || /^.$/u.test(row.label));
  if (indexCount >= texts.length + (texts.length > 0 ? 1 : 0) && !areCharacters && !isNamed)
    return indices(rows, numbers, known);
  return names(rows, known, indexCount);
}

function indices(
  rows: readonly LabelRow[],
  numbers: readonly (number | null)[],
  known: readonly string[] | undefined,
): LabelValues {
  const odd: LabelRow[] = [];
  const found = rows.map((row, i): number | null => {
    const value = numbers[i] ?? null;
    if (value === null || value === -1 || value === -100) {
      odd.push(row);
      return null;
    }
    if (value < 0) throw labelsInvalid(`Expected a label index from 0 at ${row.where}, found ${row.label}`);
    if (value > MAX_LABEL)
      throw labelsInvalid(`Expected a label index up to ${MAX_LABEL} at ${row.where}, found ${row.label}`);
    return value;
  });
  const written = rows.find((row, i) => found[i] !== null && !/^\d+$/.test(row.label));
  const doubts = written === undefined ? [] : [`labels such as "${written.label}" were read as whole numbers`];
  return { indices: found, classNames: known ?? namesByIndex(rows, found), odd, kind: 'indices', doubts };
}

function names(rows: readonly LabelRow[], known: readonly string[] | undefined, numberCount: number): LabelValues {
  const isEmpty = (label: string): boolean => EMPTY_LABEL.has(label.toLowerCase());
  const classNames =
    known ?? [...new Set(rows.map((row) => row.label).filter((label) => !isEmpty(label)))].sort(compareText);
  const positions = new Map(classNames.map((name, index) => [name, index]));
  const found = rows.map((row): number | null => {
    const index = positions.get(row.label);
    if (index !== undefined) return index;
    if (isEmpty(row.label)) return null;
    throw labelsInvalid(`Expected one of ${classNames.length} class names at ${row.where}, found "${row.label}"`);
  });
  const odd = rows.filter((_, i) => found[i] === null);
  return {
    indices: found,
    classNames,
    odd,
    kind: 'names',
    doubts: known === undefined ? nameDoubts(classNames, numberCount) : [],
  };
}

function nameDoubts(classNames: readonly string[], numberCount: number): readonly string[] {
  const doubts: string[] = [];
  if (numberCount > 0) {
    const numeric = classNames.filter((name) => parseLabelNumber(name) !== null);
    doubts.push(`numbers (${numeric.slice(0, 3).join(', ')}) stand among names, and all of them were sorted as text`);
  }
  const seen = new Map<string, string>();
  for (const name of classNames) {
    const same = seen.get(name.toLowerCase());
    if (same !== undefined) doubts.push(`"${same}" and "${name}" are two classes`);
    else seen.set(name.toLowerCase(), name);
  }
  return doubts;
}

/** The names of the name column by index. An index without a name gets its number as the name. */
function namesByIndex(rows: readonly LabelRow[], found: readonly (number | null)[]): readonly string[] {
  const list: string[] = [];
  for (const [i, { name }] of rows.entries()) {
    const index = found[i] ?? null;
    if (index !== null && name !== null && name !== '') list[index] = name;
  }
  return Array.from(list, (name: string | undefined, index) => name ?? String(index));
}
