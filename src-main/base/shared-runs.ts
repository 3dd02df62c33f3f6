/** Runs of the same key share the one that is under way. One that fails (that was cancelled) does not fail those who waited: they run themselves. */
export class SharedRuns<T> {
  private readonly underWay = new Map<string, Promise<T>>();

  run(key: string, work: () => Promise<T>): Promise<T> {
    const others = this.underWay.get(key);
    if (others) return others.catch(() => this.run(key, work));
    const own = work().finally(() => this.underWay.delete(key));
    this.underWay.set(key, own);
    return own;
  }
}
