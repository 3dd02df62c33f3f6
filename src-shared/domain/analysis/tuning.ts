import {
  count,
  list,
  measured,
  nullable,
  object,
  oneOf,
  optional,
  record,
  string,
  type InferOutput,
} from '../../base/schema';
import { PRECISIONS } from '../project/precision';

/**
 * Engines that a tuning builds at most: FP16, INT8 by the rules, and two from their times, with another plan or with
 * other kernels.
 */
export const MAX_TUNING_BUILDS = 4;

/**
 * Why a layer has its precision. `measured-int8`, `measured-float`: it is the faster one. `measured-neighbours`: the
 * slower one, because conversions to its neighbours would cost more. `tried-int8`: INT8 was tried although the rules
 * keep the layer out of it. `not-measured`: the rules keep it out of INT8 and it was not tried.
 */
export const TUNING_CODES = [
  'measured-int8',
  'measured-float',
  'measured-neighbours',
  'tried-int8',
  'not-measured',
] as const;

export const tunedLayerSchema = object({
  layer: string,
  op: string,
  precision: oneOf(...PRECISIONS),
  code: oneOf(...TUNING_CODES),
  reason: string,
  /** Times of the kernels that contain the layer, with the conversions that serve them; null: not measured. */
  floatMs: nullable(measured),
  int8Ms: nullable(measured),
});
/** The decision about one compute layer. */
export type TunedLayer = InferOutput<typeof tunedLayerSchema>;

export const tuningCandidateSchema = object({
  /** `fp16`, `int8`, `tuned-1`, `kernels-1` and so on. */
  name: string,
  /**
   * Candidate whose plan it has with other kernels. Absent: it is the engine of its plan, whose kernels TensorRT's
   * builder or an earlier tuning chose.
   */
  kernelsOf: optional(string),
  /** Precisions by layer that it was built with. */
  layers: record(oneOf(...PRECISIONS)),
  /** Median GPU time of one inference, by batch size. */
  latencyMs: record(measured),
  /** What the plan promised at the first batch size; absent for fp16 and int8. */
  expectedMs: optional(measured),
  enginePath: string,
  /** Duration of the build; 0 if the engine existed already. */
  buildSeconds: measured,
});
export type TuningCandidate = InferOutput<typeof tuningCandidateSchema>;

export const tuningResultSchema = object({
  target: oneOf('tensorrt'),
  /** Name and compute capability. */
  gpu: string,
  /** Version of TensorRT. */
  tensorrt: string,
  batches: list(count),
  /** The variant whose thresholds the engines use, for example `mixed` or `mixed-minmax`. */
  variant: string,
  candidates: list(tuningCandidateSchema),
  /** Index of the candidate that was chosen. */
  chosen: count,
  /** The precisions that the plan had before, which tuning keeps, because accuracy decided them. */
  fixed: record(oneOf(...PRECISIONS)),
  layers: list(tunedLayerSchema),
  summary: string,
  seconds: measured,
  createdAt: string,
});
/** A tuning as jobs report it that contain one. */
export const tuningSummarySchema = object({
  summary: string,
  /** Precisions by layer of the fastest engine. */
  layers: record(oneOf(...PRECISIONS)),
});
export type TuningSummary = InferOutput<typeof tuningSummarySchema>;

/** The result of tuning the placement on a GPU. */
export type TuningResult = InferOutput<typeof tuningResultSchema>;
