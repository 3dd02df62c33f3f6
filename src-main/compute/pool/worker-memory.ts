import { readFileSync, writeFileSync } from 'node:fs';
import { freemem } from 'node:os';

/** Share of the container's limit, and of the machine's free memory, that the workers may use. */
const CONTAINER_SHARE = 0.9;
const FREE_SHARE = 0.8;
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
  const more = Math.min(limitBytes - peakBytes, container - peakBytes, freeBytes * FREE_SHARE);
  return Math.max(1, Math.min(wanted, 1 + Math.floor(more / Math.max(1, workerBytes))));
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
