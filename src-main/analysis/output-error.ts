/**
 * Sums over one output of a model, over any number of images: squares of FP32's values and of the differences from
 * them.
 */
export interface OutputSums {
  readonly signal: number;
  /** Infinity where the variant answered NaN or infinity. */
  readonly noise: number;
}

/**
 * Squared error over squared signal of the output where it is largest, so that neither a large output nor many good
 * ones hide a bad one. An output that FP32 answers with zeros throughout is left out, unless there is no other: then
 * any error counts as infinite. 0 without outputs.
 */
export function worstOutputNmse(outputs: readonly OutputSums[]): number {
  const withSignal = outputs.filter(({ signal }) => signal > 0);
  if (withSignal.length > 0) return Math.max(...withSignal.map(({ signal, noise }) => noise / signal));
  return outputs.some(({ noise }) => noise > 0) ? Number.POSITIVE_INFINITY : 0;
}

/** Signal to error in dB, 10 log10(1 / nmse): Infinity without any error, minus Infinity for an infinite one. */
export function sqnrDbOf(nmse: number): number {
  return nmse === 0 ? Number.POSITIVE_INFINITY : -10 * Math.log10(nmse);
}
