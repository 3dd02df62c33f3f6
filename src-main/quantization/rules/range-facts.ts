import type { Fp16Loss } from '../rewrite/weight-scales';

/** What decides whether FP16 holds a layer's numbers. */
export interface RangeFacts {
  /** max|w| of a float32 initializer. */
  readonly weightAmax: (initializer: string) => number;
  /** Largest sum of |w| over the weights of one output channel. */
  readonly weightAbsSum: (initializer: string, axis: number, groups?: number) => number;
  /** max|x| of an activation over the calibration set, or undefined when it was not collected. */
  readonly activationAmax: (tensor: string) => number | undefined;
  /** True when no value of an activation was negative over the calibration set. */
  readonly isNonNegative: (tensor: string) => boolean;
  /** Part (0 to 1) of the values of an activation other than 0 that were certainly below 2^-14; 0 when it was not collected. */
  readonly subnormalShare: (tensor: string) => number;
  /** What FP16 makes of small weights along `axis`, and of their INT8 scales. */
  readonly weightLoss: (initializer: string, axis: number) => Fp16Loss;
}

/** Nothing is known: only the graph and its small constants are judged. */
export const NO_RANGES: RangeFacts = {
  weightAmax: () => 0,
  weightAbsSum: () => 0,
  activationAmax: () => undefined,
  isNonNegative: () => false,
  subnormalShare: () => 0,
  weightLoss: () => ({ values: 0, scales: 0, sum: 0 }),
};
