/** Small things kept in the browser; a full or forbidden storage is the same as an empty one. */
export function readStored(key: string): unknown {
  try {
    const text = globalThis.localStorage.getItem(key);
    return text === null ? null : (JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}

export function writeStored(key: string, value: unknown): void {
  try {
    globalThis.localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // What cannot be kept is asked again at the next visit.
  }
}
