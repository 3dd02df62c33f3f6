import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatBytes, formatCountOf } from '../../../src-shared/base/units';
import type { SetNote } from '../../../src-shared/domain/project/image-set';
import { readError } from '../../base/file-errors';
import { requireAllowedPath } from '../../base/path-policy';
import { CsvQuoteError, decodeText, parseCsv, SEPARATORS, type CsvLine, type Separator } from './csv-text';
import { findColumns, type LabelColumns } from './csv-columns';
import { nameMatches, type FindFile, type LabelledSet, type NameMatch } from './name-match';
import { labelsInvalid, labelValues, type LabelRow, type LabelValues } from './csv-values';

/** The content of a labels file, assigned to the files of a set. */
export interface CsvLabels {
  /** One label per file, in the order of the set; null if the labels file has no line for it. */
  readonly labels: readonly (number | null)[];
  readonly groups: readonly (string | null)[] | null;
  readonly classNames: readonly string[];
  readonly kind: LabelValues['kind'];
  /** Uncertain decisions about how to read the file, files without a label, and lines without a file. */
  readonly notes: readonly SetNote[];
}

/** Allows millions of lines. A string cannot hold more than half a gigabyte. */
const MAX_CSV_BYTES = 256e6;
/** Number of lines that are shown as examples. */
const EXAMPLES = 3;

const SEPARATOR_NAMES: Readonly<Record<Separator, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'vertical bars',
  'first space': 'spaces',
  'last space': 'spaces',
};

/** The parsed content of a labels file. */
interface Reading {
  readonly csvPath: string;
  readonly separator: Separator;
  readonly match: NameMatch;
  readonly columns: LabelColumns;
  readonly find: FindFile;
  readonly rows: readonly (LabelRow & { readonly group: string | null })[];
}

/**
 * Reads the label of every file. The meaning of the columns is derived from their content:
 * - The file column is the one that names files of the set. Names are compared as paths relative to the folder of the
 *   set or of the CSV file, then by the end of the path, then without the extension.
 * - The label column is the one with a usual header; otherwise it is the column that remains after columns of line
 *   numbers are excluded.
 * Fields are separated by commas, semicolons, tabs, bars or spaces. Labels are indices, or names whose index is the
 * position in the sorted union (or in `classNames`); see labelValues. Every decision that a plain `file,label` format
 * would not need is described in a note, with examples. Throws `not-found` or `labels-invalid` with file and line.
 */
export async function readLabelsCsv(
  csvPath: string,
  set: LabelledSet,
  classNames?: readonly string[],
): Promise<CsvLabels> {
  requireAllowedPath(csvPath);
  const bytes = await readLimited(csvPath).catch((error: unknown) => {
    throw error instanceof WorkbenchError ? error : readError(error, csvPath, 'Labels file');
  });
  const reading = await takeApart(decodeText(bytes), csvPath, set);
  const nameless = reading.rows.find((row) => row.file === '');
  if (nameless !== undefined)
    throw labelsInvalid(`Expected a file and a label at ${nameless.where}, found "" and "${nameless.label}"`);
  const values = labelValues(reading.rows, classNames);
  return assign(reading, values, set);
}

async function readLimited(csvPath: string): Promise<Buffer> {
  const { size } = await stat(csvPath);
  if (size > MAX_CSV_BYTES)
    throw labelsInvalid(
      `Expected a labels file of at most ${formatBytes(MAX_CSV_BYTES)}, found ${formatBytes(size)} in ${csvPath}`,
    );
  return readFile(csvPath);
}

/** The records of the text for one separator. */
interface Attempt {
  readonly separator: Separator;
  readonly lines: readonly CsvLine[];
  /** Why the text cannot be split at this separator. */
  readonly error: WorkbenchError | null;
}

