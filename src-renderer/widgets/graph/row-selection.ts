/** Layers chosen in a table: one or many. `active` is the one that the keys act from. */
export interface RowSelection {
  readonly chosen: ReadonlySet<string>;
  readonly active: string | null;
  /** Where a range begins. */
  readonly anchor: string | null;
}

export const NO_ROWS: RowSelection = { chosen: new Set(), active: null, anchor: null };

/** `only`: a plain click; `toggle`: with Ctrl; `range`: with Shift. */
export type ChooseMode = 'only' | 'toggle' | 'range';

export function onlyRow(layer: string | null): RowSelection {
  return layer === null ? NO_ROWS : { chosen: new Set([layer]), active: layer, anchor: layer };
}

/** The selection after `layer` was chosen; `order` is the rows as they are shown. */
export function chooseRow(
  selection: RowSelection,
  order: readonly string[],
  layer: string,
  mode: ChooseMode,
): RowSelection {
  if (mode === 'only') return onlyRow(layer);
  if (mode === 'toggle') {
    const chosen = new Set(selection.chosen);
    if (!chosen.delete(layer)) chosen.add(layer);
    return { chosen, active: layer, anchor: layer };
  }
  const from = order.indexOf(selection.anchor ?? layer);
  const to = order.indexOf(layer);
  if (from < 0 || to < 0) return onlyRow(layer);
  return {
    chosen: new Set(order.slice(Math.min(from, to), Math.max(from, to) + 1)),
    active: layer,
    anchor: selection.anchor ?? layer,
  };
}
