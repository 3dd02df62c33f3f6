/** One progress report of a long-running function: what it is doing and how far it is. */
export interface Progress {
  /** The current activity as a verb phrase: `collecting histograms`. */
  readonly phase: string;
  readonly done: number;
  /** 0 while unknown. */
  readonly total: number;
  /** What `done` counts: `images`, `layers`, `rounds`. */
  readonly unit: string;
}
export type OnProgress = (progress: Progress) => void;

/** The parameters of every long-running function for cancellation, progress and memory. */
export interface TaskContext {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Resident memory, in bytes, that the compute process must not exceed. Absent: what is free on the machine. */
  readonly memoryLimitBytes?: number;
}
