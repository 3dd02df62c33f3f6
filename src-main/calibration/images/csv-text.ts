/** One line of a table in a text file. */
export interface CsvLine {
  /** From 1, of the line on which the record begins. */
  readonly number: number;
  readonly fields: readonly string[];
}

/** What stands between the fields of a line; `first space` and `last space` split a line in two there. */
export type Separator = ',' | ';' | '\t' | '|' | 'first space' | 'last space';

/** In the order in which they are tried. */
export const SEPARATORS: readonly Separator[] = [',', ';', '\t', '|', 'first space', 'last space'];

/** A quote that is never closed, in the record that begins at `line`. */
export class UnclosedQuoteError extends Error {
  constructor(readonly line: number) {
    super(`the quote that opens in line ${line} is never closed`);
  }
}

/** The text of a file that a spreadsheet or an editor wrote: UTF-8, or UTF-16 where a byte order mark says so. */
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
 * Splits text into lines of trimmed fields. Quotes may hold separators, doubled quotes and line ends (RFC 4180); line ends
 * are LF, CRLF or CR; blank lines and lines that begin with `#` are left out. Throws UnclosedQuoteError.
 */
export function parseCsv(text: string, separator: Separator): readonly CsvLine[] {
  const source = text.replace(/\r\n?/g, '\n');
  return separator === 'first space' || separator === 'last space'
    ? splitAtSpaces(source, separator)
    : splitFields(source, separator);
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

function splitFields(source: string, separator: string): readonly CsvLine[] {
  const lines: CsvLine[] = [];
  let fields: string[] = [];
  let field = '';
  let isQuoted = false;
  let lineNumber = 1;
  let startedAt = 1;
  const endLine = (): void => {
    fields.push(field.trim());
    const isBlank = fields.length === 1 && fields[0] === '';
    if (!isBlank && !(fields[0] ?? '').startsWith('#')) lines.push({ number: startedAt, fields });
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
    } else if (char === separator) {
      fields.push(field.trim());
      field = '';
    } else if (char === '\n') {
      endLine();
    } else {
      field += char;
    }
    if (char === '\n') lineNumber += 1;
  }
  if (isQuoted) throw new UnclosedQuoteError(startedAt);
  endLine();
  return lines;
}
