import {
  count,
  either,
  type InferOutput,
  list,
  measured,
  nullable,
  number,
  object,
  oneOf,
  optional,
  record,
  string,
} from '../../base/schema';
import { TARGETS } from '../project/precision';
import { healthLimitsSchema } from './health-limits';

/**
 * Result of the health check of a calibration set: plain data that is stored in `analysis/health.json` and sent to
 * clients.
 */

export const HEALTH_SEVERITIES = ['error', 'warning', 'info'] as const;
/**
 * error: INT8 accuracy is expected to suffer, or a file is broken; warning: should be checked; info: for information.
 */
export type HealthSeverity = (typeof HEALTH_SEVERITIES)[number];

export const healthImageSchema = object({
  set: oneOf('calibration', 'validation'),
  id: string,
});
/** An image of one of the project's sets; `id` identifies it in requests for pictures. */
export type HealthImage = InferOutput<typeof healthImageSchema>;

export const HEALTH_CODES = [
  'images-corrupt',
  'images-duplicate',
  'images-near-duplicate',
  'images-shared',
  'images-near-shared',
  'labels-odd',
  'image-sets-maximum',
  'few-images',
  'thresholds-unsteady',
  'thresholds-steady',
  'group-small',
  'group-clipped-by-method',
  'group-sqnr-low',
  'field-drift',
  'field-covered',
  'field-unclear',
  'field-clipped',
  'field-clipped-by-method',
  'field-output-error',
  'field-output-error-by-method',
  'field-skipped',
] as const;
export type HealthCode = (typeof HEALTH_CODES)[number];

export const healthFindingSchema = object({
  code: oneOf(...HEALTH_CODES),
  severity: oneOf(...HEALTH_SEVERITIES),
  /** The sentence of `health-sentences` with `facts` filled in, in English. */
  message: string,
  /** Values of the sentence's placeholders, formatted. */
  facts: record(either('a string or a number', string, number)),
  group: optional(string),
  /** Displayed path of the image, or of the first of several images. */
  file: optional(string),
  /** The measured value that was compared with `limit`, in the same unit. */
  value: optional(measured),
  limit: optional(measured),
  /** Affected tensors, worst first. */
  tensors: optional(list(string)),
  /** Affected images, for pictures. */
  images: optional(list(healthImageSchema)),
});
export type HealthFinding = InferOutput<typeof healthFindingSchema>;

export const healthGroupSchema = object({
  images: count,
  /** 0..1 */
  share: measured,
  /** -10 log10 of the mean over tensors of (squared error / squared signal); null if there is no error. */
  expectedSqnrDb: nullable(measured),
  /** For the tensor that clips the group most, 0..1. */
  clippedFraction: measured,
  clippedTensor: nullable(string),
});
/** A group of the calibration set at the thresholds in use. A set without groups is one group named `all`. */
export type HealthGroup = InferOutput<typeof healthGroupSchema>;

export const duplicatePairSchema = object({
  kind: oneOf('exact', 'near'),
  first: healthImageSchema,
  second: healthImageSchema,
});
export type DuplicatePair = InferOutput<typeof duplicatePairSchema>;

export const maximumImageSchema = object({
  id: string,
  /** Sorted by ratio, largest first. Real units. */
  tensors: list(
    object({
      tensor: string,
      amax: measured,
      without: measured,
    }),
  ),
});
/** An image that alone determines the maximum of some tensors. */
export type MaximumImage = InferOutput<typeof maximumImageSchema>;

export const convergencePointSchema = object({
  images: count,
  /** dB of SQNR lost on the whole set's histograms; never negative. */
  meanLossDb: measured,
  worstLossDb: measured,
  worstTensor: nullable(string),
});
/** The loss on all images with the thresholds that were computed from a part of them. */
export type ConvergencePoint = InferOutput<typeof convergencePointSchema>;

export const driftValueSchema = object({
  /** Best estimate. */
  drift: measured,
  /** The estimate minus the noise that is due to the number of images; limits are compared with this value. */
  driftAtLeast: measured,
});
/**
 * The distance of images from the calibration set, in standard deviations between single images of that set. See
 * domain/histograms/drift.ts.
 */
export type DriftValue = InferOutput<typeof driftValueSchema>;

export const fieldGroupSchema = object({
  ...driftValueSchema.entries,
  images: count,
  /** The nearest group of the calibration set; null: the whole set. */
  nearest: nullable(string),
  clippedFraction: measured,
  clippedTensor: nullable(string),
  /** See HealthLimits; null if outputs could not be compared. */
  outputNmse: nullable(measured),
});
export type FieldGroup = InferOutput<typeof fieldGroupSchema>;

export const fieldTensorGroupSchema = object({
  ...driftValueSchema.entries,
  /**
   * Share (0..1) of values beyond the threshold, and beyond the largest calibrated value: the share that minmax would
   * clip.
   */
  clippedFraction: measured,
  beyondRange: measured,
});
export type FieldTensorGroup = InferOutput<typeof fieldTensorGroupSchema>;

export const fieldTensorSchema = object({
  tensor: string,
  /** Threshold in use, real units. */
  threshold: measured,
  /** Largest |x| over the calibration set, real units. */
  amax: measured,
  groups: record(fieldTensorGroupSchema),
});
export type FieldTensor = InferOutput<typeof fieldTensorSchema>;

export const fieldComparisonSchema = object({
  path: string,
  images: count,
  skipped: measured,
  variant: string,
  /** Of the group with the largest drift. */
  drift: measured,
  driftAtLeast: measured,
  groups: record(fieldGroupSchema),
  /** Sorted by drift, largest first. */
  tensors: list(fieldTensorSchema),
});
/** Images from the deployment compared with the calibration set. */
export type FieldComparison = InferOutput<typeof fieldComparisonSchema>;

export const healthResultSchema = object({
  /** Most severe first. */
  findings: list(healthFindingSchema),
  groups: record(healthGroupSchema),
  images: count,
  duplicates: list(duplicatePairSchema),
  maxima: list(maximumImageSchema),
  /** Ascending; the last point is the whole set. Empty if no threshold comes from the histograms. */
  convergence: list(convergencePointSchema),
  against: nullable(fieldComparisonSchema),
  limits: healthLimitsSchema,
  target: oneOf(...TARGETS),
  seconds: measured,
  /** ISO 8601. */
  createdAt: string,
});
export type HealthResult = InferOutput<typeof healthResultSchema>;

const RANK: Readonly<Record<HealthSeverity, number>> = { error: 0, warning: 1, info: 2 };

/** Sorted by severity, most severe first, otherwise in the given order. */
export function bySeverity(findings: readonly HealthFinding[]): readonly HealthFinding[] {
  return [...findings].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}
