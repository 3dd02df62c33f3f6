import type { PartialResult } from '../domain/analysis/partial';

/** One progress report of a long-running function: what it is doing and how far it is. */
export interface Progress {
  /** The current activity as a verb phrase: `collecting histograms`. */
  readonly phase: string;
  readonly done: number;
  /** 0 while unknown. */
  readonly total: number;
  /** What `done` counts: `images`, `layers`, `rounds`. */
  readonly unit: string;
  /** Time left, where the function knows it better than its rate shows; null: not yet. Absent: the rate decides. */
  readonly secondsLeft?: number | null;
  /** What was found so far, if the function can say. */
  readonly partial?: PartialResult;
}
export type OnProgress = (progress: Progress) => void;

/**
 * Reason of an aborted signal: images that are being processed are finished and everything is stored, however long that
 * takes. A job that is cancelled for any other reason ends within two seconds.
 */
const FINISH_CURRENT = 'finish-current';

export function abortPatiently(controller: AbortController): void {
  controller.abort(FINISH_CURRENT);
}

export function isPatient(signal: AbortSignal | undefined): boolean {
  return signal?.reason === FINISH_CURRENT;
}

/** The parameters of every long-running function for cancellation, progress and memory. */
export interface TaskContext {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Resident memory, in bytes, that the compute process must not exceed. Absent: what is free on the machine. */
  readonly memoryLimitBytes?: number;
}
