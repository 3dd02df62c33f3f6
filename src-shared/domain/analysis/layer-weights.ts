/** What INT8 makes of the weights of one layer. Lists have one entry per output channel. */
export interface LayerWeightsView {
  readonly layer: string;
  readonly op: string;
  readonly initializer: string;
  /** Largest |w|, and the threshold with the smallest squared error. */
  readonly amax: readonly number[];
  readonly mse: readonly number[];
  /** Signal-to-error ratio of the channel with each threshold; null for a channel without any error. */
  readonly sqnrDb: { readonly minmax: readonly (number | null)[]; readonly mse: readonly (number | null)[] };
  /** The same for all weights of the layer. */
  readonly totalSqnrDb: { readonly minmax: number | null; readonly mse: number | null };
  /** The channel whose weights lose most with minmax; null if none has an error. */
  readonly worstChannel: number | null;
  /** Part of the range that the mse thresholds leave out, mean over the channels: 0..1. */
  readonly wastedRange: number;
  /**
   * Largest |w| of the largest input channel over that of the middle one; omitted for layers with one input per
   * output. All weights of an output share one scale, so that the weights of the smaller input channels get few levels.
   */
  readonly inputSpread?: number;
  /**
   * Part of the groups of four weights along the inputs that have two zeros, 0..1; omitted for layers that sparse
   * kernels cannot compute.
   */
  readonly sparseShare?: number;
}
