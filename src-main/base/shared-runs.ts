/**
 * Runs with the same key share the one that is in progress. If it fails, for example because it was cancelled, each
 * waiter retries the work itself.
 */
export class SharedRuns<T> {
  private readonly inProgress = new Map<string, Promise<T>>();

  run(key: string, work: () => Promise<T>): Promise<T> {
    const other = this.inProgress.get(key);
    if (other) return other.catch(() => this.run(key, work));
    const own = work().finally(() => this.inProgress.delete(key));
    this.inProgress.set(key, own);
    return own;
  }
}
