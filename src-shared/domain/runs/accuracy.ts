import { ownValue } from '../../base/records';
import {
  count,
  type InferOutput,
  integer,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  record,
  string,
  yes,
} from '../../base/schema';
import { BACKENDS } from '../project/precision';
import { pairedComparisonSchema } from '../statistics';
import { groupScoreFields, imageChangeFields, taskScoreFields } from './task-scores';

/** Images that FP32 answers right and the variant does not, and the other way round; omitted without labels. */
const changeFields = { worseImages: optional(count), betterImages: optional(count) };

export const groupAccuracySchema = object({
  /** Number of images of the group that were answered. */
  images: count,
  /** Percent; omitted without labels. */
  top1: optional(number),
  /** Percent of images with the same top-1 as FP32; omitted without an FP32 pass. */
  agreement: optional(number),
  ...changeFields,
  ...groupScoreFields,
});
/** The accuracy of a variant on one group of images. */
export type GroupAccuracy = InferOutput<typeof groupAccuracySchema>;

export const classAccuracySchema = object({
  /** Class index. */
  label: count,
  name: optional(string),
  images: count,
  /** Percent. */
  top1: number,
  top1Fp32: optional(number),
  /** Variant minus FP32, percentage points. */
  difference: optional(number),
  ...changeFields,
});
export type ClassAccuracy = InferOutput<typeof classAccuracySchema>;

export const confusionChangeSchema = object({
  label: nullable(count),
  from: integer,
  to: integer,
  count,
});
/**
 * `count` images of class `label` (null: unlabelled) that FP32 answered `from` and the variant answers `to` (-1: no
 * answer).
 */
export type ConfusionChange = InferOutput<typeof confusionChangeSchema>;

export const worstImageSchema = object({
  file: string,
  label: nullable(count),
  group: nullable(string),
  /** FP32's class and the score of that answer; for other tasks, the score of the image alone from 0 to 100. */
  fp32: optional(integer),
  fp32Score: optional(number),
  /** The variant's class (-1: no answer) and its score; for other tasks, the score of the image alone. */
  answer: optional(integer),
  score: optional(number),
  ...imageChangeFields,
});
/** One image whose answer changed. Only classifications have the classes `fp32` and `answer`. */
export type WorstImage = InferOutput<typeof worstImageSchema>;

export const outputQualitySchema = object({
  /** Name of a model output. */
  name: string,
  /** Signal-to-noise ratio against FP32; null if there is no error (or no signal, or the variant answered NaN). */
  sqnrDb: nullable(number),
  cosine: nullable(number),
  /** Present (true) if the variant answered NaN or infinity where FP32 did not. */
  notFinite: optional(yes),
});
export type OutputQuality = InferOutput<typeof outputQualitySchema>;

export const variantReportSchema = object({
  variant: string,
  backend: oneOf(...BACKENDS),
  /** An earlier variant with the same model; all numbers are those of that variant. */
  sameAs: optional(string),
  top1: optional(number),
  top5: optional(number),
  ...taskScoreFields,
  /**
   * Agreement with FP32 in percent: images with the same top-1, or the measure of the task with the answers of FP32 as
   * the truth. Omitted if the task is not decided and no output is [batch, classes].
   */
  agreement: optional(number),
  /** The value for the output with the largest error against FP32, over all images. */
  outputSqnrDb: optional(number),
  groups: record(groupAccuracySchema),
  /** Sorted by label; empty without labels. */
  classes: list(classAccuracySchema),
  /** Most frequent first, at most 1000. */
  confusions: list(confusionChangeSchema),
  comparedToFp32: optional(pairedComparisonSchema),
  /**
   * Images that FP32 answered correctly and the variant did not (most certain first), then other changed answers; for
   * other tasks the images whose own score fell most. At most 50.
   */
  worstImages: list(worstImageSchema),
  outputs: list(outputQualitySchema),
});
/**
 * Accuracy of one variant. Percentages are 0..100; measurements that were not made (no labels, no FP32 pass) are
 * omitted.
 */
export type VariantReport = InferOutput<typeof variantReportSchema>;

/** The images of a validation set in set order; all arrays have one entry per image. */
export interface ValidationImages {
  readonly files: readonly string[];
  /** Class index; -1 if the image has no label. */
  readonly labels: Int32Array;
  readonly groups: readonly (string | null)[];
  /** By class index; empty if classes have no names. */
  readonly classNames: readonly string[];
}

/** The answers of one variant, in set order. */
export interface Predictions {
  /** Class index; -1 if the image failed. */
  readonly top1: Int32Array;
  /** Five class indices per image, row by row; missing ones are -1. */
  readonly top5?: Int32Array;
  /** Score of the top-1 answer (probability or logit). */
  readonly scores?: ArrayLike<number>;
}

export const worstGroupSchema = object({
  name: string,
  /** The value of the measure. */
  measure: number,
  /** Percent; only for classifications. */
  top1: optional(number),
});
export type WorstGroup = InferOutput<typeof worstGroupSchema>;

/**
 * The group with the worst value of the measure (ties: first by name); null without groups, and for classifications
 * without labels.
 */
export function worstGroup({ groups, measure }: Pick<VariantReport, 'groups' | 'measure'>): WorstGroup | null {
  let worst: WorstGroup | null = null;
  for (const name of Object.keys(groups).sort()) {
    const own = ownValue(groups, name);
    const value = own?.measure;
    if (value === undefined) continue;
    if (worst !== null && !(measure?.higherIsBetter === false ? value > worst.measure : value < worst.measure))
      continue;
    worst = { name, measure: value, ...(own?.top1 === undefined ? {} : { top1: own.top1 }) };
  }
  return worst;
}

/** The output with the lowest SQNR (ties: the first); null if no output has one. */
export function worstOutput<T extends Pick<OutputQuality, 'sqnrDb'>>(outputs: readonly T[]): T | null {
  return outputs.reduce<T | null>(
    (worst, own) =>
      own.sqnrDb !== null && (worst?.sqnrDb === undefined || worst.sqnrDb === null || own.sqnrDb < worst.sqnrDb)
        ? own
        : worst,
    null,
  );
}
