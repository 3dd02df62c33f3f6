import { type InferOutput, nullable, numberWhere, object, optional, partial, yes } from '../../base/schema';

const limit = nullable(numberWhere('a limit of at least 0', (value) => value >= 0));
/**
 * Limits of accuracy are in the unit of the task's measure: points from 0 to 100 (percent for top-1; AP and mIoU times
 * 100), or the unit of a user's metric. A drop is how much worse than FP32 a variant is.
 */
export const gateFields = {
  /** The same as `maxDrop`; for a classification the drop of top-1. */
  maxTop1Drop: limit,
  /** Drop of the group that loses most. */
  maxWorstGroupDrop: limit,
  /** The same as `minMeasure`; for a classification the least top-1. */
  minTop1: limit,
  /** Median, in ms. */
  maxLatencyMs: limit,
  maxDrop: optional(limit),
  /** The least value of the measure; the largest one for a metric of which less is better. */
  minMeasure: optional(limit),
  /** Drop of the class that loses most. */
  maxClassDrop: optional(limit),
  /** Percent of images with the same answer as FP32. */
  minAgreement: optional(limit),
  /** 99th percentile, in ms. */
  maxP99LatencyMs: optional(limit),
  /** Images per second. */
  minThroughput: optional(limit),
  /** 1 MB = 1,000,000 bytes. */
  maxMemoryMb: optional(limit),
  maxSizeMb: optional(limit),
  maxBuildSeconds: optional(limit),
  /** Percent of the time of convolutions and matrix products that the engine spends in INT8. */
  minInt8Time: optional(limit),
  /** Distance of the validation images from the calibration images, see domain/histograms/drift. */
  maxDrift: optional(limit),
};

export const gatesSchema = object(gateFields);
/** Limits that a run must meet; null: no limit. */
export type Gates = InferOutput<typeof gatesSchema>;
export type GateName = keyof Gates;

/** In the order in which they are shown. */
export const GATE_NAMES = [
  'maxDrop',
  'maxTop1Drop',
  'maxWorstGroupDrop',
  'maxClassDrop',
  'minMeasure',
  'minTop1',
  'minAgreement',
  'maxLatencyMs',
  'maxP99LatencyMs',
  'minThroughput',
  'maxMemoryMb',
  'maxSizeMb',
  'maxBuildSeconds',
  'minInt8Time',
  'maxDrift',
] as const satisfies readonly GateName[];

export function isGateName(name: string): name is GateName {
  return GATE_NAMES.some((gate) => gate === name);
}

export const baselineLimitSchema = object({
  /** How much worse than the baseline run a value may be: the unit of the gate, or percent of the baseline's value. */
  margin: numberWhere('a margin of at least 0', (value) => value >= 0),
  isPercent: optional(yes),
});
export type BaselineLimit = InferOutput<typeof baselineLimitSchema>;

const eachGate = <S>(schema: S): Readonly<Record<GateName, S>> =>
  Object.fromEntries(GATE_NAMES.map((name) => [name, schema])) as Record<GateName, S>;
/** Gate -> how much worse than the run that is chosen as the baseline. */
export const baselineGatesSchema = partial(eachGate(baselineLimitSchema));
export type BaselineGates = InferOutput<typeof baselineGatesSchema>;
/** Changes of them; null removes a limit. */
export const baselineGatesEditSchema = partial(eachGate(nullable(baselineLimitSchema)));
