/** `localStorage` lasts between visits, `sessionStorage` as long as the tab, reloads included. */
export type StoredPlace = 'localStorage' | 'sessionStorage';

/** Small things kept in the browser; a full or forbidden storage is the same as an empty one. */
export function readStored(key: string, place: StoredPlace = 'localStorage'): unknown {
  try {
    const text = globalThis[place].getItem(key);
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** @returns false when it could not be kept: it is asked again at the next visit */
export function writeStored(key: string, value: unknown, place: StoredPlace = 'localStorage'): boolean {
  try {
    globalThis[place].setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}
