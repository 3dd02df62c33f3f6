import type { Fp16Loss } from '../rewrite/weight-scales';

/** Ranges of weights and activations, from which it follows whether FP16 can represent the values of a layer. */
export interface RangeFacts {
  /** max|w| of a float32 initializer. */
  readonly weightAmax: (initializer: string) => number;
  /** Largest sum of |w| over the weights of one output channel. */
  readonly weightAbsSum: (initializer: string, axis: number, groups?: number) => number;
  /** max|x| of an activation over the calibration set; undefined if it was not collected. */
  readonly activationAmax: (tensor: string) => number | undefined;
  /** True if no value of an activation was negative in the calibration set. */
  readonly isNonNegative: (tensor: string) => boolean;
  /** Fraction (0 to 1) of the non-zero values of an activation that are certainly below 2^-14; 0 if not collected. */
  readonly subnormalShare: (tensor: string) => number;
  /** The error that FP16 causes in small weights along `axis`, and in their INT8 scales. */
  readonly weightLoss: (initializer: string, axis: number) => Fp16Loss;
}

/** For a model without calibration: only the graph and its small constants are judged. */
export const NO_RANGES: RangeFacts = {
  weightAmax: () => 0,
  weightAbsSum: () => 0,
  activationAmax: () => undefined,
  isNonNegative: () => false,
  subnormalShare: () => 0,
  weightLoss: () => ({ values: 0, scales: 0, sum: 0 }),
};
