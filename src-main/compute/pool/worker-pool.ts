import { cancelledError, throwIfAborted } from '../../../src-shared/base/errors';
import { isPatient } from '../../../src-shared/contract/progress';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import { openImageCache, type ImageCacheHandle } from '../../calibration/preprocessing/image-cache';
import type { RoleName, Roles } from '../roles/roles';
import { PoolWorker } from './pool-worker';
import { takeReadyThread } from './ready-threads';
import { StopFlag, type ThreadMethod } from './worker-role';

/**
 * After a cancellation, workers have this long to finish their current image and to report their counts. The time is
 * shorter than the one after which the client kills the process (1.7 s), so that the task can still remove its
 * temporary files and answer.
 */
const STOP_GRACE_MS = 1_200;

export interface WorkerPoolOptions<R extends RoleName> {
  readonly role: R;
  /** The data from which each worker makes its role. */
  readonly init: Roles[R]['init'];
  /** Requests that a worker holds at a time; with 2, the next request is preloaded while the current one runs. */
  readonly depth: number;
  readonly signal?: AbortSignal | undefined;
}

type Methods<R extends RoleName> = Roles[R]['methods'];
type Method<R extends RoleName> = Exclude<keyof Methods<R> & string, ThreadMethod>;
type Params<R extends RoleName, K extends Method<R>> = Methods<R>[K] extends { readonly params: infer P } ? P : never;
type Result<R extends RoleName, K extends Method<R>> = Methods<R>[K] extends { readonly result: infer T } ? T : never;

/** Makes a request to one worker. */
export type RunOnWorker<R extends RoleName> = <K extends Method<R>>(
  method: K,
  params: Params<R, K>,
) => Promise<Result<R, K>>;

interface Waiter {
  readonly resolve: (worker: PoolWorker) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Worker threads that all have the same role. It is not defined which worker runs which request, so results must not
 * depend on it. After a failed request, a crashed worker or a cancellation, no further requests are assigned. If the
 * workers of a cancelled pool do not finish in time, they are given up (see STOP_GRACE_MS), unless the signal is
 * patient.
 */
export class WorkerPool<R extends RoleName> {
  private readonly workers: PoolWorker[] = [];
  /** Threads that have no role yet, see prepare. */
  private readonly prepared: PoolWorker[] = [];
  private readonly waiters: Waiter[] = [];
  private readonly stop = new StopFlag();
  private imageCache: ImageCacheHandle | null | undefined;
  private failure: { readonly error: unknown } | null = null;
  private giveUpTimer: NodeJS.Timeout | undefined;
  private giveUp: () => void = () => undefined;
  private readonly givenUp = new Promise<void>((resolve) => (this.giveUp = resolve));
  private readonly onAbort = (): void => this.cancel();

  constructor(private readonly options: WorkerPoolOptions<R>) {
    options.signal?.addEventListener('abort', this.onAbort, { once: true });
    if (options.signal?.aborted) this.cancel();
  }

  get size(): number {
    return this.workers.length;
  }

  /** Starts workers until there are `count`. Resolves when the new ones have opened their role. */
  async grow(count: number): Promise<void> {
    const opening: Promise<void>[] = [];
    while (this.failure === null && this.workers.length < count) opening.push(this.startWorker());
    await Promise.all(opening);
    this.throwFailure();
  }

  /**
   * Starts a thread that loads the code of the role, so that the next worker of `grow` opens sooner, and that decodes
   * images into the cache until then. Its memory is small beside that of a model.
   */
  prepare(entries: readonly ImageEntry[], feeding: Feeding): void {
    const worker = this.newThread();
    this.prepared.push(worker);
    const imageCache = this.openCache();
    // A thread that fails here fails the pool, see newThread, or when its role is opened.
    worker
      .loadRole({ role: this.options.role, ...(imageCache && { ahead: { entries, feeding, imageCache } }) })
      .catch(() => undefined);
  }

  /** Runs one request on the first worker that has room for it. Requests are handed out in the order of the calls. */
  async run<K extends Method<R>>(method: K, params: Params<R, K>): Promise<Result<R, K>> {
    const worker = await this.acquire();
    try {
      return (await worker.request(method, params)) as Result<R, K>;
    } finally {
      this.release(worker);
    }
  }

