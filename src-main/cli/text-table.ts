import { oneLine, type Block, type Column } from './output';
import { textWidth } from './text-width';

/** The text of lines and tables, ending in a newline. Control characters in lines and cells are escaped. */
export function renderBlocks(blocks: readonly Block[]): string {
  return blocks
    .map((block) => (typeof block === 'string' ? `${oneLine(block)}\n` : renderTable(block.columns, block.rows)))
    .join('');
}

const GAP = '  ';

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const fill = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'right' ? fill + text : text + fill;
}

/**
 * A table with a header, a rule and one line per row. Columns are two spaces apart, lines have no trailing spaces, and
 * the text ends in a newline. Control characters are escaped.
 */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => columns.map((_, index) => oneLine(row[index] ?? '')));
  const widths = columns.map((column, index) =>
    Math.max(textWidth(oneLine(column.title)), ...cells.map((row) => textWidth(row[index] ?? ''))),
  );
  const line = (values: readonly string[]): string =>
    columns
      .map((column, index) => pad(values[index] ?? '', widths[index] ?? 0, column.align ?? 'left'))
      .join(GAP)
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join(GAP);
  return [line(columns.map((column) => oneLine(column.title))), rule, ...cells.map(line), ''].join('\n');
}
