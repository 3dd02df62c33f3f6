import { describe, expect, it } from 'vitest';
import { keyTarget, nextSort, sortRows } from '../../../../src-renderer/widgets/table-order';

interface Row {
  readonly name: string;
  readonly value: number | null;
}
const columns = [
  { id: 'name', sortValue: (row: Row) => row.name },
  { id: 'value', sortValue: (row: Row) => row.value },
  { id: 'fixed' },
];
const rows: readonly Row[] = [
  { name: 'conv_10', value: 2 },
  { name: 'conv_2', value: null },
  { name: 'conv_1', value: Number.POSITIVE_INFINITY },
  { name: 'conv_3', value: Number.NaN },
  { name: 'conv_4', value: 2 },
];
const namesBy = (column: string, direction: 'ascending' | 'descending'): readonly string[] =>
  sortRows(rows, columns, { column, direction }).map((row) => row.name);

describe('sortRows', () => {
  it('counts numbers in names as a person does', () => {
    expect(namesBy('name', 'ascending')).toEqual(['conv_1', 'conv_2', 'conv_3', 'conv_4', 'conv_10']);
  });

  it('puts rows without a value last in both directions and keeps equal ones in order', () => {
    expect(namesBy('value', 'ascending')).toEqual(['conv_10', 'conv_4', 'conv_1', 'conv_2', 'conv_3']);
    expect(namesBy('value', 'descending')).toEqual(['conv_1', 'conv_10', 'conv_4', 'conv_2', 'conv_3']);
  });

  it('leaves rows alone without a sort, or by a column that has no values', () => {
    expect(sortRows(rows, columns, null)).toBe(rows);
    expect(sortRows(rows, columns, { column: 'fixed', direction: 'ascending' })).toBe(rows);
  });
});

describe('nextSort', () => {
  it('goes from the first direction to the other one to none', () => {
    const first = nextSort(null, 'value', 'descending');
    const second = nextSort(first, 'value', 'descending');
    expect([first, second, nextSort(second, 'value', 'descending')]).toEqual([
      { column: 'value', direction: 'descending' },
      { column: 'value', direction: 'ascending' },
      null,
    ]);
    expect(nextSort(second, 'name', 'ascending')).toEqual({ column: 'name', direction: 'ascending' });
  });
});

describe('keyTarget', () => {
  it.each([
    ['ArrowDown', -1, 0],
    ['ArrowUp', -1, 99],
    ['ArrowDown', 99, 99],
    ['ArrowUp', 0, 0],
    ['PageDown', 95, 99],
    ['PageUp', 5, 0],
    ['End', 3, 99],
    ['Home', 3, 0],
  ])('%s from row %i goes to row %i', (key, from, to) => {
    expect(keyTarget(key, from, 100, 10)).toBe(to);
  });

  it('goes nowhere in an empty table or with another key', () => {
    expect(keyTarget('ArrowDown', -1, 0, 10)).toBeNull();
    expect(keyTarget('x', 3, 10, 10)).toBeNull();
  });
});
