// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { createElement, type ReactElement } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DataTable, type Column } from '../../../../src-renderer/widgets/data-table';

interface Item {
  readonly name: string;
  readonly size: number;
}

const ITEMS = Array.from({ length: 500 }, (_, i): Item => ({ name: `item ${i}`, size: 500 - i }));
const VIEW_PX = 280;
const drawn = vi.fn<(name: string) => void>();
const COLUMNS: readonly Column<Item>[] = [
  {
    id: 'name',
    title: 'Name',
    width: '1fr',
    render: (item) => {
      drawn(item.name);
      return item.name;
    },
    hover: (item) => `the whole name of ${item.name}`,
  },
  { id: 'size', title: 'Size', width: 60, align: 'right', render: (item) => item.size, sortValue: (item) => item.size },
];
const onPick = vi.fn();
const onActivate = vi.fn();

let rerender: (element: ReactElement) => void;

beforeEach(() => {
  // jsdom lays nothing out.
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(VIEW_PX);
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(400);
  HTMLElement.prototype.scrollTo = function scrollTo(this: HTMLElement, options?: ScrollToOptions | number) {
    this.scrollTop = typeof options === 'object' ? (options.top ?? 0) : 0;
  };
  rerender = render(null).rerender;
  show(null);
});

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.clearAllMocks();
});

function show(activeKey: string | null): void {
  rerender(
    createElement(DataTable<Item>, {
      label: 'Items',
      rows: ITEMS,
      columns: COLUMNS,
      rowKey: (item: Item) => item.name,
      activeKey,
      onPick,
      onActivate,
    }),
  );
}

const grid = (): HTMLElement => screen.getByRole('grid');
/** The row whose first cell has the name. */
function rowOf(name: string): HTMLElement {
  const found = screen.getAllByRole('row').find((row) => row.firstElementChild?.textContent === name);
  if (found === undefined) throw new Error(`no row "${name}"`);
  return found;
}
const firstCellOf = (name: string): HTMLElement | undefined => within(rowOf(name)).getAllByRole('gridcell')[0];

const scrollTo = (topPx: number): boolean => fireEvent.scroll(grid(), { target: { scrollTop: topPx } });

describe('DataTable', () => {
  it('draws the rows in sight, in their order, and says how many there are', () => {
    const rows = screen.getAllByRole('row').slice(1);
    expect(grid().getAttribute('aria-rowcount')).toBe('501');
    expect(rows.length).toBeLessThan(40);
    expect(rows.map((row) => row.getAttribute('aria-rowindex'))).toEqual(rows.map((_row, i) => String(i + 2)));
    expect(rowOf('item 3').style.top).toBe('84px');
  });

  it('draws only rows that come into sight while it scrolls', () => {
    drawn.mockClear();
    scrollTo(28 * 5);
    expect(drawn.mock.calls.map(([name]) => name)).toEqual(['item 22', 'item 23', 'item 24', 'item 25', 'item 26']);
  });

  it('has one element a cell for plain values, with the whole text on hover', () => {
    const cell = firstCellOf('item 0');
    expect(cell?.childElementCount).toBe(0);
    expect(cell?.getAttribute('title')).toBe('the whole name of item 0');
  });

  it('picks the row under the pointer, after scrolling and sorting too', () => {
    fireEvent.click(firstCellOf('item 2') ?? grid());
    expect(onPick).toHaveBeenLastCalledWith('item 2', expect.objectContaining({ isRange: false, isToggle: false }));
    fireEvent.click(screen.getByRole('button', { name: 'Size' }));
    scrollTo(28 * 30);
    fireEvent.click(rowOf('item 465'), { shiftKey: true });
    expect(onPick).toHaveBeenLastCalledWith('item 465', expect.objectContaining({ isRange: true }));
  });

  it('opens a row by a double click', () => {
    fireEvent.doubleClick(rowOf('item 1'));
    expect(onActivate).toHaveBeenCalledWith('item 1');
  });

  it('marks the active row and names it to assistive technology', () => {
    show('item 4');
    expect(rowOf('item 4').getAttribute('aria-selected')).toBe('true');
    expect(grid().getAttribute('aria-activedescendant')).toBe(rowOf('item 4').id);
    fireEvent.keyDown(grid(), { key: 'ArrowDown' });
    expect(onPick).toHaveBeenLastCalledWith('item 5', expect.anything());
  });
});
