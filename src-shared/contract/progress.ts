/** One report of a long function: what it is doing and how far it is. */
export interface Progress {
  /** What is being done, a verb phrase: `collecting histograms`. */
  readonly phase: string;
  readonly done: number;
  /** 0 while unknown. */
  readonly total: number;
  /** What `done` counts: `images`, `layers`, `rounds`. */
  readonly unit: string;
}
export type OnProgress = (progress: Progress) => void;

/** What every long function takes: a way to stop it and a way to hear from it. */
export interface TaskContext {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}
