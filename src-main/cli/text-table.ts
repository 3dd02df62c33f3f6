import { oneLine } from './terminal-text';

/** A column of a plain-text table. Numbers go to the right so that their digits line up. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

const GAP = '  ';
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** East Asian wide and fullwidth blocks and emoji: two cells in a terminal. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;
const INVISIBLE = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

/** Terminal cells that `text` takes: wide characters two, combining marks none. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    if (INVISIBLE.test(segment)) continue;
    width += WIDE.test(segment) ? 2 : 1;
  }
  return width;
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const fill = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'right' ? fill + text : text + fill;
}

/**
 * A table with a header, a rule and one line per row, columns two spaces apart, no trailing spaces, ending in a newline.
 * Cells missing at the end of a row are empty; what would steer a terminal is escaped.
 */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => columns.map((_, index) => oneLine(row[index] ?? '')));
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(oneLine(column.title)), ...cells.map((row) => displayWidth(row[index] ?? ''))),
  );
  const line = (values: readonly string[]): string =>
    columns
      .map((column, index) => pad(values[index] ?? '', widths[index] ?? 0, column.align ?? 'left'))
      .join(GAP)
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join(GAP);
  return [line(columns.map((column) => oneLine(column.title))), rule, ...cells.map(line), ''].join('\n');
}

/** The table without columns that no row has anything in. */
export function renderFilledTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const filled = [...columns.keys()].filter((index) => rows.some((row) => (row[index] ?? '') !== ''));
  return renderTable(
    columns.filter((_, index) => filled.includes(index)),
    rows.map((row) => filled.map((index) => row[index] ?? '')),
  );
}
