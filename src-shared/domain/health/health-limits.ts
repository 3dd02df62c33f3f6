import { count, type InferOutput, numberWhere, object, partial } from '../../base/schema';

const notNegative = numberWhere('a number of at least 0', (value) => value >= 0);

export const healthLimitsSchema = object({
  /** Share (0..1) of a group's values beyond the threshold of one tensor. */
  clippedFraction: notNegative,
  /** Squared error over squared signal of a tensor in one group; clipping is serious above it (0.01: 20 dB). */
  clippedNoise: notNegative,
  /** Squared error of the INT8 outputs over FP32's squares, on the images of one group. */
  outputNmse: notNegative,
  /** Drift of a group of images from the calibration set, see domain/drift. */
  drift: notNegative,
  /** Largest |x| of one image divided by the largest of all other images. */
  maximumRatio: numberWhere('a number above 1', (value) => value > 1),
  /** Number of images below which thresholds are unsteady. */
  images: count,
  /** Share (0..1) of the set that a group should have. */
  groupShare: notNegative,
  /** dB by which a group's expected SQNR may be below that of the best group. */
  groupSqnrGapDb: notNegative,
  /** dB of SQNR that one tensor may lose with the thresholds of half the images. */
  convergenceLossDb: notNegative,
});
/** Limits from which a measurement is reported as a finding. All can be set; docs/health.md explains the defaults. */
export type HealthLimits = InferOutput<typeof healthLimitsSchema>;

export const someHealthLimitsSchema = partial(healthLimitsSchema.entries);

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
