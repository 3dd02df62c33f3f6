import {
  count,
  type InferOutput,
  list,
  nullable,
  number,
  object,
  type ObjectOutput,
  oneOf,
  optional,
  partial,
  string,
  yes,
} from '../../base/schema';
import { classMeasureSchema, measureDifferenceSchema } from '../measures/judge';
import { DETECTION_CONVENTIONS } from '../tasks/task';
import { measureSchema } from '../tasks/measure';

/** From 0 to 1; null where nothing counts: no small object in the set, for example. */
const fraction = nullable(number);

export const taskClassSchema = object({
  ...classMeasureSchema.entries,
  /** Detection: average precision of the class. */
  ap: optional(number),
  ap50: optional(number),
  /** Segmentation: over the pixels of all images. */
  iou: optional(number),
  dice: optional(number),
});
/**
 * One class of the truth. `value`, `fp32` and `difference` are in the unit of the measure (points), the other scores
 * are fractions from 0 to 1.
 */
export type TaskClass = InferOutput<typeof taskClassSchema>;

/** Scores that belong to one task; fractions from 0 to 1. Those of other tasks are omitted. */
export const detailFields = {
  /** Detection: the rules of the scores. */
  convention: oneOf(...DETECTION_CONVENTIONS),
  /** Detection: mean over IoU 0.50 to 0.95 and over the classes that have objects. */
  ap: fraction,
  ap50: fraction,
  ap75: fraction,
  /** By the area of the object: below 32 x 32 pixels of the image, below 96 x 96, above. */
  apSmall: fraction,
  apMedium: fraction,
  apLarge: fraction,
  /** Average recall with at most 1, 10 and 100 detections of a class in an image. */
  ar1: fraction,
  ar10: fraction,
  ar100: fraction,
  arSmall: fraction,
  arMedium: fraction,
  arLarge: fraction,
  /** Segmentation: means over the classes that occur in the truth. */
  miou: fraction,
  meanDice: fraction,
  /** By class index; null for a class that does not occur in the truth. */
  iou: list(fraction),
  dice: list(fraction),
  pixelAccuracy: fraction,
  /** Embedding: mean cosine to the embedding of FP32. */
  cosine: fraction,
  /** Embedding: whether the nearest other image has the same label; mean average precision over all others. */
  recallAt1: fraction,
  retrievalMap: fraction,
};

/** The fields of a variant's report that every task has. */
export const taskScoreFields = {
  /** The number that judges the variant. */
  measure: optional(measureSchema),
  /** Compared with FP32 on the same images, in the unit of the measure; omitted for FP32 itself. */
  difference: optional(measureDifferenceSchema),
  /** Present (true) if the measure compares with the answers of FP32, because the images have no labels. */
  againstFp32: optional(yes),
  /** By class index, for all tasks except classification (see `classes`). */
  perClass: optional(list(taskClassSchema)),
  ...partial(detailFields).entries,
};

export const groupScoreFields = {
  /** The measure over the images of the group. */
  measure: optional(number),
  /** Detection and segmentation: the same as a fraction from 0 to 1. */
  ap: optional(number),
  miou: optional(number),
};

export const imageChangeFields = {
  /** Boxes of FP32 that the variant does not find, boxes that only the variant has, and boxes that moved. */
  missed: optional(count),
  added: optional(count),
  moved: optional(count),
};

/** The scores of one variant that its task defines. */
export type TaskScores = ObjectOutput<typeof taskScoreFields> & {
  /** The measure against the answers of FP32 itself, from 0 to 100. */
  readonly agreement?: number;
};

/** An image of which the variant's answer is worse than FP32's. */
export interface TaskImage {
  readonly file: string;
  readonly group: string | null;
  readonly label: number | null;
  /** Score of the image alone, from 0 to 100: F1 of the boxes at IoU 0.5, mIoU of the image, 100 times the cosine. */
  readonly score?: number;
  readonly fp32Score?: number;
  readonly missed?: number;
  readonly added?: number;
  readonly moved?: number;
}

/** Reasons why a variant has no measure. */
export const NO_MEASURE_REASONS = ['no-task', 'no-truth', 'no-answers'] as const;
export const noMeasureSchema = object({
  code: oneOf(...NO_MEASURE_REASONS),
  message: string,
});
export type NoMeasure = InferOutput<typeof noMeasureSchema>;
