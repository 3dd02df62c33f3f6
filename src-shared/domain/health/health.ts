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
/** error: INT8 accuracy is expected to suffer, or a file is broken; warning: look at it; info: good to know. */
export type HealthSeverity = (typeof HEALTH_SEVERITIES)[number];

export const healthImageSchema = object({
  set: oneOf('calibration', 'validation'),
  id: string,
});
/** An image of one of the project's sets; `id` is what pictures are asked by. */
export type HealthImage = InferOutput<typeof healthImageSchema>;

export const HEALTH_CODES = [
  'images-corrupt',
  'images-duplicate',
  'images-near-duplicate',
  'images-shared',
  'images-near-shared',
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
  /** Path as shown: of the image, or of the first of several. */
  file: optional(string),
  /** The number that was judged, in the unit of `limit`. */
  value: optional(measured),
  limit: optional(measured),
  /** Tensors concerned, the worst first. */
  tensors: optional(list(string)),
  /** Images concerned, for pictures. */
  images: optional(list(healthImageSchema)),
});
export type HealthFinding = InferOutput<typeof healthFindingSchema>;

export const healthGroupSchema = object({
  images: count,
  /** 0..1 */
  share: measured,
  /** -10 log10 of the mean over tensors of (squared error / squared signal); null without any error. */
  expectedSqnrDb: nullable(measured),
  /** Of the tensor that clips the group most, 0..1. */
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
  /** The one with the largest ratio first. Real units. */
  tensors: list(
    object({
      tensor: string,
      amax: measured,
      without: measured,
    }),
  ),
});
/** An image that alone sets the maximum of some tensors. */
export type MaximumImage = InferOutput<typeof maximumImageSchema>;

export const convergencePointSchema = object({
  images: count,
  /** dB of SQNR lost on the whole set's histograms; never negative. */
  meanLossDb: measured,
  worstLossDb: measured,
  worstTensor: nullable(string),
});
/** What the thresholds of a part of the images would cost on all of them. */
export type ConvergencePoint = InferOutput<typeof convergencePointSchema>;

export const driftValueSchema = object({
  /** Best estimate. */
  drift: measured,
  /** With the noise of so few images taken off: what limits are compared with. */
  driftAtLeast: measured,
});
/** How far images lie from the calibration set, in standard deviations between its single images. See domain/drift. */
export type DriftValue = InferOutput<typeof driftValueSchema>;

export const fieldGroupSchema = object({
  ...driftValueSchema.entries,
  images: count,
  /** Group of the calibration set that it is nearest to; null: the whole set. */
  nearest: nullable(string),
  clippedFraction: measured,
  clippedTensor: nullable(string),
  /** See HealthLimits; null when outputs could not be compared. */
  outputNmse: nullable(measured),
});
export type FieldGroup = InferOutput<typeof fieldGroupSchema>;

export const fieldTensorGroupSchema = object({
  ...driftValueSchema.entries,
  /** Share (0..1) beyond the threshold, and beyond everything that was calibrated: what minmax would clip. */
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
  /** Of the group that drifts most. */
  drift: measured,
  driftAtLeast: measured,
  groups: record(fieldGroupSchema),
  /** The one that drifts most first. */
  tensors: list(fieldTensorSchema),
});
/** Images from the field beside the calibration set. */
export type FieldComparison = InferOutput<typeof fieldComparisonSchema>;

export const healthResultSchema = object({
  /** Most severe first. */
  findings: list(healthFindingSchema),
  groups: record(healthGroupSchema),
  images: count,
  duplicates: list(duplicatePairSchema),
  maxima: list(maximumImageSchema),
  /** Ascending; the last point is the whole set. Empty where no threshold comes from the histograms. */
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

/** Most severe first, otherwise in the order given. */
export function bySeverity(findings: readonly HealthFinding[]): readonly HealthFinding[] {
  return [...findings].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}
