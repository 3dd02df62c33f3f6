import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { formatBytes } from '../../../src-shared/base/units';
import type { Warning } from '../../../src-shared/contract/job-results';
import { preparedWeights } from '../../onnx/passes/prepared-store';

/** Share of the container's limit, and of the machine's free memory, that the workers may use. */
const CONTAINER_SHARE = 0.9;
const FREE_SHARE = 0.8;
/** A worker that takes more than this belongs to a large model, most of whose memory are weights. */
const LARGE_WORKER_BYTES = 1e9;
/**
 * Without a limit of the user, the workers of a large model beyond the first one take at most so much, or this share of
 * the free memory if that is more.
 */
const LARGE_MODEL_BYTES = 1.5e9;
const LARGE_MODEL_SHARE = 0.1;
/** Memory of the application's own process, which runs in the same container. */
const APP_BYTES = 300e6;

/** Limits on the memory of a process that starts workers, all in bytes. */
export interface MemoryBounds {
  /** Limit that the user requested; absent if there is none. */
  readonly limitBytes?: number;
  /** Limit of the container (cgroup); 0: no limit. */
  readonly containerBytes: number;
  /** Free memory of the machine. */
  readonly freeBytes: number;
}

export function memoryBounds(limitBytes: number | undefined): MemoryBounds {
  const constrained = process.constrainedMemory();
  // Without a limit, some systems report a very large number.
  const containerBytes = constrained > 0 && constrained < 2 ** 50 ? constrained : 0;
  return { ...(limitBytes === undefined ? {} : { limitBytes }), containerBytes, freeBytes: freemem() };
}

/**
 * The number of workers, including the first one, that fit into memory; at least 1 and at most `wanted`. Results do not
 * depend on it.
 * @param workerBytes memory that the first worker added at its peak
 * @param peakBytes resident memory of the process at that peak
 */
export function affordableWorkers(
  wanted: number,
  { workerBytes, peakBytes }: { readonly workerBytes: number; readonly peakBytes: number },
  bounds: MemoryBounds,
): number {
  const { limitBytes = Number.POSITIVE_INFINITY, containerBytes, freeBytes } = bounds;
  const container = containerBytes === 0 ? Number.POSITIVE_INFINITY : containerBytes * CONTAINER_SHARE - APP_BYTES;
  const isBounded = limitBytes === Number.POSITIVE_INFINITY && workerBytes > LARGE_WORKER_BYTES;
  const moderate = isBounded ? Math.max(LARGE_MODEL_BYTES, freeBytes * LARGE_MODEL_SHARE) : Number.POSITIVE_INFINITY;
  const more = Math.min(limitBytes - peakBytes, container - peakBytes, freeBytes * FREE_SHARE, moderate);
  return Math.max(1, Math.min(wanted, 1 + Math.floor(more / Math.max(1, workerBytes))));
}

/** How many workers run, and why not more. All sizes in bytes. */
export interface ChosenWorkers {
  /** One per thread that was asked for, as far as there is work. */
  readonly wanted: number;
  readonly count: number;
  /** Memory that the first worker added at its peak. */
  readonly workerBytes: number;
  /** Resident memory of the process at that peak. */
  readonly peakBytes: number;
}

/**
 * Chooses the number of workers from what the first one took.
 * @throws WorkbenchError memory-limit if it took more than the limit
 */
export function chooseWorkers(
  wanted: number,
  measured: { readonly workerBytes: number; readonly peakBytes: number },
  bounds: MemoryBounds,
): ChosenWorkers {
  const { limitBytes } = bounds;
  if (limitBytes !== undefined && measured.peakBytes > limitBytes)
    throw overLimit('One worker', measured.peakBytes, limitBytes);
  return { wanted, count: affordableWorkers(wanted, measured, bounds), ...measured };
}

/** What was chosen, if it is fewer workers than wanted; null otherwise. */
export function workersNote(
  { wanted, count, workerBytes, peakBytes }: ChosenWorkers,
  limitBytes: number | undefined,
): Warning | null {
  if (count === wanted) return null;
  const room = limitBytes === undefined ? 'the memory that is free' : `the limit of ${formatBytes(limitBytes)}`;
  return {
    code: 'memory-limit',
    message:
      `${count} of ${wanted} workers were used: each takes about ${formatBytes(workerBytes)}, the first one reached ` +
      `${formatBytes(peakBytes)}, and ${room} has no room for more`,
  };
}

/** A worker of a model takes at least this much besides the weights. */
const WORKER_BYTES = 100e6;
/** A session of a rewritten model keeps its own weights, and while it opens those that they were made from. */
const WEIGHT_COPIES = 2;

/**
 * The number of workers that may open rewritten models one after the other, estimated from the size of the weights; at
 * least 1 and at most `wanted`.
 */
export function workersForWeights(wanted: number, weightBytes: number, bounds: MemoryBounds): number {
  const workerBytes = WORKER_BYTES + WEIGHT_COPIES * weightBytes;
  return affordableWorkers(wanted, { workerBytes, peakBytes: process.memoryUsage.rss() + workerBytes }, bounds);
}

/** Size of the weights of a prepared model. */
export function weightBytesOf(preparedDir: string): number {
  return statSync(preparedWeights(preparedDir).path, { throwIfNoEntry: false })?.size ?? 0;
}

/**
 * Refuses a limit that the weights of a model exceed, before anything is opened.
 * @throws WorkbenchError memory-limit
 */
export function requireMemory(limitBytes: number | undefined, weightBytes: number): void {
  const leastBytes = process.memoryUsage.rss() + weightBytes;
  if (limitBytes !== undefined && leastBytes > limitBytes)
    throw overLimit(`A process with the ${formatBytes(weightBytes)} of weights of this model`, leastBytes, limitBytes);
}

export function overLimit(what: string, bytes: number, limitBytes: number): WorkbenchError {
  return new WorkbenchError(
    'memory-limit',
    `${what} takes ${formatBytes(bytes)}, more than the memory limit of ${formatBytes(limitBytes)}`,
    { hint: advise('raise-memory-limit', { size: formatBytes(bytes) }) },
  );
}

/** Measures how far resident memory rises above its value at construction. */
export class PeakMemory {
  private readonly beforeBytes = process.memoryUsage.rss();

  constructor() {
    try {
      writeFileSync('/proc/self/clear_refs', '5'); // proc(5): sets the peak to what is resident now
    } catch {
      return; // Not Linux, or not allowed: the memory at the end is used as the peak.
    }
  }

  /** workerBytes is the rise, peakBytes the peak itself. */
  measure(): { readonly workerBytes: number; readonly peakBytes: number } {
    const peakBytes = Math.max(process.memoryUsage.rss(), peakOfProcess());
    return { peakBytes, workerBytes: Math.max(0, peakBytes - this.beforeBytes) };
  }
}

/** Peak resident memory (VmHWM) in bytes; 0 if it is unknown. */
function peakOfProcess(): number {
  try {
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
