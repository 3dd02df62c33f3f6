/** CSS pixels of one thumbnail with its name and the gap around it. */
export const CELL_WIDTH = 104;
export const CELL_HEIGHT = 122;
export const PICTURE_SIDE = 92;

export function columnsIn(width: number): number {
  return Math.max(1, Math.floor(width / CELL_WIDTH));
}

export function rowsFor(count: number, columns: number): number {
  return Math.ceil(count / columns);
}

/** Where a key leads in a grid of `count` cells; null when the key does not walk. A walk stops at the edges. */
export function walkGrid(
  key: string,
  from: number,
  grid: { readonly count: number; readonly columns: number; readonly pageRows: number },
): number | null {
  const { count, columns, pageRows } = grid;
  if (count === 0) return null;
  const step = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columns,
    ArrowUp: -columns,
    PageDown: columns * pageRows,
    PageUp: -columns * pageRows,
  }[key];
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  if (step === undefined) return null;
  const target = from + step;
  if (target < 0) return Math.abs(step) === 1 ? 0 : from % columns;
  // Down from the last but one row lands on the last image even where the last row is shorter.
  return Math.min(count - 1, target);
}
