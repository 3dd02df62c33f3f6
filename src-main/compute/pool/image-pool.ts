import { Worker } from 'node:worker_threads';
import { cancelledError, WorkbenchError } from '../../../src-shared/base/errors';
import { fromWireError, type WireError } from '../../../src-shared/contract/errors';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import { entryPath } from './entry-path';
import { affordableWorkers, memoryBounds, PeakMemory } from './worker-memory';

/** Decoding of the next batch overlaps with inference of the current one. */
const BATCHES_IN_FLIGHT = 2;

/** One unit of work: the images that go through the model together. */
export interface Batch {
  readonly index: number;
  readonly entries: readonly ImageEntry[];
}

/** Batches of `size` images, the last one possibly smaller. */
export function batchesOf(entries: readonly ImageEntry[], size: number): Batch[] {
  const batches: Batch[] = [];
  for (let start = 0; start < entries.length; start += size) {
    batches.push({ index: batches.length, entries: entries.slice(start, start + size) });
  }
  return batches;
}

/** What a worker made of one image; one whose file could not be read at all may be there another time. */
export type ImageOutcome<R> =
  { readonly ok: true; readonly value: R } | { readonly ok: false; readonly reason: string; readonly isAbsent?: true };

export type ToWorker =
  | { readonly type: 'init'; readonly role: string; readonly init: unknown }
  | { readonly type: 'batch'; readonly batch: Batch }
  | { readonly type: 'flush' }
  /** Drop what waits, finish what runs, end. */
  | { readonly type: 'stop' };

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'batch'; readonly index: number; readonly outcomes: readonly ImageOutcome<unknown>[] }
  | { readonly type: 'flushed'; readonly state: unknown }
  | { readonly type: 'fatal'; readonly error: WireError };

export interface PoolOptions<R, S> {
  readonly role: 'collect' | 'evaluate' | 'grid-ranges';
  readonly init: unknown;
  readonly threads: number;
  readonly batches: readonly Batch[];
  readonly signal?: AbortSignal;
  /** Resident memory that the process should not exceed; see worker-memory. */
  readonly memoryLimitBytes?: number;
  /** Told how many workers run, once the first one has shown what it needs at its peak. */
  readonly onWorkers?: (count: number, peakBytes: number) => void;
  readonly onBatch: (batch: Batch, outcomes: readonly ImageOutcome<R>[]) => void;
  /** Asks every worker for its state when true is returned after a batch, and always at the end and on cancel. */
  readonly isCheckpointDue?: () => boolean;
  /** One worker's state since its last flush; it covers every batch that this worker has reported before. */
  readonly onFlush?: (state: S) => void;
  /** All workers have flushed; `isComplete` after the last batch of a pass that was not cancelled. */
  readonly onCheckpoint?: (isComplete: boolean) => void;
}

/**
 * Runs batches over several one-thread workers. Which worker takes which batch is not defined; results must not depend
 * on it. The first worker runs alone until its first batch is through: what that took decides how many more are started. Resolves
 * when every batch is through and flushed; rejects on the first fatal error, or when cancelled (after
 * the batches in flight are through and flushed, so that a caller can keep them).
 */
export async function runImagePool<R, S>(options: PoolOptions<R, S>): Promise<void> {
  const pool = new ImagePool(options);
  try {
    await pool.run();
  } finally {
    await pool.close();
  }
}

class ImagePool<R, S> {
  private readonly workers: PoolWorker[] = [];
  private nextBatch = 0;
  private finished: { resolve: () => void; reject: (error: unknown) => void } | null = null;
  private flushesOpen = 0;
  private isFlushing = false;
  /** Of the first worker, until its first batch is through. */
  private peak: PeakMemory | null = new PeakMemory();

  constructor(private readonly options: PoolOptions<R, S>) {}

  async run(): Promise<void> {
    const { options } = this;
    const done = new Promise<void>((resolve, reject) => {
      this.finished = { resolve, reject };
    });
    const onAbort = (): void => this.advance();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    this.workers.push(this.startWorker());
    try {
      await done;
    } finally {
      options.signal?.removeEventListener('abort', onAbort);
    }
    if (options.signal?.aborted) throw cancelledError();
  }

