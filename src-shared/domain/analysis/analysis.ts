import { tuningSummarySchema } from './tuning';
import {
  boolean,
  count,
  either,
  type InferOutput,
  list,
  measured,
  nullable,
  object,
  oneOf,
  optional,
  record,
  string,
  variant,
} from '../../base/schema';
import { measureDifferenceSchema } from '../measures/judge';
import { METHODS } from '../project/methods';
import { PRECISIONS, TARGETS } from '../project/precision';
import { pairedRatioSchema } from '../runs/latency';
import { measureSchema } from '../tasks/measure';

/**
 * Results of the analyses: plain data that is written unchanged to `analysis/*.json` of a project and sent over links.
 */

/**
 * The question that a sensitivity analysis asks about each layer. `cause`: how much accuracy is lost if only this layer
 * runs in INT8 and all others in FP32. `visible`: how large is the error at the output of this layer if all layers run
 * in INT8. `release`: how much accuracy is regained if all layers except this one run in INT8.
 */
export const SENSITIVITY_KINDS = ['cause', 'visible', 'release'] as const;
export type SensitivityKind = (typeof SENSITIVITY_KINDS)[number];

/**
 * `sqnr`: dB at the model's outputs. `agreement`: the answers compared with those of FP32, by the measure of the task,
 * in percent or points. `measure`: the measure of the task, which needs labels. `top1`: the same for classifications.
 * `worst-group`: the measure of the worst group.
 */
export const SENSITIVITY_METRICS = ['sqnr', 'agreement', 'measure', 'top1', 'worst-group'] as const;
export type SensitivityMetric = (typeof SENSITIVITY_METRICS)[number];

/** The operand of INT8 layers that is quantized while the other one stays in floating point. */
export type QuantizedOperand = 'weights' | 'input';

export const trialGroupSchema = object({
  name: string,
  /** The value of the measure; omitted in results of versions that knew classifications only. */
  measure: optional(measured),
  /** Percent; only for classifications. */
  top1: optional(measured),
});
/** A group with the value that a model reaches on its images. */
export type TrialGroup = InferOutput<typeof trialGroupSchema>;

/** The value of a group, in the unit of the measure. */
export function groupValue({ measure, top1 }: Pick<TrialGroup, 'measure' | 'top1'>): number {
  return measure ?? top1 ?? 0;
}

export const trialQualitySchema = object({
  /**
   * Sum of squared differences divided by the sum of FP32's squares, for the output with the largest error; before any
   * final Softmax.
   */
  nmse: measured,
  /** 10 log10(1 / nmse); null if there is no difference. */
  sqnrDb: nullable(measured),
  /**
   * True if no output can be compared by its values, because their sizes depend on the data. nmse is then the part of
   * the answers that does not agree with FP32, 1 - agreement / 100, and sqnrDb is null.
   */
  comparesAnswers: optional(boolean),
  /** The group with the largest nmse; null without groups. */
  worstGroupNmse: nullable(
    object({
      name: string,
      nmse: measured,
    }),
  ),
  /** For detectors: the error of the scores and boxes that count, of the worst group; see candidateSums. */
  candidateNmse: optional(measured),
  /**
   * The answers compared with those of FP32: percent of images with the same class, or the measure of the task with the
   * answers of FP32 as the truth. null if the task is not decided and no output has the shape [batch, classes].
   */
  agreement: nullable(measured),
  /** The measure of the task, from the labels; omitted without labels. */
  measure: optional(measureSchema),
  /** Percent; null without labels, and for tasks other than classification. */
  top1: nullable(measured),
  /** The group with the worst measure; null without labels or groups. */
  worstGroup: nullable(trialGroupSchema),
  /** Top-1 of every group, percent; empty without labels or groups, and for tasks other than classification. */
  groupTop1: record(measured),
  /** The measure of every group; omitted without labels or groups. */
  groupMeasures: optional(record(measured)),
});
/** The quality of the answers of a variant on a set of images, compared with FP32. */
export type TrialQuality = InferOutput<typeof trialQualitySchema>;

/**
 * The error by which layers, repairs and plans are chosen: for detectors that of their candidates, which the measure
 * depends on.
 */
export function choiceError(quality: TrialQuality): number {
  return quality.candidateNmse ?? worstNmse(quality);
}

/** The objective of automatic choices: the error of the worst group, or of all images without groups. */
export function worstNmse(quality: Pick<TrialQuality, 'nmse' | 'worstGroupNmse'>): number {
  return quality.worstGroupNmse?.nmse ?? quality.nmse;
}

