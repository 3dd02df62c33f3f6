import { readFileSync, writeFileSync } from 'node:fs';
import { freemem } from 'node:os';

/** Of a limit of the container, and of what the machine has free: others need memory too. */
const CONTAINER_SHARE = 0.9;
const FREE_SHARE = 0.8;
/** The application's own process, beside the compute process in the same container. */
const APP_BYTES = 300e6;

/** What limits a process that starts workers; all in bytes. */
export interface MemoryBounds {
  /** That was asked for; absent: none. */
  readonly limitBytes?: number;
  /** Of the container (cgroup); 0: none. */
  readonly containerBytes: number;
  /** That the machine has for more. */
  readonly freeBytes: number;
}

export function memoryBounds(limitBytes: number | undefined): MemoryBounds {
  const constrained = process.constrainedMemory();
  // Without a limit some systems answer with the largest number that they know.
  const containerBytes = constrained > 0 && constrained < 2 ** 50 ? constrained : 0;
  return { ...(limitBytes === undefined ? {} : { limitBytes }), containerBytes, freeBytes: freemem() };
}

/**
 * How many workers fit beside a first one that was measured; results do not depend on their number.
 * @param workerBytes what the first one added at its peak
 * @param peakBytes resident memory of the process at that peak
 */
export function affordableWorkers(
  wanted: number,
  { workerBytes, peakBytes }: { readonly workerBytes: number; readonly peakBytes: number },
  bounds: MemoryBounds,
): number {
  const { limitBytes = Number.POSITIVE_INFINITY, containerBytes, freeBytes } = bounds;
  const container = containerBytes === 0 ? Number.POSITIVE_INFINITY : containerBytes * CONTAINER_SHARE - APP_BYTES;
  const more = Math.min(limitBytes - peakBytes, container - peakBytes, freeBytes * FREE_SHARE);
  return Math.max(1, Math.min(wanted, 1 + Math.floor(more / Math.max(1, workerBytes))));
}

/** Measures how far resident memory rises above what it was when this was made. */
export class PeakMemory {
  private readonly beforeBytes = process.memoryUsage.rss();

  constructor() {
    try {
      writeFileSync('/proc/self/clear_refs', '5'); // proc(5): sets the peak to what is resident now
    } catch {
      return; // not Linux, or not allowed: the memory at the end stands for the peak
    }
  }

  /** workerBytes: the rise; peakBytes: the peak itself. */
  measure(): { readonly workerBytes: number; readonly peakBytes: number } {
    const peakBytes = Math.max(process.memoryUsage.rss(), peakOfProcess());
    return { peakBytes, workerBytes: Math.max(0, peakBytes - this.beforeBytes) };
  }
}

/** VmHWM in bytes; 0 where it is not known. */
function peakOfProcess(): number {
  try {
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
