import type { Feed } from './feeds';

/** A model whose inferences are timed. A backend that is benchmarked in processes of its own provides one. */
export interface TimedModel {
  /** Runs at least this many inferences. */
  time(iterations: number): Promise<TimedRuns>;
  /** On a GPU: whether some layer runs on the CPU. */
  readonly fallsBack: boolean;
}

export interface TimedRuns {
  readonly latenciesMs: ArrayLike<number>;
  /** Duration of all of them together, shorter than the sum of the latencies if several ran at a time. */
  readonly wallMs: number;
}

export interface HowToTime {
  readonly feeds: readonly Feed[];
  readonly threads: number;
  /** Inferences that run at the same time. ONNX Runtime's backends run one at a time. */
  readonly streams: number;
}
