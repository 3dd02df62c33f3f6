import { boolean, count, list, measured, object, oneOf, optional, string, type InferOutput } from '../../base/schema';
import { TARGETS } from '../project/precision';

/** Error of the outputs, or of a detector's candidates, against FP32, for the worst group: squared over signal. */
const errorsSchema = object({ chosen: measured, confirmed: optional(measured) });

export const smoothingResultSchema = object({
  target: oneOf(...TARGETS),
  /** Whether the factors are for the equalized model. */
  equalized: boolean,
  /** Number of normalizations and layers whose channels are scaled. */
  groups: count,
  /** Numbers of images that the choice was made on, and of others that confirmed it. */
  images: object({ chosen: count, confirmed: count }),
  /** Without smoothing. */
  without: errorsSchema,
  /** Share of the range that the activations give to the weights -> the errors with it; confirmed for the best only. */
  candidates: list(object({ alpha: measured, ...errorsSchema.entries })),
  /** The choice, by the key that a plan names; omitted if no candidate is better on the images that confirm. */
  choice: optional(object({ alpha: measured, key: string })),
  /** Reasons why channels of other normalizations and layers stay as they are, most frequent first. */
  notSmoothed: list(object({ reason: string, layers: count })),
  /** The error is the part of the answers that does not agree with FP32, see TrialQuality. */
  comparesAnswers: optional(boolean),
  /** The error is that of the candidates of a detector, see TrialQuality. */
  comparesCandidates: optional(boolean),
  seconds: measured,
  createdAt: string,
});
/** The search for the factors of smoothing. */
export type SmoothingResult = InferOutput<typeof smoothingResultSchema>;
