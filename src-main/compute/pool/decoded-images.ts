import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { ImageInput, Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import type { PreparedImage } from '../../calibration/preprocessing/preprocess';
import type { ImageOutcome } from '../roles/image-role';
import { WorkerPool } from './worker-pool';

/** A worker decodes one image while it copies the one before into the shared memory. */
const IMAGES_PER_WORKER = 2;

export interface DecodedImagesOptions {
  readonly entries: readonly ImageEntry[];
  readonly input: ImageInput;
  readonly preprocessing: Preprocessing;
  /** Images that `next` gives at a time. */
  readonly batch: number;
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Decodes the images of a set on worker threads, in advance of the code that uses them. Memory is a ring of slots for
 * the batch in use and the images that follow: at least one more batch, and enough to keep every worker busy.
 */
export class DecodedImages {
  private readonly pool: WorkerPool<'decode'>;
  private readonly values: Float32Array;
  private readonly slotCount: number;
  /** float32 values of one image. */
  private readonly length: number;
  /** Outcomes of all images that were handed to workers, by index in the set. */
  private readonly loading: Promise<ImageOutcome<ImageGeometry>>[] = [];
  private position = 0;

  constructor(private readonly options: DecodedImagesOptions) {
    const { entries, input, preprocessing, batch, threads, signal } = options;
    this.length = input.channels * input.height * input.width;
    this.slotCount = Math.min(entries.length, batch + Math.max(batch, IMAGES_PER_WORKER * threads));
    const images = new SharedArrayBuffer(this.slotCount * this.length * 4);
    this.values = new Float32Array(images);
    this.pool = new WorkerPool({
      role: 'decode',
      init: { input, preprocessing, images },
      depth: IMAGES_PER_WORKER,
      signal,
    });
  }

  /** @throws WorkbenchError preprocessing-invalid when preprocessing cannot give the model's input. */
  async open(): Promise<void> {
    await this.pool.grow(Math.max(1, Math.min(this.options.threads, this.options.entries.length)));
    this.decodeAhead();
  }

  /**
   * The next batch in set order; the last one may be smaller. Its values are valid until the next call.
   * @throws WorkbenchError cancelled; any error that is not the fault of an image.
   */
  async next(): Promise<ImageOutcome<PreparedImage>[]> {
    const { entries, batch } = this.options;
    const start = this.position;
    this.position = Math.min(entries.length, start + batch);
    // The slots of the batch before this one are free now.
    this.decodeAhead(start);
    const outcomes = await Promise.all(this.loading.slice(start, this.position));
    return outcomes.map((outcome, i): ImageOutcome<PreparedImage> =>
      outcome.ok ? { ok: true, value: { values: this.slotValues(start + i), geometry: outcome.value } } : outcome,
    );
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  /** @param firstInUse index of the first image whose slot must not be overwritten. */
  private decodeAhead(firstInUse = 0): void {
    const { entries } = this.options;
    const end = Math.min(entries.length, firstInUse + this.slotCount);
    for (const entry of entries.slice(this.loading.length, end)) {
      const decoded = this.pool.run('load', { slot: this.slotOf(this.loading.length), entry });
      decoded.catch(() => undefined); // It is handled by `next`.
      this.loading.push(decoded);
    }
  }

  private slotOf(index: number): number {
    return index % this.slotCount;
  }

  private slotValues(index: number): Float32Array {
    const start = this.slotOf(index) * this.length;
    return this.values.subarray(start, start + this.length);
  }
}
