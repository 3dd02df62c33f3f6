import {
  boolean,
  converted,
  count,
  type InferOutput,
  list,
  measured,
  number,
  object,
  oneOf,
  optional,
  string,
  strings,
} from '../../base/schema';
import { trialQualitySchema } from './analysis';
import { repairsSchema, TARGETS } from '../project/precision';
import { worstGroupSchema } from '../runs/accuracy';
import { measureSchema } from '../tasks/measure';

export const layerBiasSchema = object({
  layer: string,
  slot: count,
  initializer: string,
  /** The layer whose weights are quantized; the bias is added to its result. */
  owner: string,
  /** ONNX op type of the owner. */
  op: string,
  channels: count,
});
/**
 * The bias that a quantized layer adds. `layer` and its input `slot` read the bias: the layer itself, or the Add after
 * a MatMul.
 */
export type LayerBias = InferOutput<typeof layerBiasSchema>;

export const biasCorrectionSchema = object({
  ...layerBiasSchema.entries,
  shift: list(number),
  /** True if it was learned; otherwise it was measured by bias correction. */
  isLearned: optional(boolean),
});
/** A correction that is added to a bias, one value per output channel, in real units. */
export type BiasCorrection = InferOutput<typeof biasCorrectionSchema>;

export const weightRoundingSchema = object({
  /** The layer whose input `slot` is the weight. */
  layer: string,
  slot: count,
  initializer: string,
  /** ONNX op type of the layer. */
  op: string,
  /** Axis of the output channels. */
  axis: count,
  /** Scale of each output channel. In a channel with another scale, weights are rounded to nearest. */
  scales: list(number),
  /** INT8 values, one signed byte per weight in row-major order, as base64. */
  values: string,
  /** Number of weights that are not rounded to nearest. */
  moved: count,
});
/** Learned INT8 values of the weights of one layer: each is one of the two steps next to the float weight. */
export type WeightRounding = InferOutput<typeof weightRoundingSchema>;

/** What a learned repair changes beside thresholds. */
export interface LearnedValues {
  readonly biases?: readonly BiasCorrection[];
  readonly roundings?: readonly WeightRounding[];
}

export const learnedBlockSchema = object({
  /** Names of its layers. */
  layers: strings,
  /** The tensors whose error was minimised. */
  outputs: strings,
  /** Passes over the images to learn on, and steps. */
  epochs: count,
  steps: count,
  /** Error of the block's outputs on images that it did not learn from, normalized by their signal. */
  before: measured,
  after: measured,
  /** Why the block was left out; absent if it was learned. */
  reason: optional(string),
});
/** One block of a learned repair. */
export type LearnedBlock = InferOutput<typeof learnedBlockSchema>;

export const learnResultSchema = object({
  variant: string,
  target: oneOf(...TARGETS),
  /** Numbers of images: learned from, and used to choose among the learned values and those before. */
  images: object({ learned: count, confirmed: count }),
  /** Whether the learned values are in use: the error on the confirming images is lower with them. */
  isKept: boolean,
  before: trialQualitySchema,
  after: trialQualitySchema,
  blocks: list(learnedBlockSchema),
  thresholds: count,
  biases: count,
  /** The part of the learned changes of biases that is used: the best one on the confirming images. */
  biasShare: optional(measured),
  /** Number of layers whose weights are rounded otherwise than to nearest, and of these weights. */
  roundedLayers: optional(count),
  movedWeights: optional(count),
  seconds: measured,
  createdAt: string,
});
/** Thresholds, biases and roundings of weights that were learned for one variant. */
export type LearnResult = InferOutput<typeof learnResultSchema>;

/** Results of older versions have the top-1 of the worst group only. */
function withMeasure(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || 'measure' in value || !('top1' in value)) return value;
  return { ...value, measure: value.top1 };
}

export const repairRowSchema = object({
  repairs: repairsSchema,
  top1: optional(measured),
  measure: optional(measureSchema),
  worstGroup: optional(converted(withMeasure, worstGroupSchema)),
  agreement: optional(measured),
  /** The value for the output with the largest error against FP32; omitted if there is no error. */
  outputSqnrDb: optional(measured),
  /**
   * True if corrected biases were measured but rejected, because they do not bring other images closer to FP32; the row
   * then uses the model's own biases.
   */
  biasesDropped: optional(boolean),
});
/**
 * One variant with one choice of repairs, measured on one set. Percentages are 0..100; measurements that were not made
 * are omitted.
 */
export type RepairRow = InferOutput<typeof repairRowSchema>;

export const repairResultSchema = object({
  variant: string,
  target: oneOf(...TARGETS),
  set: oneOf('calibration', 'validation'),
  images: count,
  fp32: object({ top1: repairRowSchema.entries.top1, worstGroup: repairRowSchema.entries.worstGroup }),
  rows: list(repairRowSchema),
  /** Number of layers whose weights equalization changes; if it is 0, the rows with equalization are omitted. */
  equalizedLayers: measured,
  /** Reasons why equalization does not change the outputs of other layers, most frequent first. */
  notEqualized: list(
    object({
      reason: string,
      layers: count,
    }),
  ),
  seconds: measured,
  createdAt: string,
});
/** A variant without repairs, with each of them, and with both. */
export type RepairResult = InferOutput<typeof repairResultSchema>;
