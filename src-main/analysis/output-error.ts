/**
 * Sums over one output of a model for any number of images: squares of the FP32 values, and of the differences from
 * them.
 */
export interface OutputSums {
  readonly signal: number;
  /** Infinity if the output of the variant contains NaN or infinity. */
  readonly noise: number;
}

/**
 * The squared error divided by the squared signal, for the output with the largest ratio, so that neither a large
 * output nor many good ones hide a bad one. An output that is all zero in FP32 is ignored, unless all outputs are; any
 * error then counts as infinite. 0 without outputs.
 */
export function worstOutputNmse(outputs: readonly OutputSums[]): number {
  const withSignal = outputs.filter(({ signal }) => signal > 0);
  if (withSignal.length > 0) return Math.max(...withSignal.map(({ signal, noise }) => noise / signal));
  return outputs.some(({ noise }) => noise > 0) ? Number.POSITIVE_INFINITY : 0;
}

/** Signal-to-error ratio in dB, 10 log10(1 / nmse): Infinity without an error, -Infinity for an infinite error. */
export function sqnrDbOf(nmse: number): number {
  return nmse === 0 ? Number.POSITIVE_INFINITY : -10 * Math.log10(nmse);
}