export const sensitivityLayerSchema = object({
  layer: string,
  op: string,
  /**
   * A larger score means a more sensitive layer. `release`: the gain of the metric; `cause`: its loss; for SQNR of
   * `cause` and `visible`: the negative SQNR in dB.
   */
  score: measured,
  metric: oneOf(...SENSITIVITY_METRICS),
  /** Quality of the model with this one change; null for kind visible. */
  quality: nullable(trialQualitySchema),
  /** dB: at the model's outputs, for visible at the layer's own output; null if there is no error. */
  sqnrDb: nullable(measured),
  /**
   * `cause`: dB at the model's outputs with only the weights of the layer in INT8, and with only its input; null if
   * there is no error. Omitted for layers without INT8 weights and for other kinds.
   */
  operands: optional(object({ weights: nullable(measured), input: nullable(measured) })),
});
export type SensitivityLayer = InferOutput<typeof sensitivityLayerSchema>;

export const sensitivityResultSchema = object({
  kind: oneOf(...SENSITIVITY_KINDS),
  metric: oneOf(...SENSITIVITY_METRICS),
  target: oneOf(...TARGETS),
  set: oneOf('calibration', 'validation'),
  images: count,
  /**
   * The quality that the changes are compared with: all layers in INT8 for `release` and `visible`, FP32 for `cause`.
   */
  baseline: trialQualitySchema,
  /** Sorted by score, highest first. */
  layers: list(sensitivityLayerSchema),
  /** Runs of the model: images times models that were tried. */
  passes: count,
  /** What was computed, in runs of the whole model; a run that starts behind unchanged layers counts as a part. */
  work: optional(measured),
  seconds: measured,
  createdAt: string,
});
export type SensitivityResult = InferOutput<typeof sensitivityResultSchema>;

export const autoChoiceSchema = object({
  tensor: string,
  method: oneOf(...METHODS),
  /** In real units. */
  threshold: measured,
  /** Stable identifier: `same-as-single`, `descent`, `no-effect`. */
  code: string,
  /** The reason as one sentence. */
  reason: string,
});
/** The reason why `auto` chose a tensor's threshold. */
export type AutoChoice = InferOutput<typeof autoChoiceSchema>;

export const autoObjectiveSchema = object({
  /** Measured on the images that the choice was made on. */
  chosen: measured,
  /** Measured on calibration images that were not used for the choice. */
  confirmed: measured,
});
/**
 * Objective of `auto`: nmse at the outputs of the worst group (of all images, without groups); for detectors the error
 * of their candidates.
 */
export type AutoObjective = InferOutput<typeof autoObjectiveSchema>;

export const autoResultSchema = object({
  target: oneOf(...TARGETS),
  images: object({
    chosen: measured,
    confirmed: measured,
  }),
  groups: list(string),
  /** See TrialQuality: the objective is the part of the answers that does not agree with FP32. */
  comparesAnswers: optional(boolean),
  /** The objective is the error of a detector's candidates. */
  comparesCandidates: optional(boolean),
  /** The objective of every method if it is used for all tensors. */
  singles: list(object({ ...autoObjectiveSchema.entries, method: oneOf(...METHODS) })),
  /** The objective that the descent over tensors reached. */
  descent: autoObjectiveSchema,
  /** `descent` if its gain held on unseen images; else `auto` uses the best single method. */
  verdict: oneOf('descent', 'single'),
  bestSingle: oneOf(...METHODS),
  /** One sentence: which thresholds `auto` uses, and whether they are better than those of a single method. */
  summary: string,
  choices: list(autoChoiceSchema),
  passes: count,
  /** What was computed, in runs of the whole model; a run that starts behind unchanged layers counts as a part. */
  work: optional(measured),
  seconds: measured,
  createdAt: string,
});
export type AutoResult = InferOutput<typeof autoResultSchema>;

export const searchPlanSchema = object({
  /** Layers that were released from INT8, in the order of release. */
  fp16Layers: list(string),
  quality: trialQualitySchema,
  /** As in quality; omitted without labels. */
  top1: optional(measured),
  worstGroupTop1: optional(measured),
  /** As in quality: the measure of the task; omitted without labels. */
  measure: optional(measureSchema),
  worstGroup: optional(trialGroupSchema),
  /** Latency of one image (or of the benchmark's batch, if engines were measured). */
  latencyMs: measured,
  latencyKind: oneOf('measured', 'modelled'),
  /** Latency relative to FP32's, round by round; present if both were measured. */
  ratioToFp32: optional(pairedRatioSchema),
  meetsLimit: boolean,
  /** True if no other plan is both faster and better. */
  isPareto: boolean,
  /**
   * Another plan (its index in `plans`) or FP32 that is at least as fast and as accurate, and better in one of the two,
   * compared by latencies of the same kind. Omitted if there is none. A dominated plan is not adopted.
   */
  dominatedBy: optional(either('an index or "fp32"', count, oneOf('fp32'))),
});
/** One plan that the search tried. */
export type SearchPlan = InferOutput<typeof searchPlanSchema>;

