/** Values up to a limit in bytes; the one that was not used for the longest time goes first. */
export class BoundedCache<V> {
  private readonly entries = new Map<string, { readonly value: V; readonly bytes: number }>();
  private used = 0;

  /** @param onDrop called for every value that is replaced or goes. */
  constructor(
    private limitBytes: number,
    private readonly onDrop: (value: V) => void = () => undefined,
  ) {}

  get bytes(): number {
    return this.used;
  }

  get size(): number {
    return this.entries.size;
  }

  get(key: string): V | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  /** A value that alone exceeds the limit is kept until the next one comes. */
  put(key: string, value: V, bytes: number): void {
    this.drop(key);
    this.entries.set(key, { value, bytes });
    this.used += bytes;
    this.shrink(key);
  }

  limit(bytes: number): void {
    this.limitBytes = bytes;
    this.shrink();
  }

  clear(): void {
    for (const key of [...this.entries.keys()]) this.drop(key);
  }

  private shrink(newest?: string): void {
    for (const oldest of this.entries.keys()) {
      if (this.used <= this.limitBytes || oldest === newest) break;
      this.drop(oldest);
    }
  }

  private drop(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.used -= entry.bytes;
    this.onDrop(entry.value);
  }
}
