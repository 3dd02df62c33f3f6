import type { Arrival } from './arrivals';

/** Fewer images do not show whether a drift is chance, see docs/health.md. */
export const LEAST_IMAGES = 16;

/** Images that are judged together. */
export interface Batch {
  /** The sub-folder that they come from; null if sub-folders are not told apart. */
  readonly group: string | null;
  readonly files: readonly string[];
}

export interface BatchOptions {
  /** Images of a full batch. */
  readonly size: number;
  /** How long an image waits for others. */
  readonly patienceMs: number;
  /** Whether each sub-folder has batches of its own. */
  readonly isByFolder: boolean;
}

/** Collects arrived images into batches. */
export class Batches {
  private readonly queues = new Map<string | null, Arrival[]>();

  constructor(private readonly options: BatchOptions) {}

  /** Images that wait for a batch. */
  get waiting(): number {
    return [...this.queues.values()].reduce((sum, { length }) => sum + length, 0);
  }

  add(arrivals: readonly Arrival[]): void {
    for (const arrival of arrivals) {
      const group = this.options.isByFolder ? (arrival.folder ?? '.') : null;
      const queue = this.queues.get(group) ?? [];
      queue.push(arrival);
      this.queues.set(group, queue);
    }
  }

  /** Full batches, and those whose first image has waited long enough. @param takesAll also all others. */
  take(nowMs: number, takesAll: boolean): readonly Batch[] {
    const taken: Batch[] = [];
    for (const [group, queue] of this.queues) {
      const isDue = takesAll || nowMs - (queue[0]?.readyAtMs ?? nowMs) >= this.options.patienceMs;
      while (queue.length >= this.options.size || (isDue && queue.length > 0)) {
        const rest = queue.length - this.options.size;
        // A rest that is too small to be judged joins the batch before it.
        const count = isDue && rest < LEAST_IMAGES ? queue.length : this.options.size;
        taken.push({ group, files: queue.splice(0, count).map(({ path }) => path) });
      }
    }
    return taken;
  }

  /** Puts a batch back that could not be judged now. */
  putBack({ group, files }: Batch, nowMs: number): void {
    const queue = this.queues.get(group) ?? [];
    this.queues.set(group, [...files.map((path) => ({ path, folder: group, readyAtMs: nowMs })), ...queue]);
  }
}
