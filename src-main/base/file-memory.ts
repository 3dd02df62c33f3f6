import { LRUCache } from 'lru-cache';
import { stampOf } from './file-hash';
import { SharedRuns } from './shared-runs';

/**
 * Values that were computed from files. A value is computed again only if the file has changed since; callers that ask
 * at the same time share one computation. The least recently used values are forgotten.
 */
export class FileMemory<T> {
  private readonly known: LRUCache<string, { readonly stamp: string; readonly value: T }>;
  private readonly runs = new SharedRuns<T>();

  constructor(max: number) {
    // With `max`, room for all of them would be filled at once, in every process and thread.
    this.known = new LRUCache({ maxSize: max, sizeCalculation: () => 1 });
  }

  /**
   * @param compute reads the file. Its errors are passed on and not remembered, and so are Node's errors if the file
   *   does not exist.
   * @param kind tells values apart that are computed from the same file in different ways.
   */
  async get(path: string, compute: () => Promise<T>, kind = ''): Promise<T> {
    const stamp = await stampOf(path);
    const key = `${kind} ${path}`;
    const known = this.known.get(key);
    if (known?.stamp === stamp) return known.value;
    return this.runs.run(`${stamp} ${key}`, async () => {
      const value = await compute();
      // A file that changed while it was read is not remembered.
      if ((await stampOf(path)) === stamp) this.known.set(key, { stamp, value });
      return value;
    });
  }
}
