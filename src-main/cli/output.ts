/**
 * Characters that control a terminal or reorder its text: C0 and C1 controls with DEL (which includes every escape
 * sequence), the separators of lines and paragraphs, and the controls of bidirectional text (Unicode Standard Annex 9).
 * Names in files of other people may contain them.
 */
const CONTROLS = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}

/** Text that is safe as one line of a terminal: control characters, line breaks included, are written as \uXXXX. */
export function oneLine(text: string): string {
  return text.replaceAll(CONTROLS, escaped);
}

/**
 * Like oneLine, but keeps line breaks. In the strings of a JSON document, \uXXXX has the same meaning as the character.
 */
export function severalLines(text: string): string {
  return text.replaceAll(CONTROLS, (character) => (character === '\n' ? character : escaped(character)));
}

/** A column of a plain-text table. Numbers are aligned to the right, so that their digits line up. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

export interface Table {
  readonly columns: readonly Column[];
  /** Cells that are missing at the end of a row are empty. */
  readonly rows: readonly (readonly string[])[];
}

/** The output of a command: one line of text (empty for a blank line), or a table. */
export type Block = string | Table;

/** The table without columns that are empty in every row. */
export function withoutEmptyColumns({ columns, rows }: Table): Table {
  const filled = [...columns.keys()].filter((index) => rows.some((row) => (row[index] ?? '') !== ''));
  return {
    columns: columns.filter((_, index) => filled.includes(index)),
    rows: rows.map((row) => filled.map((index) => row[index] ?? '')),
  };
}

/** A JSON document for stdout. Typed arrays become lists; NaN and infinity, which JSON does not have, become null. */
export function toJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_, item: unknown) =>
      ArrayBuffer.isView(item) && !(item instanceof DataView) ? Array.from(item as Float64Array) : item,
    1,
  );
}