async function takeApart(text: string, csvPath: string, set: LabelledSet): Promise<Reading> {
  const present = SEPARATORS.filter((separator) => separator.endsWith('space') || text.includes(separator));
  const attempts: Attempt[] = [];
  for (const separator of present) attempts.push(await tryLines(text, separator, csvPath));
  const tables = attempts.filter(({ lines }) => lines.some(({ fields }) => fields.length > 1));
  for (const { match, find: makeFind } of nameMatches(set, csvPath)) {
    const find = makeFind();
    for (const { separator, lines } of tables) {
      const columns = findColumns(lines, find);
      if (columns !== null) return { csvPath, separator, match, columns, find, rows: rowsOf(lines, columns, csvPath) };
    }
  }
  const malformed = attempts.find(({ error }) => error !== null)?.error;
  if (malformed) throw malformed;
  const { lines: plain } = attempts.find(({ separator }) => separator === ',') ?? (await tryLines(text, ',', csvPath));
  const single = plain.find(({ fields }) => fields.length < 2);
  if (single !== undefined && tables.length === 0)
    throw labelsInvalid(
      `Expected a file and a label at ${csvPath}:${single.number}, found "${single.fields[0] ?? ''}" and ""`,
    );
  throw labelsInvalid(
    `None of the ${plain.length} files that ${csvPath} names is in ${set.folder}; the first one: ` +
      (plain[0]?.fields[0] ?? '(no line)'),
    'Names are relative to the image folder or to the CSV.',
  );
}

/**
 * The records of the text for one separator. Text after a closing quote may only mean that the separator is another
 * one, so it is returned; a quote that is never closed is an error for every separator, so it is thrown.
 */
async function tryLines(text: string, separator: Separator, csvPath: string): Promise<Attempt> {
  try {
    return { separator, lines: await parseCsv(text, separator), error: null };
  } catch (error) {
    if (!(error instanceof CsvQuoteError)) throw error;
    const where = `${csvPath}:${error.line}`;
    if (error.kind === 'never closed') throw labelsInvalid(`The quote that opens at ${where} is never closed`);
    const problem = labelsInvalid(`Expected a separator after the closing quote at ${where}, found text`);
    return { separator, lines: [], error: problem };
  }
}

function rowsOf(lines: readonly CsvLine[], columns: LabelColumns, csvPath: string): Reading['rows'] {
  const cell = (line: CsvLine, column: number | null): string | null =>
    column === null ? null : (line.fields[column] ?? '');
  return (columns.header === null ? lines : lines.slice(1)).map((line) => ({
    where: `${csvPath}:${line.number}`,
    file: cell(line, columns.file) ?? '',
    label: cell(line, columns.label) ?? '',
    name: cell(line, columns.name),
    group: cell(line, columns.group),
  }));
}

function assign(reading: Reading, values: LabelValues, set: LabelledSet): CsvLabels {
  const labels: (number | null)[] = set.files.map(() => null);
  const groups: (string | null)[] = set.files.map(() => null);
  const unknown: string[] = [];
  for (const [i, row] of reading.rows.entries()) {
    const places = reading.find(row.file);
    const [first] = places;
    if (first === undefined) {
      unknown.push(row.file);
      continue;
    }
    const label = values.indices[i] ?? null;
    const before = labels[first] ?? null;
    if (before !== null && label !== null && before !== label)
      throw labelsInvalid(`${row.file} has two labels: ${before} and ${label} (${row.where})`);
    for (const place of places) {
      labels[place] = label ?? before;
      groups[place] = row.group === '' ? null : row.group;
    }
  }
  if (labels.every((label) => label === null)) {
    const [odd] = values.odd;
    throw labelsInvalid(
      `Expected a label index from 0 at ${odd?.where ?? reading.csvPath}, found ${odd?.label || 'nothing'}: ` +
        'no line gives a label',
    );
  }
  const notes = [
    ...readingNotes(reading, values),
    ...oddNotes(reading, values),
    ...missingNotes({ reading, labels, unknown }, set),
    ...baseNotes(labels, values),
  ];
  return {
    labels,
    groups: reading.columns.group === null ? null : groups,
    classNames: values.classNames,
    kind: values.kind,
    notes,
  };
}

