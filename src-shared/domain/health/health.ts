import type { HealthLimits } from './health-limits';
import type { Target } from '../project/precision';

/** Health of a calibration set: plain data, written to `analysis/health.json` of a project and sent over links as it is. */

export const HEALTH_SEVERITIES = ['error', 'warning', 'info'] as const;
/** error: INT8 accuracy is expected to suffer, or a file is broken; warning: look at it; info: good to know. */
export type HealthSeverity = (typeof HEALTH_SEVERITIES)[number];

/** An image of one of the project's sets; `id` is what pictures are asked by. */
export interface HealthImage {
  readonly set: 'calibration' | 'validation';
  readonly id: string;
}

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

export interface HealthFinding {
  readonly code: HealthCode;
  readonly severity: HealthSeverity;
  /** The sentence of `health-sentences` with `facts` filled in, in English. */
  readonly message: string;
  /** Values of the sentence's placeholders, formatted. */
  readonly facts: Readonly<Record<string, string | number>>;
  readonly group?: string;
  /** Path as shown: of the image, or of the first of several. */
  readonly file?: string;
  /** The number that was judged, in the unit of `limit`. */
  readonly value?: number;
  readonly limit?: number;
  /** Tensors concerned, the worst first. */
  readonly tensors?: readonly string[];
  /** Images concerned, for pictures. */
  readonly images?: readonly HealthImage[];
}

/** A group of the calibration set at the thresholds in use. A set without groups is one group named `all`. */
export interface HealthGroup {
  readonly images: number;
  /** 0..1 */
  readonly share: number;
  /** -10 log10 of the mean over tensors of (squared error / squared signal); null without any error. */
  readonly expectedSqnrDb: number | null;
  /** Of the tensor that clips the group most, 0..1. */
  readonly clippedFraction: number;
  readonly clippedTensor: string | null;
}

export interface DuplicatePair {
  readonly kind: 'exact' | 'near';
  readonly first: HealthImage;
  readonly second: HealthImage;
}

/** An image that alone sets the maximum of some tensors. */
export interface MaximumImage {
  readonly id: string;
  /** The one with the largest ratio first. Real units. */
  readonly tensors: readonly { readonly tensor: string; readonly amax: number; readonly without: number }[];
}

/** What the thresholds of a part of the images would cost on all of them. */
export interface ConvergencePoint {
  readonly images: number;
  /** dB of SQNR lost on the whole set's histograms; never negative. */
  readonly meanLossDb: number;
  readonly worstLossDb: number;
  readonly worstTensor: string | null;
}

/** How far images lie from the calibration set, in standard deviations between its single images. See domain/drift. */
export interface DriftValue {
  /** Best estimate. */
  readonly drift: number;
  /** With the noise of so few images taken off: what limits are compared with. */
  readonly driftAtLeast: number;
}

export interface FieldGroup extends DriftValue {
  readonly images: number;
  /** Group of the calibration set that it is nearest to; null: the whole set. */
  readonly nearest: string | null;
  readonly clippedFraction: number;
  readonly clippedTensor: string | null;
  /** See HealthLimits; null when outputs could not be compared. */
  readonly outputNmse: number | null;
}

export interface FieldTensor {
  readonly tensor: string;
  /** Threshold in use, real units. */
  readonly threshold: number;
  /** Largest |x| over the calibration set, real units. */
  readonly amax: number;
  readonly groups: Readonly<Record<string, FieldTensorGroup>>;
}

export interface FieldTensorGroup extends DriftValue {
  /** Share (0..1) beyond the threshold, and beyond everything that was calibrated: what minmax would clip. */
  readonly clippedFraction: number;
  readonly beyondRange: number;
}

/** Images from the field beside the calibration set. */
export interface FieldComparison {
  readonly path: string;
  readonly images: number;
  readonly skipped: number;
  readonly variant: string;
  /** Of the group that drifts most. */
  readonly drift: number;
  readonly driftAtLeast: number;
  readonly groups: Readonly<Record<string, FieldGroup>>;
  /** The one that drifts most first. */
  readonly tensors: readonly FieldTensor[];
}

export interface HealthResult {
  /** Most severe first. */
  readonly findings: readonly HealthFinding[];
  readonly groups: Readonly<Record<string, HealthGroup>>;
  readonly images: number;
  readonly duplicates: readonly DuplicatePair[];
  readonly maxima: readonly MaximumImage[];
  /** Ascending; the last point is the whole set. Empty where no threshold comes from the histograms. */
  readonly convergence: readonly ConvergencePoint[];
  readonly against: FieldComparison | null;
  readonly limits: HealthLimits;
  readonly target: Target;
  readonly seconds: number;
  /** ISO 8601. */
  readonly createdAt: string;
}

const RANK: Readonly<Record<HealthSeverity, number>> = { error: 0, warning: 1, info: 2 };

/** Most severe first, otherwise in the order given. */
export function bySeverity(findings: readonly HealthFinding[]): readonly HealthFinding[] {
  return [...findings].sort((a, b) => RANK[a.severity] - RANK[b.severity]);
}