  /**
   * Runs one request on the worker with this index, after those that it already has: for workers that keep what only
   * they will need again. It does not count towards `depth`.
   */
  async runOn<K extends Method<R>>(index: number, method: K, params: Params<R, K>): Promise<Result<R, K>> {
    this.throwFailure();
    const worker = this.workers[index];
    if (!worker) throw new RangeError(`Assertion failed: no worker ${index}`);
    try {
      return (await worker.request(method, params)) as Result<R, K>;
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  /**
   * Runs one request on every worker that has opened its role, even after a cancellation, until the workers are given
   * up.
   * @param onResult called with each result as it arrives.
   */
  async runOnAll<K extends Method<R>>(
    method: K,
    params: Params<R, K>,
    onResult: (result: Result<R, K>) => void = () => undefined,
  ): Promise<void> {
    const open = this.workers.filter(({ isOpen }) => isOpen);
    await Promise.all(open.map(async (worker) => onResult((await worker.request(method, params)) as Result<R, K>)));
  }

  /**
   * Calls `work` for each item in the order of the list, for at most `depth` items per worker at a time. No further
   * item is taken after a failure or a cancellation. Settles when all started calls have ended.
   * @throws the first failure; WorkbenchError `cancelled` if the signal is aborted
   */
  async forEach<I>(items: Iterable<I>, work: (run: RunOnWorker<R>, item: I) => Promise<void>): Promise<void> {
    const iterator = items[Symbol.iterator]();
    const running = new Set<Promise<void>>();
    const begin = async (worker: PoolWorker, item: I): Promise<void> => {
      try {
        await work((method, params) => worker.request(method, params) as Promise<never>, item);
      } catch (error) {
        this.fail(error);
      } finally {
        this.release(worker);
      }
    };
    try {
      for (;;) {
        const worker = await this.acquire();
        const next = iterator.next();
        if (next.done === true) {
          this.release(worker);
          break;
        }
        const task = begin(worker, next.value).finally(() => running.delete(task));
        running.add(task);
      }
    } catch (error) {
      this.fail(error); // The iterator has thrown, or the pool has failed before.
    }
    await Promise.all(running);
    this.throwFailure();
  }

  /**
   * Waits until every worker has ended by itself: terminating a thread inside ONNX Runtime or the addon aborts the
   * whole process. Workers of a cancelled pool that do not end in time are left behind (see hasUnresponsiveWorkers).
   */
  async close(): Promise<void> {
    const threads = [...this.workers, ...this.prepared];
    await Promise.race([Promise.all(threads.map((worker) => worker.close())), this.givenUp]);
    clearTimeout(this.giveUpTimer);
    this.options.signal?.removeEventListener('abort', this.onAbort);
    for (const worker of threads) worker.leave();
  }

  private async startWorker(): Promise<void> {
    const { role, init } = this.options;
    const worker = this.prepared.shift() ?? this.newThread();
    this.workers.push(worker);
    try {
      await worker.open({ role, init, imageCache: this.openCache(), stop: this.stop.buffer });
    } catch (error) {
      this.fail(error);
      return;
    }
    this.handOut();
  }

  private openCache(): ImageCacheHandle | null {
    this.imageCache ??= openImageCache();
    return this.imageCache;
  }

  private newThread(): PoolWorker {
    const worker = takeReadyThread(this.options.role) ?? new PoolWorker();
    worker.onCrash = (error) => this.fail(error);
    return worker;
  }

  private async acquire(): Promise<PoolWorker> {
    this.throwFailure();
    const granted = new Promise<PoolWorker>((resolve, reject) => void this.waiters.push({ resolve, reject }));
    this.handOut();
    return granted;
  }

  private release(worker: PoolWorker): void {
    worker.load--;
    this.handOut();
  }

  /** Gives waiting requests to the workers that have the most room. */
  private handOut(): void {
    while (this.failure === null && this.waiters.length > 0) {
      const [worker] = this.workers
        .filter(({ isOpen, load }) => isOpen && load < this.options.depth)
        .sort((a, b) => a.load - b.load);
      if (!worker) return;
      worker.load++;
      this.waiters.shift()?.resolve(worker);
    }
  }

  private cancel(): void {
    this.fail(cancelledError());
    if (isPatient(this.options.signal)) return;
    this.giveUpTimer = setTimeout(() => {
      for (const worker of this.workers) worker.rejectAll(cancelledError());
      this.giveUp();
    }, STOP_GRACE_MS);
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
    this.stop.set();
    for (const waiter of this.waiters.splice(0)) waiter.reject(this.failure.error);
  }

  private throwFailure(): void {
    throwIfAborted(this.options.signal);
    if (this.failure !== null) throw this.failure.error;
  }
}