export const referenceLatencySchema = object({
  variant: oneOf('fp32', 'fp16'),
  latencyMs: measured,
  latencyKind: oneOf('measured', 'modelled'),
});
export type ReferenceLatency = InferOutput<typeof referenceLatencySchema>;

export const searchLimitsSchema = object({
  /** Points of the measure (of agreement without labels) below FP32. */
  maxDrop: measured,
  /** Points; each group is compared with its own FP32 value. */
  maxWorstGroupDrop: measured,
  maxLayers: nullable(measured),
  /** Without labels: output error (nmse) of the worst group. */
  maxNmse: measured,
});
export type SearchLimits = InferOutput<typeof searchLimitsSchema>;

export const searchResultSchema = object({
  target: oneOf(...TARGETS),
  /** The method of the thresholds of all tensors; null if the thresholds in use were kept. */
  method: nullable(oneOf(...METHODS)),
  /**
   * The images that the plans were judged on. `against`: unlabelled images from the deployment, judged by agreement
   * with FP32 and by the output error.
   */
  judgedOn: oneOf('validation', 'against', 'calibration'),
  images: count,
  fp32: trialQualitySchema,
  limits: searchLimitsSchema,
  /** Layers by how much accuracy their release regains, best first. */
  ranking: list(
    object({
      layer: string,
      gain: measured,
    }),
  ),
  /** Plans with few released layers are first. */
  plans: list(searchPlanSchema),
  /**
   * Variants that the plans are compared with. FP16 is one of them if the backend runs it or if all latencies are
   * modelled.
   */
  references: list(referenceLatencySchema),
  /** Index into plans; null if no plan meets the limits. No other plan that meets them dominates it. */
  chosen: nullable(measured),
  /**
   * How much of the result is chance: differences of the measure (of agreement without labels) between the chosen plan,
   * or the nearest one, and FP32 and all INT8 on the images that plans were judged on, with their intervals over the
   * choice of these images. Omitted in results of older versions and if there is nothing to compare.
   */
  chance: optional(
    object({
      measure: string,
      toFp32: nullable(measureDifferenceSchema),
      gainOverInt8: nullable(measureDifferenceSchema),
    }),
  ),
  /** Present if a tuning was requested and a plan was chosen: the fastest placement with the layers of that plan. */
  tuning: optional(tuningSummarySchema),
  summary: string,
  passes: count,
  /** What was computed, in runs of the whole model; a run that starts behind unchanged layers counts as a part. */
  work: optional(measured),
  seconds: measured,
  createdAt: string,
});
export type SearchResult = InferOutput<typeof searchResultSchema>;

export const diagnosisSubjectSchema = variant({
  group: object({
    kind: oneOf('group'),
    group: string,
  }),
  class: object({
    kind: oneOf('class'),
    label: count,
  }),
  confusion: object({
    kind: oneOf('confusion'),
    from: count,
    to: count,
  }),
});
/** The subject of a diagnosis: a group, a class, or a pair of classes that are confused. */
export type DiagnosisSubject = InferOutput<typeof diagnosisSubjectSchema>;

export const diagnosisActionSchema = object({
  kind: oneOf('release', 'threshold'),
  /** Layer (release) or tensor (threshold). */
  name: string,
  /** For release: the precision that the layer is to run in. */
  precision: optional(oneOf(...PRECISIONS)),
  /** For threshold: the method that the tensor is to use. */
  method: optional(oneOf(...METHODS)),
  before: trialQualitySchema,
  after: trialQualitySchema,
  /** The action as one sentence. */
  sentence: string,
});
/** A change to the project that can be tried with one click, with its measured effect on the images in question. */
export type DiagnosisAction = InferOutput<typeof diagnosisActionSchema>;

export const diagnosisResultSchema = object({
  variant: string,
  target: oneOf(...TARGETS),
  subject: diagnosisSubjectSchema,
  /** The subject as shown to the user: `night`, `class 6`, `6 read as 8`. */
  title: string,
  images: count,
  /** Tensors that clip these images, worst first; fractions 0..1 of values beyond the threshold. */
  clipped: list(
    object({
      tensor: string,
      threshold: measured,
      clippedFraction: measured,
      elsewhere: measured,
    }),
  ),
  /** Best first. */
  actions: list(diagnosisActionSchema),
  /** A summary of one paragraph. */
  summary: string,
  createdAt: string,
});
export type DiagnosisResult = InferOutput<typeof diagnosisResultSchema>;
