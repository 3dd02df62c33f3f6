import type { DroppedItem } from '../../api/connection';

/** Must be called while the drop event runs: the browser takes its content away afterwards. */
export function itemsOfDrop(transfer: Pick<DataTransfer, 'items'>): readonly DroppedItem[] {
  return [...transfer.items].flatMap((item) => {
    if (item.kind !== 'file') return [];
    const entry = item.webkitGetAsEntry();
    const file = item.getAsFile();
    const name = entry?.name ?? file?.name;
    return name === undefined ? [] : [{ name, isFolder: entry?.isDirectory === true, file, entry }];
  });
}
