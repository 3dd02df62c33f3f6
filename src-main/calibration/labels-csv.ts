import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WorkbenchError } from '../../src-shared/base/errors';
import type { SetNote } from '../../src-shared/domain/image-set';
import { readError } from '../base/file-errors';
import { compareText, resolveListed, type FoundFile } from './image-set-files';

/** What a labels CSV says about the files of a set. */
export interface CsvLabels {
  /** Per file, in the order of the set; null where the CSV has no line for it. */
  readonly labels: readonly (number | null)[];
  readonly groups: readonly (string | null)[] | null;
  readonly classNames: readonly string[];
  /** Files without a label and lines without a file. */
  readonly notes: readonly SetNote[];
}

interface Columns {
  readonly file: number;
  readonly label: number;
  readonly name: number | null;
  readonly group: number | null;
}

interface Line {
  readonly number: number;
  readonly fields: readonly string[];
}

const FILE_HEADERS = ['file', 'filename', 'file_name', 'path', 'image'];
const LABEL_HEADERS = ['label', 'label_index', 'class', 'class_index', 'class_id', 'index', 'target'];
const NAME_HEADERS = ['label_name', 'class_name', 'name'];
const MAX_LABEL = 1e6;

const invalid = (message: string, hint = 'Expected lines of `file,label`, the label an index from 0 or a name.'): WorkbenchError =>
  new WorkbenchError('labels-invalid', message, { hint });

/**
 * Reads `file,label` lines (optional header; columns label_name and group when the header names them; quoted fields,
 * CRLF, a BOM, blank lines and `#` comments). Labels are indices when all of them are, else names, whose index is the
 * position in the sorted union (or in `classNames`). Files are relative to the set's folder or to the CSV's.
 * Throws `not-found` or `labels-invalid` with file and line.
 */
export async function readLabelsCsv(
  csvPath: string,
  set: { readonly folder: string; readonly files: readonly FoundFile[] },
  classNames?: readonly string[],
): Promise<CsvLabels> {
  const text = await readFile(csvPath, 'utf8').catch((error: unknown) => {
    throw readError(error, csvPath, 'Labels file');
  });
  const lines = parseLines(text, csvPath);
  const header = headerOf(lines[0]);
  const columns = header ?? { file: 0, label: 1, name: null, group: null };
  const rows = (header === null ? lines : lines.slice(1)).map((line) => ({
    where: `${csvPath}:${line.number}`,
    file: (line.fields[columns.file] ?? '').trim(),
    label: (line.fields[columns.label] ?? '').trim(),
    name: columns.name === null ? null : (line.fields[columns.name] ?? '').trim(),
    group: columns.group === null ? null : (line.fields[columns.group] ?? '').trim(),
  }));
  const empty = rows.find((row) => row.file === '' || row.label === '');
  if (empty !== undefined) throw invalid(`Expected a file and a label at ${empty.where}, found "${empty.file}" and "${empty.label}"`);
  const indexed = indexLabels(rows, classNames);
  return matchFiles({ rows, indices: indexed.indices, csvPath, set, classNames: indexed.classNames, hasGroups: columns.group !== null });
}

interface Row {
  readonly where: string;
  readonly file: string;
  readonly label: string;
  readonly name: string | null;
  readonly group: string | null;
}

function headerOf(line: Line | undefined): Columns | null {
  if (line === undefined) return null;
  const names = line.fields.map((field) => field.trim().toLowerCase());
  const find = (candidates: readonly string[]): number => candidates.map((name) => names.indexOf(name)).find((at) => at >= 0) ?? -1;
  const file = find(FILE_HEADERS);
  const labelOrIndex = find(LABEL_HEADERS);
  const name = find(NAME_HEADERS);
  const label = labelOrIndex >= 0 ? labelOrIndex : name;
  if (file < 0 || label < 0) return null;
  const group = names.indexOf('group');
  return { file, label, name: name < 0 || name === label ? null : name, group: group < 0 ? null : group };
}

/** Splits CSV text into fields: quotes may hold commas, doubled quotes and line ends. */
function parseLines(text: string, csvPath: string): readonly Line[] {
  const lines: Line[] = [];
  let fields: string[] = [];
  let field = '';
  let isQuoted = false;
  let lineNumber = 1;
  let startedAt = 1;
  const source = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const endLine = (): void => {
    fields.push(field);
    const isBlank = fields.length === 1 && field.trim() === '';
    if (!isBlank && !(fields[0] ?? '').trimStart().startsWith('#')) lines.push({ number: startedAt, fields });
    fields = [];
    field = '';
    startedAt = lineNumber + 1;
  };
  for (let i = 0; i < source.length; i += 1) {
    const char = source[i] ?? '';
    if (isQuoted) {
      if (char !== '"') field += char;
      else if (source[i + 1] === '"') field += source[++i] ?? '';
      else isQuoted = false;
    } else if (char === '"' && field.trim() === '') {
      isQuoted = true;
      field = '';
    } else if (char === ',') {
      fields.push(field);
      field = '';
    } else if (char === '\n') {
      endLine();
    } else {
      field += char;
    }
    if (char === '\n') lineNumber += 1;
  }
  if (isQuoted) throw invalid(`The quote that opens at ${csvPath}:${startedAt} is never closed`);
  endLine();
  return lines;
}

