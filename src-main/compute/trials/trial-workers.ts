import { freemem } from 'node:os';
import { defined } from '../../../src-shared/base/assert';
import { WorkerPool } from '../pool/worker-pool';
import type { KeptBytes } from './program-runner';
import { SharedSteps } from './shared-steps';
import type { TrialModels } from './trial-models';
import type { TrialProgram } from './trial-program';
import type { Chunk, SentProgram, TrialInit, TrialTasks } from './trial-protocol';

/** Images of one request, so that progress is reported and a cancellation is noticed. */
const MAX_PART_IMAGES = 32;
/** If a part of a trial has fewer images than this, opening another session takes longer than it saves. */
const MIN_PART_IMAGES = 8;
/** Requests that a worker holds at a time, so that the next program is made while one runs. */
const DEPTH = 2;

/**
 * An image that goes to another worker is run there once from its beginning. Analyses begin on images at equal
 * distances, all of which may belong to one worker.
 */
const MIN_JOBS_TO_MOVE = 4;

/** Bytes that all workers together may keep between runs. */
const VALUE_BYTES = 2 ** 31;
const SESSION_BYTES = 2 ** 29;
/** The part of the free memory that either may take. */
const MEMORY_SHARE = 0.2;
/** Sessions for this many versions of the whole model are kept where they fit: FP32, and the one with Q/DQ. */
const VERSIONS = 2;

/**
 * Limits of what each worker keeps between runs. They decide about time, never about results.
 * @param programBytes of the sessions of one program.
 * @param limitBytes of the whole process, if the user has set one.
 */
export function keptBytes(workers: number, programBytes: number, limitBytes = Number.POSITIVE_INFINITY): KeptBytes {
  return keptOf(Math.min(freemem(), limitBytes - process.memoryUsage.rss()), workers, programBytes);
}

/** @param freeBytes memory of which the workers keep a share */
export function keptOf(freeBytes: number, workers: number, programBytes: number): KeptBytes {
  const free = MEMORY_SHARE * Math.max(0, freeBytes);
  return {
    valueBytes: Math.min(VALUE_BYTES, free) / workers,
    // Without room for one version, each run would open its sessions again.
    sessionBytes: Math.max(
      programBytes,
      Math.min(Math.max(VERSIONS * programBytes, SESSION_BYTES / workers), free / workers),
    ),
  };
}

/** Images that one worker runs a program on. `positions` are those of the images among all that were asked for. */
export interface Part {
  readonly chunks: readonly Chunk[];
  readonly positions: readonly number[];
}

type Request = 'load' | 'hold' | 'reference' | 'run' | 'layers' | 'shifts';
type Result<K extends Request> = TrialTasks[K]['result'];

/**
 * Hands programs to worker threads. If programs are divided, an image goes to the worker that had it before, which
 * keeps the image's values, unless many programs would then run on a part of the workers only; else a program runs on
 * as few workers as keep all of them busy. Results do not depend on it.
 */
export class TrialWorkers {
  private readonly pool: WorkerPool<'trials'>;
  private readonly steps = new SharedSteps();
  /** Per worker: ids of the structures that it has. */
  private readonly sent: Set<string>[] = [];
  /** First slot of a chunk -> its worker. */
  private readonly owners = new Map<number, number>();

  constructor(
    private readonly models: TrialModels,
    private readonly init: TrialInit,
    signal: AbortSignal | undefined,
  ) {
    this.pool = new WorkerPool({ role: 'trials', init, depth: 1, signal });
  }

  /** The pool, for requests that are not about programs. */
  get threads(): WorkerPool<'trials'> {
    return this.pool;
  }

  /** A request with a program for one worker. */
  send(worker: number, program: TrialProgram): SentProgram {
    const known = (this.sent[worker] ??= new Set());
    const missing = [...new Set(program.steps.map(({ structure }) => structure))].filter((id) => !known.has(id));
    for (const id of missing) known.add(id);
    return {
      program,
      structures: missing.map((id) => this.models.structure(id)),
      kept: this.steps.keptOf(program),
    };
  }

