import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { withoutEmptyColumns } from '../../../src-main/cli/output';
import { renderBlocks, renderTable } from '../../../src-main/cli/text-table';

describe('the width of a cell', () => {
  it.each([
    ['abc', 3],
    ['\u22121.5 dB', 7],
    ['阈值', 4],
    ['e\u0301', 1],
    ['👍', 2],
    ['a\u200bb', 2],
    ['한글', 4],
    ['', 0],
  ])('of %s is %i', (text, width) => {
    expect(stringWidth(text)).toBe(width);
  });
});

describe('renderTable', () => {
  it('aligns numbers to the right and text to the left, without trailing spaces', () => {
    const table = renderTable(
      [{ title: 'Variant' }, { title: 'Top-1', align: 'right' }, { title: 'Note' }],
      [
        ['fp32', '97.05 %', ''],
        ['int8-minmax', '\u22120.66 pp', 'night'],
      ],
    );
    expect(table.split('\n')).toEqual([
      'Variant         Top-1  Note',
      '───────────  ────────  ─────',
      'fp32          97.05 %',
      'int8-minmax  \u22120.66 pp  night',
      '',
    ]);
  });

  it('counts wide characters as two cells', () => {
    const lines = renderTable(
      [{ title: 'A' }, { title: 'B' }],
      [
        ['阈值', 'x'],
        ['abcd', 'y'],
      ],
    ).split('\n');
    expect(lines[2]).toBe('阈值  x');
    expect(lines[3]).toBe('abcd  y');
  });

  it('lets no control character through', () => {
    expect(renderTable([{ title: 'A' }], [['a\nb\u001b[31m']])).toContain('a\\u000ab\\u001b[31m');
  });

  it('has only a header for no rows, and empty cells for short rows', () => {
    expect(renderTable([{ title: 'A' }], [])).toBe('A\n─\n');
    expect(renderTable([{ title: 'A' }, { title: 'B' }], [['x']])).toBe('A  B\n─  ─\nx\n');
  });
});

describe('withoutEmptyColumns', () => {
  it('leaves out columns that no row has anything in', () => {
    const columns = ['variant', 'top-1', 'SQNR'].map((title) => ({ title }));
    expect(
      renderBlocks([
        withoutEmptyColumns({
          columns,
          rows: [
            ['int8', '', '20 dB'],
            ['fp32', '', ''],
          ],
        }),
      ]).split('\n')[0],
    ).toBe('variant  SQNR');
  });
});