/** Indices by row, and the class names: those of the name column, or of the labels themselves when they are names. */
function indexLabels(rows: readonly Row[], known: readonly string[] | undefined): { readonly indices: readonly number[]; readonly classNames: readonly string[] } {
  if (rows.every((row) => /^\d+$/.test(row.label))) {
    const indices = rows.map((row) => Number(row.label));
    const tooLarge = rows.find((_, i) => (indices[i] ?? 0) > MAX_LABEL);
    if (tooLarge !== undefined) throw invalid(`Expected a label index up to ${MAX_LABEL} at ${tooLarge.where}, found ${tooLarge.label}`);
    return { indices, classNames: known ?? namesByIndex(rows, indices) };
  }
  const negative = rows.find((row) => /^-\d+$/.test(row.label));
  if (negative !== undefined) throw invalid(`Expected a label index from 0 at ${negative.where}, found ${negative.label}`);
  const classNames = known ?? [...new Set(rows.map((row) => row.label))].sort(compareText);
  const positions = new Map(classNames.map((name, index) => [name, index]));
  const indices = rows.map((row) => {
    const index = positions.get(row.label);
    if (index === undefined) throw invalid(`Expected one of ${classNames.length} class names at ${row.where}, found "${row.label}"`);
    return index;
  });
  return { indices, classNames };
}

/** The name column as a list by index; an index that no line names is called by its number. */
function namesByIndex(rows: readonly Row[], indices: readonly number[]): readonly string[] {
  const names: string[] = [];
  let hasNames = false;
  for (const [i, row] of rows.entries()) {
    if (row.name === null || row.name === '') continue;
    hasNames = true;
    names[indices[i] ?? 0] = row.name;
  }
  return hasNames ? Array.from(names, (name: string | undefined, index) => name ?? String(index)) : [];
}

interface MatchTask {
  readonly rows: readonly Row[];
  readonly indices: readonly number[];
  readonly csvPath: string;
  readonly set: { readonly folder: string; readonly files: readonly FoundFile[] };
  readonly classNames: readonly string[];
  readonly hasGroups: boolean;
}

function matchFiles({ rows, indices, csvPath, set, classNames, hasGroups }: MatchTask): CsvLabels {
  const positions = positionsOf(set.files);
  const labels: (number | null)[] = set.files.map(() => null);
  const groups: (string | null)[] = set.files.map(() => null);
  const unknown: string[] = [];
  for (const [i, row] of rows.entries()) {
    const found = positions.get(resolveListed(set.folder, row.file)) ?? positions.get(resolveListed(dirname(csvPath), row.file)) ?? [];
    const [first] = found;
    if (first === undefined) {
      unknown.push(row.file);
      continue;
    }
    const before = labels[first] ?? null;
    const label = indices[i] ?? 0;
    if (before !== null && before !== label) throw invalid(`${row.file} has two labels: ${before} and ${label} (${row.where})`);
    for (const position of found) {
      labels[position] = label;
      groups[position] = row.group === '' ? null : row.group;
    }
  }
  const unlabelled = set.files.filter((_, i) => labels[i] === null);
  if (unlabelled.length === set.files.length) {
    throw invalid(`None of the ${rows.length} files that ${csvPath} names is in ${set.folder}; the first one: ${rows[0]?.file ?? '(no line)'}`, 'Names are relative to the image folder or to the CSV.');
  }
  const messages = [
    ...(unknown.length === 0 ? [] : [`${unknown.length} of ${rows.length} lines of ${csvPath} name a file that is not in the set; the first one: ${unknown[0]}`]),
    ...(unlabelled.length === 0 ? [] : [`${unlabelled.length} of ${set.files.length} images have no label in ${csvPath}; the first one: ${unlabelled[0]?.file}`]),
  ];
  return { labels, groups: hasGroups ? groups : null, classNames, notes: messages.map((message) => ({ code: 'labels-missing', message })) };
}

/** Path -> the places at which the set has the file: several when a list repeats it. */
function positionsOf(files: readonly FoundFile[]): ReadonlyMap<string, readonly number[]> {
  const positions = new Map<string, number[]>();
  for (const [i, { path }] of files.entries()) {
    const known = positions.get(path);
    if (known) known.push(i);
    else positions.set(path, [i]);
  }
  return positions;
}