/** Notes on how the file was read, with examples; none for a plain file. */
function readingNotes(reading: Reading, values: LabelValues): readonly SetNote[] {
  const { columns, csvPath, separator, match } = reading;
  const doubts = [
    ...columns.doubts,
    ...(separator === ',' ? [] : [`fields are separated by ${SEPARATOR_NAMES[separator]}`]),
    ...(match === 'path'
      ? []
      : [
          match === 'end of path'
            ? 'files were matched by the end of their paths'
            : 'files were matched without their extensions',
        ]),
    ...values.doubts,
  ];
  if (doubts.length === 0) return [];
  const title = (column: number): string =>
    `column ${column + 1}${columns.header === null ? '' : ` ("${columns.header[column] ?? ''}")`}`;
  const examples = reading.rows.flatMap((row, i) => {
    const label = values.indices[i] ?? null;
    const name = label === null ? undefined : values.classNames[label];
    return label === null || reading.find(row.file).length === 0
      ? []
      : [`${row.file} is ${label}${name === undefined ? '' : ` (${name})`}`];
  });
  return [
    {
      code: 'labels-reading',
      message:
        `${basename(csvPath)} was read with files in ${title(columns.file)} and labels in ` +
        `${title(columns.label)}, as ${values.kind === 'indices' ? 'indices from 0' : 'names'}: ` +
        `${examples.slice(0, EXAMPLES).join(', ')}. Reason to check: ${doubts.join('; ')}.`,
    },
  ];
}

function oddNotes({ rows, csvPath }: Reading, { odd }: LabelValues): readonly SetNote[] {
  const [first] = odd;
  if (first === undefined) return [];
  const shown = odd.slice(0, EXAMPLES).map(({ file, label }) => `"${label}" (${file})`);
  return [
    {
      code: 'labels-odd',
      message:
        `${odd.length} of ${formatCountOf(rows.length, 'label')} of ${csvPath} ` +
        `${odd.length === 1 ? 'is' : 'are'} neither an index nor a class and ` +
        `${odd.length === 1 ? 'was' : 'were'} left out: ${shown.join(', ')}`,
    },
  ];
}

interface Missing {
  readonly reading: Reading;
  readonly labels: readonly (number | null)[];
  /** Names in the labels file that are not in the set. */
  readonly unknown: readonly string[];
}

function missingNotes({ reading, labels, unknown }: Missing, { files }: LabelledSet): readonly SetNote[] {
  const { csvPath, rows } = reading;
  const unlabelled = files.filter((_, i) => labels[i] === null);
  const messages = [
    ...(unknown.length === 0
      ? []
      : [
          `${unknown.length} of ${rows.length} lines of ${csvPath} name a file that is not in the set; the ` +
            `first one: ${unknown[0]}`,
        ]),
    ...(unlabelled.length === 0
      ? []
      : [
          `${unlabelled.length} of ${files.length} images have no label in ${csvPath}; the first one: ` +
            `${unlabelled[0]?.file}`,
        ]),
  ];
  return messages.map((message) => ({ code: 'labels-missing', message }));
}

/** Labels 1 to N without a gap and without a 0 probably count from 1. */
function baseNotes(labels: readonly (number | null)[], { kind }: LabelValues): readonly SetNote[] {
  const used = new Set(labels.filter((label) => label !== null));
  const highest = [...used].reduce((most, label) => Math.max(most, label), 0);
  if (kind !== 'indices' || used.has(0) || used.size < 2 || used.size !== highest) return [];
  return [
    {
      code: 'labels-from-one',
      message:
        `Labels run from 1 to ${highest} and none is 0. Class indices count from 0: if this file counts from ` +
        '1, every label is one too high.',
    },
  ];
}