  /**
   * Runs programs on images.
   * @param jobs made one after the other, when a worker has time for it.
   * @param slots of the images that every job runs on.
   * @param request sends one part of a job to a worker.
   */
  async each<J>(
    jobs: readonly (() => J)[],
    slots: readonly number[],
    request: (worker: number, job: J, part: Part, index: number) => Promise<void>,
  ): Promise<void> {
    const made = new Map<number, J>();
    const jobOf = (index: number): J => {
      const known = made.get(index);
      if (known !== undefined) return known;
      const job = defined(jobs[index], 'jobs are counted')();
      made.set(index, job);
      return job;
    };
    const queues = this.queuesOf(jobs.length, slots);
    await Promise.all(
      queues.map(async (queue, worker) => {
        const running = new Set<Promise<void>>();
        for (const { job, part } of queue) {
          while (running.size >= DEPTH) await Promise.race(running);
          const task: Promise<void> = request(worker, jobOf(job), part, job).finally(() => running.delete(task));
          running.add(task);
          // An error is thrown by the race above or by the end, never left unhandled.
          task.catch(() => undefined);
        }
        await Promise.all(running);
      }),
    );
  }

  /** The worker that owns an image; 0 if images have no owner, or share it with others. */
  laneOf(slot: number): number {
    return (this.init.feeding.fixedBatch ?? 1) > 1 ? 0 : (this.owners.get(slot) ?? 0);
  }

  request<K extends Request>(worker: number, method: K, params: TrialTasks[K]['params']): Promise<Result<K>> {
    return this.pool.runOn(worker, method, params as never) as Promise<Result<K>>;
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  /** What each worker does, in order. */
  private queuesOf(jobs: number, slots: readonly number[]): { readonly job: number; readonly part: Part }[][] {
    const chunks = chunksOf(slots, this.init.feeding.fixedBatch ?? 1);
    const workers = this.pool.size;
    const queues: { job: number; part: Part }[][] = Array.from({ length: workers }, () => []);
    if (this.models.cuts.shares.length > 1) {
      const owned = Array.from({ length: workers }, (): Located[] => []);
      for (const chunk of chunks) owned[this.ownerOf(chunk)]?.push(chunk);
      if (jobs >= MIN_JOBS_TO_MOVE)
        for (const { item, to } of divideEqually(owned)) this.owners.set(item.chunk[0] ?? 0, to);
      for (const [worker, own] of owned.entries())
        for (let job = 0; job < jobs; job++) for (const part of partsOf(own)) queues[worker]?.push({ job, part });
      return queues;
    }
    const perJob = jobs === 0 ? 1 : Math.ceil(workers / jobs);
    const count = Math.max(1, Math.min(perJob, Math.ceil(slots.length / MIN_PART_IMAGES)));
    let next = 0;
    for (let job = 0; job < jobs; job++)
      for (let i = 0; i < count; i++) {
        const own = chunks.slice(
          Math.floor((i * chunks.length) / count),
          Math.floor(((i + 1) * chunks.length) / count),
        );
        for (const part of partsOf(own)) queues[next % workers]?.push({ job, part });
        next++;
      }
    return queues;
  }

  /** An image that has no worker yet gets the next one. */
  private ownerOf({ chunk }: Located): number {
    const slot = chunk[0] ?? 0;
    const known = this.owners.get(slot);
    if (known !== undefined) return known;
    const owner = this.owners.size % this.pool.size;
    this.owners.set(slot, owner);
    return owner;
  }
}

/**
 * Moves items from the longest list to the shortest one, until their lengths differ by one at most.
 * @returns what was moved
 */
export function divideEqually<T>(lists: readonly T[][]): { readonly item: T; readonly to: number }[] {
  const moved: { readonly item: T; readonly to: number }[] = [];
  for (;;) {
    const lengths = lists.map(({ length }) => length);
    const to = lengths.indexOf(Math.min(...lengths));
    const from = lengths.indexOf(Math.max(...lengths));
    if ((lengths[from] ?? 0) - (lengths[to] ?? 0) < 2) return moved;
    for (const item of lists[from]?.splice(-1) ?? []) {
      lists[to]?.push(item);
      moved.push({ item, to });
    }
  }
}

interface Located {
  readonly chunk: Chunk;
  readonly positions: readonly number[];
}

/** Images that go through the model together. A model that fixes its batch is filled with different images. */
function chunksOf(slots: readonly number[], batch: number): Located[] {
  return Array.from({ length: Math.ceil(slots.length / batch) }, (_, i) => {
    const chunk = slots.slice(i * batch, (i + 1) * batch);
    return { chunk, positions: chunk.map((_slot, at) => i * batch + at) };
  });
}

function partsOf(chunks: readonly Located[]): Part[] {
  const parts: Part[] = [];
  let from = 0;
  while (from < chunks.length) {
    let to = from;
    for (let images = 0; to < chunks.length && (to === from || images < MAX_PART_IMAGES); to++)
      images += chunks[to]?.chunk.length ?? 0;
    const own = chunks.slice(from, to);
    parts.push({ chunks: own.map(({ chunk }) => chunk), positions: own.flatMap(({ positions }) => positions) });
    from = to;
  }
  return parts;
}
