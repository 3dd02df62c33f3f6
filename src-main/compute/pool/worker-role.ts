import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { ImageCacheHandle } from '../../calibration/preprocessing/image-cache';

/** The work of a worker thread. A role is made once per worker and keeps sessions and counts between requests. */
export interface WorkerRole {
  /** Runs one request. Requests run one after the other, in the order in which they arrived. */
  run(method: string, params: unknown, preloaded: unknown): Promise<unknown>;
  /**
   * Called as soon as a request arrives, while the previous one still runs, so that decoding of the next images
   * overlaps with inference of the current ones. `run` receives the result.
   */
  preload?(method: string, params: unknown): Promise<unknown>;
  /** Ends what would keep the thread alive, such as threads and processes that the role has started. */
  close?(): Promise<void>;
}

/** Types of one kind of request. */
interface RoleMethod {
  readonly params: unknown;
  readonly result: unknown;
}

/** A role whose requests need no preloading, made from one function per method. */
export function roleOf<M extends { readonly [K in keyof M]: RoleMethod }>(methods: {
  readonly [K in keyof M]: (params: M[K]['params']) => Promise<M[K]['result']>;
}): WorkerRole {
  return {
    run: async (method, params) => {
      const run = Object.hasOwn(methods, method) ? methods[method as keyof M] : undefined;
      if (!run) throw new Error(`A worker was sent the unknown request "${method}"`);
      return run(params);
    },
  };
}

/** Whether the pool has asked its workers to stop. It is set at once, even while the worker's thread is busy. */
export class StopFlag {
  private readonly value: Int32Array;

  constructor(readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    this.value = new Int32Array(buffer);
  }

  get isSet(): boolean {
    return Atomics.load(this.value, 0) !== 0;
  }

  set(): void {
    Atomics.store(this.value, 0, 1);
  }
}

/** Parameters of the first request to a worker, `open`. */
export interface OpenParams {
  readonly role: string;
  readonly init: unknown;
  /** The cache of preprocessed images; null: none. */
  readonly imageCache: ImageCacheHandle | null;
  /** Memory of the pool's StopFlag. */
  readonly stop: SharedArrayBuffer;
}

/** Requests to the thread itself; no role has a method of such a name. */
export type ThreadMethod = 'loadRole' | 'open' | 'close';

/** Parameters of `loadRole`, which may come before `open`. */
export interface LoadRoleParams extends Pick<OpenParams, 'role'> {
  /** Images to decode into the cache until the next request arrives; absent: none. */
  readonly ahead?: ImagesAhead;
}

/** Images that will be needed. */
export interface ImagesAhead {
  readonly entries: readonly ImageEntry[];
  readonly feeding: Feeding;
  readonly imageCache: ImageCacheHandle;
}
