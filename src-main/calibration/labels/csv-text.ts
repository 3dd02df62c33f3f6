/** One record of a table in a text file. */
export interface CsvLine {
  /** Line on which the record begins, counted from 1. */
  readonly number: number;
  readonly fields: readonly string[];
}

/**
 * The separator between the fields of a record. `first space` and `last space` split each line into two fields at that
 * space.
 */
export type Separator = ',' | ';' | '\t' | '|' | 'first space' | 'last space';

/** All separators, in the order in which they are tried. */
export const SEPARATORS: readonly Separator[] = [',', ';', '\t', '|', 'first space', 'last space'];

/** Text that breaks the quoting rules of RFC 4180, in the record that begins at `line`. */
export class CsvQuoteError extends Error {
  constructor(
    readonly kind: 'never closed' | 'text after it',
    readonly line: number,
  ) {
    super(`quote ${kind} in line ${line}`);
  }
}

/** Decodes a text file as spreadsheets and editors write it: UTF-16 with a byte order mark, otherwise UTF-8. */
export function decodeText(bytes: Buffer): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return bytes.subarray(2).toString('utf16le');
  if (first === 0xfe && second === 0xff)
    return Buffer.from(bytes.subarray(2, bytes.length - (bytes.length % 2)))
      .swap16()
      .toString('utf16le');
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

/**
 * Splits text into records of trimmed fields. Quoted fields may contain separators, doubled quotes and line ends (RFC
 * 4180). Line ends are LF, CRLF or CR. Blank lines and lines that begin with `#` are skipped.
 * @throws CsvQuoteError if a quote is never closed or text follows a closing quote
 */
export async function parseCsv(text: string, separator: Separator): Promise<readonly CsvLine[]> {
  const source = text.replace(/\r\n?/g, '\n');
  return separator === 'first space' || separator === 'last space'
    ? splitAtSpaces(source, separator)
    : splitAtDelimiters(source, separator);
}

function splitAtSpaces(source: string, separator: 'first space' | 'last space'): readonly CsvLine[] {
  const pattern = separator === 'first space' ? /^(\S+)\s+(.*)$/ : /^(.*\S)\s+(\S+)$/;
  return source.split('\n').flatMap((line, i) => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return [];
    const parts = pattern.exec(trimmed);
    return [{ number: i + 1, fields: parts === null ? [trimmed] : parts.slice(1) }];
  });
}

async function splitAtDelimiters(source: string, delimiter: string): Promise<readonly CsvLine[]> {
  // Loaded when it is needed, because most commands read no labels file.
  const { CsvError, parse } = await import('csv-parse/sync');
  const records: CsvLine[] = [];
  /** Lines of the records that are complete. */
  let linesRead = 0;
  try {
    parse(source, {
      delimiter,
      record_delimiter: '\n',
      comment: '#',
      comment_no_infix: true,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      trim: true,
      on_record: (fields: string[], { lines }) => {
        linesRead = lines;
        const lineEnds = fields.reduce((sum, field) => sum + field.split('\n').length - 1, 0);
        records.push({ number: lines - lineEnds, fields: fields.map((field) => field.trim()) });
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const kind = error.code === 'CSV_QUOTE_NOT_CLOSED' ? 'never closed' : 'text after it';
    throw new CsvQuoteError(kind, nextRecordLine(source, linesRead));
  }
  return records;
}

/** The line, counted from 1, of the first record after `linesRead` lines. */
function nextRecordLine(source: string, linesRead: number): number {
  const rest = source.split('\n').slice(linesRead);
  const skipped = rest.findIndex((line) => line.trim() !== '' && !line.trim().startsWith('#'));
  return linesRead + Math.max(0, skipped) + 1;
}
