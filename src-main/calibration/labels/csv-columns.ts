import { isImageFile } from '../images/image-set-files';
import type { CsvLine } from './csv-text';
import { parseLabelNumber } from './csv-values';
import type { FindFile } from './name-match';

/** The meaning of each column, and the decisions that are not certain. */
export interface LabelColumns {
  /** null if the lines have no header. */
  readonly header: readonly string[] | null;
  readonly file: number;
  readonly label: number;
  readonly name: number | null;
  readonly group: number | null;
  /** Decisions that were made from the content and not from a known header, as parts of a sentence. */
  readonly doubts: readonly string[];
}

const FILE_WORDS = [
  'file',
  'filename',
  'file_name',
  'filepath',
  'file_path',
  'path',
  'image',
  'image_file',
  'image_name',
  'image_path',
  'img',
  'img_name',
  'img_path',
];
const LABEL_WORDS = [
  'label',
  'labels',
  'label_index',
  'label_id',
  'label_idx',
  'class',
  'class_index',
  'class_id',
  'class_idx',
  'classid',
  'target',
  'category',
  'category_id',
  'category_index',
  'y',
  'gt',
  'ground_truth',
  'index',
  'idx',
];
const NAME_WORDS = ['label_name', 'class_name', 'category_name', 'name', 'classname'];
const GROUP_WORDS = ['group'];
/**
 * Names of columns that may contain line numbers (an empty name: no name). They are treated as line numbers if no value
 * repeats and if another column can be the label.
 */
const NUMBERING_WORDS = new Set(['', 'index', 'idx', 'id', 'no', 'nr', 'number', 'row', 'unnamed:_0']);

/** The columns of a table; null if no column names files of the set, or if no column is left for the label. */
export function findColumns(lines: readonly CsvLine[], find: FindFile): LabelColumns | null {
  const [first] = lines;
  if (first === undefined) return null;
  const words = first.fields.map((field) => field.toLowerCase().replaceAll(/[\s-]+/g, '_'));
  const file = fileColumn(lines, words, find);
  if (file === null) return null;
  const header = isHeader(lines, words, file, find) ? first.fields : null;
  const rows = header === null ? lines : lines.slice(1);
  const named = header === null ? [] : words;
  const group = columnOf(named, GROUP_WORDS);
  const columns = Array.from({ length: widthOf(lines) }, (_, i) => i);
  const candidates = columns.filter(
    (column) => column !== file && column !== group && rows.some(({ fields }) => (fields[column] ?? '') !== ''),
  );
  const choice = labelColumn(rows, named, candidates);
  if (choice === null) return null;
  const name = nameColumn(rows, named, candidates, choice.label);
  const isKnown =
    header !== null &&
    FILE_WORDS.includes(words[file] ?? '') &&
    [...LABEL_WORDS, ...NAME_WORDS].includes(words[choice.label] ?? '');
  const isPlain = header === null && columns.length === 2 && file === 0;
  return {
    header,
    file,
    label: choice.label,
    name,
    group,
    doubts: isKnown || isPlain ? choice.doubts : [...headerDoubts(header), ...choice.doubts],
  };
}

function widthOf(lines: readonly CsvLine[]): number {
  return lines.reduce((width, { fields }) => Math.max(width, fields.length), 0);
}

function headerDoubts(header: readonly string[] | null): readonly string[] {
  return [
    header === null ? 'the file has no header' : `the header (${header.join(', ')}) is not one of the usual ones`,
  ];
}

/**
 * The column that names most files of the set. If several name equally many, one with a usual header is preferred, then
 * the first.
 */
function fileColumn(lines: readonly CsvLine[], words: readonly string[], find: FindFile): number | null {
  let best: { readonly column: number; readonly files: number } | null = null;
  const usual = FILE_WORDS.map((word) => words.indexOf(word)).filter((column) => column >= 0);
  for (const column of new Set([...usual, ...Array.from({ length: widthOf(lines) }, (_, i) => i)])) {
    const found = new Set<number>();
    for (const { fields } of lines) for (const place of find(fields[column] ?? '').slice(0, 1)) found.add(place);
    if (found.size > (best?.files ?? 0)) best = { column, files: found.size };
  }
  return best?.column ?? null;
}

/**
 * True if the first line is a header. It must not name a file, and one of these must hold: it contains a usual column
 * name, it has text in a column in which the other lines have numbers, or its file column contains no image name
 * although the other lines do.
 */
