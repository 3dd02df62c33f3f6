/** `localStorage` persists between visits; `sessionStorage` lasts as long as the tab, including reloads. */
export type StoredPlace = 'localStorage' | 'sessionStorage';

/** Reads a value that the browser stores. A storage that is full or blocked counts as empty. */
export function readStored(key: string, place: StoredPlace = 'localStorage'): unknown {
  try {
    const text = globalThis[place].getItem(key);
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** @returns false if the browser could not store the value */
export function writeStored(key: string, value: unknown, place: StoredPlace = 'localStorage'): boolean {
  try {
    globalThis[place].setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}
