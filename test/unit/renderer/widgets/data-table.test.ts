// @vitest-environment jsdom
import { act, createElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';
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

let root: Root;
let host: HTMLElement;

beforeEach(async () => {
  Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);
  // jsdom lays nothing out.
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockReturnValue(VIEW_PX);
  vi.spyOn(Element.prototype, 'clientWidth', 'get').mockReturnValue(400);
  HTMLElement.prototype.scrollTo = function scrollTo(this: HTMLElement, options?: ScrollToOptions | number) {
    this.scrollTop = typeof options === 'object' ? (options.top ?? 0) : 0;
  };
  host = document.body.appendChild(document.createElement('div'));
  root = createRoot(host);
  await show(null);
});

afterEach(async () => {
  await act(async () => root.unmount());
  host.remove();
  vi.restoreAllMocks();
  vi.clearAllMocks();
});

async function show(activeKey: string | null): Promise<void> {
  await act(async () =>
    root.render(
      createElement(DataTable<Item>, {
        label: 'Items',
        rows: ITEMS,
        columns: COLUMNS,
        rowKey: (item: Item) => item.name,
        activeKey,
        onPick,
        onActivate,
      }),
    ),
  );
}

const grid = (): HTMLElement => host.querySelector<HTMLElement>('[role=grid]') ?? host;
const rowOf = (name: string): HTMLElement | undefined =>
  [...host.querySelectorAll<HTMLElement>('[role=row]')].find((row) => row.firstElementChild?.textContent === name);

async function scrollTo(topPx: number): Promise<void> {
  await act(async () => {
    grid().scrollTop = topPx;
    grid().dispatchEvent(new Event('scroll'));
  });
}

describe('DataTable', () => {
  it('draws the rows in sight, in their order, and says how many there are', () => {
    const rows = [...host.querySelectorAll('.table-body [role=row]')];
    expect(grid().getAttribute('aria-rowcount')).toBe('501');
    expect(rows.length).toBeLessThan(40);
    expect(rows.map((row) => row.getAttribute('aria-rowindex'))).toEqual(rows.map((_row, i) => String(i + 2)));
    expect(rowOf('item 3')?.style.top).toBe('84px');
  });

  it('draws only rows that come into sight while it scrolls', async () => {
    drawn.mockClear();
    await scrollTo(28 * 5);
    expect(drawn.mock.calls.map(([name]) => name)).toEqual(['item 22', 'item 23', 'item 24', 'item 25', 'item 26']);
  });

  it('has one element a cell for plain values, with the whole text on hover', () => {
    const cell = rowOf('item 0')?.querySelector('[role=gridcell]');
    expect(cell?.childElementCount).toBe(0);
    expect(cell?.getAttribute('title')).toBe('the whole name of item 0');
  });

  it('picks the row under the pointer, after scrolling and sorting too', async () => {
    await act(async () => rowOf('item 2')?.querySelector<HTMLElement>('[role=gridcell]')?.click());
    expect(onPick).toHaveBeenLastCalledWith('item 2', expect.objectContaining({ isRange: false, isToggle: false }));
    await act(async () => host.querySelector<HTMLElement>('.table-sort')?.click());
    await scrollTo(28 * 30);
    await act(async () => rowOf('item 465')?.dispatchEvent(new MouseEvent('click', { bubbles: true, shiftKey: true })));
    expect(onPick).toHaveBeenLastCalledWith('item 465', expect.objectContaining({ isRange: true }));
  });

  it('opens a row by a double click', async () => {
    await act(async () => rowOf('item 1')?.dispatchEvent(new MouseEvent('dblclick', { bubbles: true })));
    expect(onActivate).toHaveBeenCalledWith('item 1');
  });

  it('marks the active row and names it to assistive technology', async () => {
    await show('item 4');
    expect(rowOf('item 4')?.getAttribute('aria-selected')).toBe('true');
    expect(grid().getAttribute('aria-activedescendant')).toBe(rowOf('item 4')?.id);
    await act(async () => grid().dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true })));
    expect(onPick).toHaveBeenLastCalledWith('item 5', expect.anything());
  });
});
