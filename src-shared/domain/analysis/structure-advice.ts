import { boolean, count, list, measured, nullable, object, oneOf, string, type InferOutput } from '../../base/schema';
import { TARGETS } from '../project/precision';
import { trialQualitySchema } from './analysis';

/**
 * Parts of a network that are known to lose much in INT8. `head`: the last convolutions or products before an output.
 * `dfl`: the expectation over bins that YOLOv8 and its successors decode boxes with (distribution focal loss).
 * `stem`: the first layers, which read the image. `concat-ranges`: a Concat of tensors with unlike ranges, which share
 * one scale. `scores-beside-boxes`: the same in front of an output, where scores stand beside coordinates.
 * `residual-ranges`: an Add of branches with unlike ranges. `layernorm`, `softmax`: the layers beside them.
 */
export const ADVICE_CODES = [
  'scores-beside-boxes',
  'dfl',
  'head',
  'stem',
  'concat-ranges',
  'residual-ranges',
  'softmax',
  'layernorm',
] as const;
export type AdviceCode = (typeof ADVICE_CODES)[number];

const proposalFields = {
  code: oneOf(...ADVICE_CODES),
  /** Layers that would leave INT8, in graph order. */
  layers: list(string),
  /** Why this part is known to hurt, with the names and ranges found, as one sentence. */
  reason: string,
  /** The tensors and their largest values that the reason speaks of; empty if it speaks of none. */
  ranges: list(object({ tensor: string, amax: measured })),
};
export const structureProposalSchema = object(proposalFields);
/** Layers that are worth trying in higher precision, because of the structure of the network. */
export type StructureProposal = InferOutput<typeof structureProposalSchema>;

export const measuredProposalSchema = object({
  ...proposalFields,
  /** Quality of the plan with these layers in FP16, or in FP32 if FP16 is refused. */
  quality: trialQualitySchema,
  /** dB that the SQNR at the output gains, of the worst group if there are groups. */
  gainDb: measured,
  /** Share of the multiply-accumulate operations that leave INT8, 0 to 1; null if the sizes are unknown. */
  macsShare: nullable(measured),
  /** The gain is worth the layers: see HELPS_DB. */
  helps: boolean,
});
export type MeasuredProposal = InferOutput<typeof measuredProposalSchema>;

export const adviceResultSchema = object({
  target: oneOf(...TARGETS),
  set: oneOf('calibration', 'validation'),
  images: count,
  /** The quality of the project's plan as it is. */
  baseline: trialQualitySchema,
  /** Sorted by gain, highest first. */
  proposals: list(measuredProposalSchema),
  /** Runs of the model: images times plans that were tried. */
  passes: count,
  seconds: measured,
  createdAt: string,
});
/** Proposals from the structure of the network, each measured on the same images. */
export type AdviceResult = InferOutput<typeof adviceResultSchema>;

/** A proposal helps if it gains at least this much; less is within what other images would change. */
export const HELPS_DB = 0.5;
