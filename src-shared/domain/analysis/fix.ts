import {
  boolean,
  count,
  type InferOutput,
  list,
  measured,
  nullable,
  object,
  oneOf,
  optional,
  record,
  string,
} from '../../base/schema';
import { measureDifferenceSchema } from '../measures/judge';
import { METHODS } from '../project/methods';
import { BACKENDS, planSchema, TARGETS } from '../project/precision';
import { worstGroupSchema } from '../runs/accuracy';
import { gateResultSchema } from '../runs/run-record';
import { measureSchema } from '../tasks/measure';
import { referenceLatencySchema } from './analysis';

/**
 * The stages of `calib fix`, in the order in which they are tried. Later stages cost more time, and the last one costs
 * latency.
 */
export const FIX_STAGES = [
  'present',
  'methods',
  'bias-correction',
  'equalization',
  'smoothing',
  'auto',
  'learned',
  'release',
  'release-learned',
  'release-more',
] as const;
export type FixStageName = (typeof FIX_STAGES)[number];

/** The decisions of a project that a plan changes; everything else stays as it is. */
export const fixDecisionsSchema = object({
  method: oneOf(...METHODS),
  tensorMethods: record(oneOf(...METHODS)),
  plan: planSchema,
});
export type FixDecisions = InferOutput<typeof fixDecisionsSchema>;

export const fixPlanSchema = object({
  /** The stage that proposed the plan. */
  stage: oneOf(...FIX_STAGES),
  decisions: fixDecisionsSchema,
  /** The methods of the thresholds; more than one if tensors have their own. */
  methods: list(oneOf(...METHODS)),
  /** The repairs that are on, by their names in the plan. */
  repairs: list(string),
  fp16Layers: list(string),
  /** Output error of the worst group on the images that choose. */
  error: measured,
  /** The measure of the task on the images that judge; omitted if there is none. */
  measure: optional(measureSchema),
  worstGroup: optional(worstGroupSchema),
  /** Plan minus FP32, with its interval over the choice of images. */
  difference: optional(measureDifferenceSchema),
  /** How much the measure, and the group that loses most, are below FP32; negative if the plan is better. */
  drop: optional(measured),
  worstGroupDrop: optional(measured),
  /** SQNR at the outputs on the images that judge, dB; omitted if there is no error. */
  outputSqnrDb: optional(measured),
  /** One entry per gate that was judged. */
  gates: list(gateResultSchema),
  met: boolean,
  /** Latency of one batch in milliseconds; omitted if it was neither measured nor modelled. */
  latencyMs: optional(measured),
  latencyKind: optional(oneOf('measured', 'modelled')),
  /** True if no other plan is at least as good and as cheap, and better in one of the two. */
  isPareto: boolean,
});
/** One plan that was judged. */
export type FixPlan = InferOutput<typeof fixPlanSchema>;

export const fixStageSchema = object({
  stage: oneOf(...FIX_STAGES),
  /**
   * `met`: its plan meets the gates. `better`: its plan is the best so far. `no-gain`: nothing better was found.
   * `skipped`: it was not tried, see `note`.
   */
  outcome: oneOf('met', 'better', 'no-gain', 'skipped'),
  /** One sentence: what the stage won, or why it was skipped. */
  note: string,
  /** Number of models that were compared on the images that choose. */
  candidates: count,
  /** Output error of the best plan on the images that choose, before and after the stage. */
  errorBefore: nullable(measured),
  errorAfter: nullable(measured),
  /** Index into `plans` of the best plan of this stage; null if none was judged. */
  plan: nullable(count),
  seconds: measured,
});
/** One row of the table of stages. */
export type FixStageRow = InferOutput<typeof fixStageSchema>;

export const fixAdviceSchema = object({
  /** `group`, `layers`, `images` or `training`. */
  kind: oneOf('group', 'layers', 'images', 'training'),
  /** One or two sentences with numbers. */
  sentence: string,
});
export type FixAdvice = InferOutput<typeof fixAdviceSchema>;

export const fixResultSchema = object({
  target: oneOf(...TARGETS),
  backend: oneOf(...BACKENDS),
  /** False while stages are left to try: the fix runs, or was interrupted. */
  isFinished: boolean,
  /** The images that plans were judged on. `against`: unlabelled images from the field, judged by agreement. */
  judgedOn: oneOf('validation', 'against', 'calibration'),
  /** Number of images that judged, and of those that chose. */
  images: count,
  choosingImages: count,
  /** FP32 on the images that judged. */
  fp32: object({ measure: optional(measureSchema), worstGroup: optional(worstGroupSchema) }),
  /** The limits that had to be met, by the name of the gate. */
  limits: record(measured),
  stages: list(fixStageSchema),
  /** Plans in the order in which they were judged. */
  plans: list(fixPlanSchema),
  /** FP32, and FP16 if the backend runs it, that the latencies of plans are compared with. */
  references: list(referenceLatencySchema),
  /** Index into `plans`; null if no plan meets the gates. */
  chosen: nullable(count),
  /** Index into `plans` of the plan that came nearest to the gates, if none meets them. */
  nearest: nullable(count),
  /** Why the work ended here, in one sentence. */
  reason: string,
  /** What else is worth knowing: FP16 that is faster and safer, gates that were not judged, chance. */
  notes: list(string),
  /** What to do if no plan meets the gates; empty otherwise. */
  advice: list(fixAdviceSchema),
  seconds: measured,
  createdAt: string,
});
/** The result of `calib fix`: the shortest way that was found from the project to a plan that meets its gates. */
export type FixResult = InferOutput<typeof fixResultSchema>;