function isHeader(lines: readonly CsvLine[], words: readonly string[], file: number, find: FindFile): boolean {
  const [first, ...rest] = lines;
  const name = first?.fields[file] ?? '';
  if (first === undefined || find(name).length > 0 || isImageFile(name)) return false;
  if (
    FILE_WORDS.includes(words[file] ?? '') ||
    words.some((word, i) => i !== file && (LABEL_WORDS.includes(word) || NAME_WORDS.includes(word)))
  )
    return true;
  const isNumeric = (column: number): boolean =>
    rest.length > 0 && rest.every(({ fields }) => parseLabelNumber(fields[column] ?? '') !== null);
  const numeric = first.fields.map((_, i) => i).filter((column) => column !== file && isNumeric(column));
  if (numeric.length > 0) return numeric.some((column) => parseLabelNumber(first.fields[column] ?? '') === null);
  return rest.some(({ fields }) => isImageFile(fields[file] ?? ''));
}

function columnOf(words: readonly string[], wanted: readonly string[]): number | null {
  const column = wanted.map((word) => words.indexOf(word)).find((at) => at >= 0);
  return column ?? null;
}

interface LabelChoice {
  readonly label: number;
  readonly doubts: readonly string[];
}

function labelColumn(
  rows: readonly CsvLine[],
  words: readonly string[],
  candidates: readonly number[],
): LabelChoice | null {
  const numbering = candidates.filter((column) => numbersLines(rows, words[column] ?? null, column));
  const left = candidates.filter((column) => !numbering.includes(column));
  const usable = left.length === 0 ? candidates : left;
  const usual = usualLabel(rows, words, usable);
  if (usual !== null) return { label: usual, doubts: [] };
  const [only] = usable;
  if (only === undefined) return null;
  const skipped =
    left.length === 0 || numbering.length === 0
      ? []
      : [`column ${numbering.map((column) => column + 1).join(' and ')} counts the lines and was left out`];
  if (usable.length === 1) return { label: only, doubts: skipped };
  // Labels repeat, unlike identities. Among columns with repeated values, whole numbers are indices.
  const repeating = usable.filter((column) => !isDistinct(rows, column));
  const likely = repeating.length === 0 ? usable : repeating;
  const label =
    likely.find((column) => rows.every(({ fields }) => parseLabelNumber(fields[column] ?? '') !== null)) ??
    likely[0] ??
    only;
  return { label, doubts: [...skipped, `${usable.length} columns could be the label`] };
}

/** The column with a usual header; a column of numbers is preferred to one of names. */
function usualLabel(rows: readonly CsvLine[], words: readonly string[], usable: readonly number[]): number | null {
  const known = [...LABEL_WORDS, ...NAME_WORDS].flatMap((word) => {
    const column = words.indexOf(word);
    return usable.includes(column) ? [column] : [];
  });
  const isNumeric = (column: number): boolean =>
    rows.every(({ fields }) => parseLabelNumber(fields[column] ?? '') !== null);
  const isIndexWord = (column: number): boolean => /ind|id/.test(words[column] ?? '');
  return known.find((column) => isIndexWord(column) && isNumeric(column)) ?? known[0] ?? null;
}

/**
 * The column of names that belongs to a label of numbers. It has a usual header, or each name belongs to exactly one
 * number.
 */
function nameColumn(
  rows: readonly CsvLine[],
  words: readonly string[],
  candidates: readonly number[],
  label: number,
): number | null {
  const named = NAME_WORDS.map((word) => words.indexOf(word)).find(
    (column) => column !== label && candidates.includes(column),
  );
  if (named !== undefined) return named;
  const cell = (row: CsvLine, column: number): string => row.fields[column] ?? '';
  if (!rows.every((row) => parseLabelNumber(cell(row, label)) !== null)) return null;
  const isOneToOne = (column: number): boolean => {
    const labels = new Set(rows.map((row) => cell(row, label)));
    const names = new Set(rows.map((row) => cell(row, column)));
    const pairs = new Set(rows.map((row) => JSON.stringify([cell(row, label), cell(row, column)])));
    return labels.size < rows.length && labels.size === names.size && pairs.size === names.size;
  };
  const isText = (column: number): boolean =>
    rows.every((row) => cell(row, column) !== '' && parseLabelNumber(cell(row, column)) === null);
  return candidates.find((column) => column !== label && isText(column) && isOneToOne(column)) ?? null;
}

/**
 * True if the values of the lines are 0, 1, 2, ... or 1, 2, 3, ..., or if they are distinct under a header such as
 * `id`.
 */
function numbersLines(rows: readonly CsvLine[], word: string | null, column: number): boolean {
  if (rows.length < 2) return false;
  if (word !== null && NUMBERING_WORDS.has(word)) return isDistinct(rows, column);
  if (word !== null && LABEL_WORDS.includes(word)) return false;
  const first = parseLabelNumber(rows[0]?.fields[column] ?? '');
  return (
    (first === 0 || first === 1) && rows.every(({ fields }, i) => parseLabelNumber(fields[column] ?? '') === first + i)
  );
}

function isDistinct(rows: readonly CsvLine[], column: number): boolean {
  return new Set(rows.map(({ fields }) => fields[column] ?? '')).size === rows.length;
}