  /**
   * Waits until every worker has ended by itself: terminating a thread inside ONNX Runtime or the addon aborts the whole
   * process. A worker that does not end in time is the client's to kill, with the process.
   */
  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => endOf(worker.thread)));
  }

  private startOthers(peak: PeakMemory): void {
    const { threads, batches, memoryLimitBytes, onWorkers } = this.options;
    const measured = peak.measure();
    const count = affordableWorkers(Math.min(threads, batches.length), measured, memoryBounds(memoryLimitBytes));
    while (this.workers.length < count) this.workers.push(this.startWorker());
    onWorkers?.(count, measured.peakBytes);
  }

  private startWorker(): PoolWorker {
    const thread = new Worker(entryPath('compute-worker'));
    const worker: PoolWorker = { thread, isReady: false, inFlight: 0 };
    thread.on('message', (message: FromWorker) => this.receive(worker, message));
    thread.on('error', (error) =>
      this.finished?.reject(
        new WorkbenchError('internal', `A compute worker failed: ${error.message}`, { cause: error }),
      ),
    );
    thread.postMessage({ type: 'init', role: this.options.role, init: this.options.init } satisfies ToWorker);
    return worker;
  }

  private receive(worker: PoolWorker, message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        worker.isReady = true;
        break;
      case 'fatal':
        this.finished?.reject(fromWireError(message.error));
        return;
      case 'flushed':
        this.flushesOpen--;
        this.options.onFlush?.(message.state as S);
        break;
      case 'batch': {
        worker.inFlight--;
        if (this.peak) this.startOthers(this.peak);
        this.peak = null;
        const batch = this.options.batches[message.index];
        if (batch) this.options.onBatch(batch, message.outcomes as readonly ImageOutcome<R>[]);
        break;
      }
    }
    try {
      this.advance();
    } catch (error) {
      this.finished?.reject(error);
    }
  }

  /** Hands out batches, or flushes when a checkpoint is due or nothing is left, or finishes. */
  private advance(): void {
    if (this.isFlushing) {
      if (this.flushesOpen > 0) return;
      this.isFlushing = false;
      this.options.onCheckpoint?.(
        this.nextBatch >= this.options.batches.length && this.options.signal?.aborted !== true,
      );
      if (this.isExhausted()) {
        this.finished?.resolve();
        return;
      }
    }
    const isIdle = this.workers.every((worker) => worker.inFlight === 0);
    if (this.isExhausted()) {
      if (isIdle) this.flush();
      return;
    }
    if (this.options.isCheckpointDue?.()) {
      if (isIdle) this.flush();
      return;
    }
    for (const worker of this.workers) {
      while (worker.isReady && worker.inFlight < BATCHES_IN_FLIGHT && this.nextBatch < this.options.batches.length) {
        const batch = this.options.batches[this.nextBatch++];
        if (!batch) break;
        worker.inFlight++;
        worker.thread.postMessage({ type: 'batch', batch } satisfies ToWorker);
      }
    }
  }

  private isExhausted(): boolean {
    return this.options.signal?.aborted === true || this.nextBatch >= this.options.batches.length;
  }

  private flush(): void {
    const ready = this.workers.filter((worker) => worker.isReady);
    if (!this.options.onFlush || ready.length === 0) {
      this.finished?.resolve();
      return;
    }
    this.isFlushing = true;
    this.flushesOpen = ready.length;
    for (const worker of ready) worker.thread.postMessage({ type: 'flush' } satisfies ToWorker);
  }
}

function endOf(thread: Worker): Promise<void> {
  return new Promise((resolve) => {
    if (thread.threadId === -1) {
      resolve();
      return;
    }
    thread.once('exit', () => resolve());
    thread.postMessage({ type: 'stop' } satisfies ToWorker);
  });
}

interface PoolWorker {
  readonly thread: Worker;
  isReady: boolean;
  inFlight: number;
}
