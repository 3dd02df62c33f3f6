import { count, number, objectOf, where, type Shape } from '../../base/json-shape';

/** Where a finding becomes one. All are settings; docs/health.md says how the defaults were chosen. */
export interface HealthLimits {
  /** Share (0..1) of a group's values beyond the threshold of one tensor. */
  readonly clippedFraction: number;
  /** Squared error over squared signal of a tensor in one group, from which on clipping it is serious (0.01: 20 dB). */
  readonly clippedNoise: number;
  /** Squared error of the INT8 outputs over FP32's squares, on the images of one group. */
  readonly outputNmse: number;
  /** Drift of a group of images from the calibration set, see domain/drift. */
  readonly drift: number;
  /** Largest |x| of one image over the largest of all other images. */
  readonly maximumRatio: number;
  /** Images below which thresholds are unsteady. */
  readonly images: number;
  /** Share (0..1) of the set that a group should have. */
  readonly groupShare: number;
  /** dB that a group's expected SQNR may lie below the best group's. */
  readonly groupSqnrGapDb: number;
  /** dB of SQNR that one tensor may lose with the thresholds of half the images. */
  readonly convergenceLossDb: number;
}

export const DEFAULT_HEALTH_LIMITS: HealthLimits = {
  clippedFraction: 0.05,
  clippedNoise: 0.01,
  outputNmse: 0.1,
  drift: 0.65,
  maximumRatio: 1.5,
  images: 32,
  groupShare: 0.05,
  groupSqnrGapDb: 6,
  convergenceLossDb: 1,
};

const notNegative = where(number, 'a number of at least 0', (value) => value >= 0);

export const someHealthLimitsShape: Shape<Partial<HealthLimits>> = objectOf<Partial<HealthLimits>>(
  {},
  {
    clippedFraction: notNegative,
    clippedNoise: notNegative,
    outputNmse: notNegative,
    drift: notNegative,
    maximumRatio: where(number, 'a number above 1', (value) => value > 1),
    images: count,
    groupShare: notNegative,
    groupSqnrGapDb: notNegative,
    convergenceLossDb: notNegative,
  },
);
