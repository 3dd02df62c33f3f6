import stringWidth from 'string-width';
import { oneLine } from './terminal-text';

/** A column of a plain-text table. Numbers go to the right so that their digits line up. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

const GAP = '  ';

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const fill = ' '.repeat(Math.max(0, width - stringWidth(text)));
  return align === 'right' ? fill + text : text + fill;
}

/**
 * A table with a header, a rule and one line per row, columns two spaces apart, no trailing spaces, ending in a newline.
 * Cells missing at the end of a row are empty; what would steer a terminal is escaped.
 */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => columns.map((_, index) => oneLine(row[index] ?? '')));
  const widths = columns.map((column, index) =>
    Math.max(stringWidth(oneLine(column.title)), ...cells.map((row) => stringWidth(row[index] ?? ''))),
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
