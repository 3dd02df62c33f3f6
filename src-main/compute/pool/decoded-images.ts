import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { PreparedImage } from '../../backends/feeds';
import type { ImageOutcome } from '../roles/image-role';
import { WorkerPool } from './worker-pool';

/** A worker decodes one image while it answers with the one before. */
const IMAGES_PER_WORKER = 2;

export interface DecodedImagesOptions {
  readonly entries: readonly ImageEntry[];
  readonly feeding: Feeding;
  /** Images that `next` gives at a time. */
  readonly batch: number;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Decodes the images of a set on worker threads, in advance of the code that uses them. The images in memory are the
 * batch in use and those that follow: at least one more batch, and enough to keep every worker busy.
 */
export class DecodedImages {
  private readonly pool: WorkerPool<'decode'>;
  /** Images that are kept or being decoded at a time. */
  private readonly capacity: number;
  /** Images that were handed to workers and not yet given away, by index in the set. */
  private readonly loading = new Map<number, Promise<ImageOutcome<PreparedImage>>>();
  private position = 0;
  private requested = 0;

  constructor(private readonly options: DecodedImagesOptions) {
    const { entries, feeding, batch, threads, signal } = options;
    this.capacity = Math.min(entries.length, batch + Math.max(batch, IMAGES_PER_WORKER * threads));
    this.pool = new WorkerPool({ role: 'decode', init: { feeding }, depth: IMAGES_PER_WORKER, signal });
  }

  /** @throws WorkbenchError preprocessing-invalid when preprocessing cannot give the model's input. */
  async open(): Promise<void> {
    await this.pool.grow(Math.max(1, Math.min(this.options.threads, this.options.entries.length)));
    this.decodeAhead();
  }

  /**
   * The next batch in set order; the last one may be smaller.
   * @throws WorkbenchError cancelled; any error that is not the fault of an image.
   */
  async next(): Promise<ImageOutcome<PreparedImage>[]> {
    const { entries, batch } = this.options;
    const start = this.position;
    this.position = Math.min(entries.length, start + batch);
    this.decodeAhead(start);
    const outcomes: ImageOutcome<PreparedImage>[] = [];
    for (let index = start; index < this.position; index++) {
      const outcome = await this.loading.get(index);
      this.loading.delete(index);
      if (outcome) outcomes.push(outcome);
    }
    return outcomes;
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  /** @param firstInUse index of the first image that is still in use. */
  private decodeAhead(firstInUse = 0): void {
    const { entries } = this.options;
    const end = Math.min(entries.length, firstInUse + this.capacity);
    for (const entry of entries.slice(this.requested, end)) {
      const decoded = this.pool.run('load', entry);
      decoded.catch(() => undefined); // It is handled by `next`.
      this.loading.set(this.requested, decoded);
      this.requested += 1;
    }
  }
}
