import { throwIfAborted } from '../../../src-shared/base/errors';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { ImageOutcome } from '../roles/image-role';
import type { ImageRoleName, ImageRoles } from '../roles/roles';
import { chooseWorkers, memoryBounds, PeakMemory, type ChosenWorkers } from './worker-memory';
import { WorkerPool, type RunOnWorker } from './worker-pool';

/** Requests per worker: its next batch is decoded while the model runs on the current one. */
const BATCHES_IN_FLIGHT = 2;
/** More than can be decoded while the first worker opens a model. */
const BATCHES_AHEAD = 256;

/** One unit of work: the images that the model processes together. */
export interface Batch {
  readonly index: number;
  readonly entries: readonly ImageEntry[];
}

/** Batches of `size` images; the last one may be smaller. */
export function batchesOf(entries: readonly ImageEntry[], size: number): Batch[] {
  const batches: Batch[] = [];
  for (let start = 0; start < entries.length; start += size) {
    batches.push({ index: batches.length, entries: entries.slice(start, start + size) });
  }
  return batches;
}

export interface ImagePoolOptions<R extends ImageRoleName> {
  readonly role: R;
  readonly init: ImageRoles[R]['init'];
  readonly threads: number;
  readonly batches: readonly Batch[];
  readonly signal?: AbortSignal | undefined;
  /** Resident memory that the process must not exceed, in bytes; see chooseWorkers. */
  readonly memoryLimitBytes?: number | undefined;
  /** Called once the first worker has shown its peak memory. */
  readonly onWorkers?: (chosen: ChosenWorkers) => void;
  readonly onBatch: (batch: Batch, outcomes: readonly ImageOutcome<ImageRoles[R]['value']>[]) => void;
  /** Asked before each batch; true makes all workers flush first. They also flush at the end and on cancellation. */
  readonly isCheckpointDue?: () => boolean;
  /**
   * Receives the state of one worker since its last flush. It covers every batch that this worker has reported before.
   */
  readonly onFlush?: (state: ImageRoles[R]['state']) => void;
  /**
   * Called when all workers have flushed. `isComplete` is true after the last batch of a pass that was not cancelled.
   */
  readonly onCheckpoint?: (isComplete: boolean) => void;
  /** Called after the last checkpoint of a pass that was not cancelled, while the workers are still there. */
  readonly onEnd?: (run: RunOnWorker<R>) => Promise<void>;
}

/**
 * Runs batches over several one-thread workers. Which worker takes which batch is not defined, so results must not
 * depend on it. The first worker runs alone until its first batch is done: the memory that it took decides how many
 * more are started. Resolves when every batch is done and flushed.
 * @throws the first error of a worker or of a callback; WorkbenchError `memory-limit` if one worker exceeds it;
 * WorkbenchError `cancelled`, after the images that were being
 *   processed are done and flushed, so that the caller can keep them.
 */
export async function runImagePool<R extends ImageRoleName>(options: ImagePoolOptions<R>): Promise<void> {
  const pass = new ImagePass(options);
  try {
    await pass.run();
  } finally {
    await pass.close();
  }
}

class ImagePass<R extends ImageRoleName> {
  private readonly pool: WorkerPool<ImageRoleName>;
  private nextBatch = 0;
  /** Measures the first worker until its first batch is done. */
  private peak: PeakMemory | null = new PeakMemory();

  constructor(private readonly options: ImagePoolOptions<R>) {
    this.pool = new WorkerPool<ImageRoleName>({
      role: options.role,
      init: options.init,
      depth: BATCHES_IN_FLIGHT,
      signal: options.signal,
    });
  }

  async run(): Promise<void> {
    const { signal, batches, threads, memoryLimitBytes, onEnd } = this.options;
    const opened = this.pool.grow(1);
    // While the first worker is alone, the thread of the next one gets ready. It would count towards a memory limit.
    if (Math.min(threads, batches.length) > 1 && memoryLimitBytes === undefined) {
      // The first worker takes the first batches.
      const later = batches.slice(BATCHES_IN_FLIGHT, BATCHES_AHEAD).flatMap(({ entries }) => entries);
      this.pool.prepare(later, this.options.init.feeding);
    }
    await opened;
    try {
      do {
        await this.pool.forEach(this.untilCheckpoint(), (run, batch) => this.process(run, batch));
        await this.flush();
      } while (this.nextBatch < batches.length);
    } catch (error) {
      if (signal?.aborted) await this.flush();
      throw error;
    }
    throwIfAborted(signal);
    await onEnd?.(((method, params) => this.pool.run(method as 'batch', params as never)) as RunOnWorker<R>);
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  /** The batches up to the next checkpoint, at least one. */
  private *untilCheckpoint(): Generator<Batch> {
    do {
      const batch = this.options.batches[this.nextBatch];
      if (!batch) return;
      this.nextBatch++;
      yield batch;
    } while (!this.options.isCheckpointDue?.());
  }

  private async process(run: RunOnWorker<ImageRoleName>, batch: Batch): Promise<void> {
    const outcomes = await run('batch', batch.entries);
    this.startOthers();
    this.options.onBatch(batch, outcomes);
  }

  private startOthers(): void {
    if (this.peak === null) return;
    const { threads, batches, memoryLimitBytes, onWorkers } = this.options;
    const measured = this.peak.measure();
    this.peak = null;
    const chosen = chooseWorkers(Math.min(threads, batches.length), measured, memoryBounds(memoryLimitBytes));
    // A worker that cannot open its role fails the pool.
    this.pool.grow(chosen.count).catch(() => undefined);
    onWorkers?.(chosen);
  }

  private async flush(): Promise<void> {
    const { batches, signal, onFlush, onCheckpoint } = this.options;
    if (!onFlush) return;
    // States are merged as they arrive: those of all workers together may not fit into memory.
    await this.pool.runOnAll('flush', null, (state) => onFlush(state as ImageRoles[R]['state']));
    onCheckpoint?.(this.nextBatch >= batches.length && signal?.aborted !== true);
  }
}
