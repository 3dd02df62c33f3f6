import {
  boolean,
  count,
  type InferOutput,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  string,
} from '../../base/schema';
import { formatAccuracy, formatDb } from '../../base/units';
import { HISTOGRAM_METHODS } from '../project/methods';
import { TARGETS } from '../project/precision';

/** A warning is given if another single method is better by more than this at the outputs, dB. */
export const COSTLY_DB = 3;
/** A warning is given if a tensor in use has less SQNR than this, dB. */
export const POOR_TENSOR_DB = 10;
/** Value that represents an output without any error, which has no finite SQNR, dB. */
const EXACT_DB = 200;

export const outputCostSchema = object({
  /**
   * Noise-to-signal ratio of the worst output of the worst group (of all images, without groups); null if NaN or
   * infinite.
   */
  nmse: nullable(number),
  /** The same in dB; null if there is no error or nmse is null. */
  sqnrDb: nullable(number),
  /** Null without groups. */
  worstGroup: nullable(string),
  worstOutput: nullable(string),
  /**
   * The agreement of the answers with FP32's in the worst group, percent, where the sizes of all outputs depend on the
   * data, so that their values cannot be compared; nmse is then 1 - agreement / 100. Omitted otherwise.
   */
  agreement: optional(number),
});
/** The error of one quantized model at its outputs, against FP32. */
export type OutputCost = InferOutput<typeof outputCostSchema>;

export const singleCostSchema = object({
  ...outputCostSchema.entries,
  method: oneOf(...HISTOGRAM_METHODS),
  /**
   * SQNR that this method loses at the outputs compared with the best method, dB, 0 or more; null if its outputs
   * contain NaN or infinity.
   */
  costDb: nullable(number),
});
/** One method used for all tensors. */
export type SingleCost = InferOutput<typeof singleCostSchema>;

export const bestDecisionSchema = object({
  chosenMethod: oneOf(...HISTOGRAM_METHODS),
  target: oneOf(...TARGETS),
  /** Best first; empty if nothing could be measured. */
  singles: list(singleCostSchema),
  images: count,
  /** Number of images that the rule requires; `images` is smaller if the model is large or the set small. */
  wantedImages: count,
  groups: list(string),
  /** True if fewer images than required were used, because with the size of the model they would take too long. */
  limitedByTime: boolean,
  seconds: number,
  /** A sentence that says why nothing was measured; omitted otherwise. */
  problem: optional(string),
  /** ISO 8601. */
  createdAt: string,
});
/** The method that `best` stands for, for one calibration, target and plan, with the measurements behind it. */
export type BestDecision = InferOutput<typeof bestDecisionSchema>;

/** A decision as part of a project's view. */
export interface BestView {
  /**
   * False if the decision was made for another plan, target or percentile; the next job that needs it decides again.
   */
  readonly isCurrent: boolean;
  readonly decision: BestDecision;
}

/**
 * Noise-to-signal ratio in dB, limited so that all values can be compared: 200 dB if there is no error, null if the
 * outputs are NaN or infinite.
 */
export function comparableDb(nmse: number | null): number | null {
  if (nmse === null) return null;
  return nmse > 0 ? Math.min(EXACT_DB, -10 * Math.log10(nmse)) : EXACT_DB;
}

/**
 * SQNR that an error loses compared with the best single method, dB; null if either is unknown. A negative value is a
 * gain.
 */
export function costAgainstBest(nmse: number | null, decision: Pick<BestDecision, 'singles'>): number | null {
  const best = comparableDb(decision.singles[0]?.nmse ?? null);
  const own = comparableDb(nmse);
  return best === null || own === null ? null : best - own;
}

/** One line of text: the methods, best first, with the loss of each of the others at the outputs. */
export function singlesText({ singles }: Pick<BestDecision, 'singles'>): string {
  const text = ({ method, sqnrDb, costDb, nmse, agreement }: SingleCost, i: number): string => {
    if (agreement !== undefined) return `${method} ${formatAccuracy(agreement)}`;
    if (nmse === null) return `${method} makes NaN or infinite outputs`;
    if (i === 0) return `${method} ${sqnrDb === null ? 'without error' : formatDb(sqnrDb)}`;
    return `${method} loses ${formatDb(costDb ?? 0)}`;
  };
  return singles.map(text).join(', ');
}

/** One phrase: how and on which images the errors of a decision were measured. */
export function measuredText({
  images,
  groups,
  target,
  singles,
}: Pick<BestDecision, 'images' | 'groups' | 'target' | 'singles'>): string {
  const [best] = singles;
  const output = best === undefined || best.worstOutput === null ? '' : `, worst output "${best.worstOutput}"`;
  const group = groups.length === 0 ? '' : `, worst of groups ${groups.join(', ')}`;
  if (best?.agreement !== undefined)
    return (
      `agreement of the answers with FP32 on ${images} calibration images for target ${target}${group}; the sizes of ` +
      'all outputs depend on the data, so that their values cannot be compared'
    );
  return `SQNR at the output on ${images} calibration images for target ${target}${output}${group}`;
}
