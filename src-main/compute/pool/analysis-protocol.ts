import type { SensitivityResult, TrialQuality } from '../../../src-shared/domain/analysis/analysis';
import type { OutputCost } from '../../../src-shared/domain/analysis/best-method';
import type { BiasCorrection } from '../../../src-shared/domain/analysis/repair';
import type { SkippedImage } from '../../../src-shared/domain/project/image-set';
import type { AutoOutcome, AutoProblem } from '../../analysis/auto';
import type { Candidate } from '../../analysis/best-method';
import type { LearnedChoice } from '../../analysis/learned-choice';
import type { ReleaseOrder, ReleaseProblem } from '../../analysis/release-order';
import type { SearchOutcome, SearchProblem } from '../../analysis/search';
import type { SensitivityProblem } from '../../analysis/sensitivity';
import type { Trial } from '../../analysis/trials';
import type { LearnedModel, LearnParams } from '../learning/learn-blocks';
import type { ShardTask } from '../shards/shard-store';
import type { TrialParams } from '../trials/trial-pool';
import type { ShardComputed } from './variant-protocol';

/** Methods of the compute process that try many models on the same images. */
export interface AnalysisMethods {
  /** Chooses a threshold per tensor among all methods. */
  readonly auto: { readonly params: AutoParams; readonly result: AutoComputed };
  /** Measures the output error that each of several methods causes. */
  readonly best: { readonly params: BestParams; readonly result: BestComputed };
  readonly sensitivity: { readonly params: SensitivityParams; readonly result: SensitivityComputed };
  readonly search: { readonly params: SearchParams; readonly result: SearchComputed };
  /** Chooses which layers to release, for every number of them. */
  readonly 'release-order': { readonly params: ReleaseOrderParams; readonly result: ReleaseOrderComputed };
  /** Part of the models of a sensitivity, or of the ranking of a search, as a shard. */
  readonly 'trial-shard': { readonly params: TrialShardParams; readonly result: ShardComputed };
  /** Measures the quality of each model of a list. */
  readonly evaluateCandidates: { readonly params: EvaluateCandidatesParams; readonly result: EvaluateCandidatesResult };
  /** The factors that smoothing would use, one set per alpha. */
  readonly 'smoothing-factors': { readonly params: SmoothingParams; readonly result: SmoothingComputed };
  /** Measures the corrections that the biases of one variant need. */
  readonly 'correct-biases': { readonly params: CorrectBiasesParams; readonly result: CorrectBiasesComputed };
  /** Learns thresholds and biases, and measures them on other images. */
  readonly 'learn-repair': { readonly params: LearnRepairParams; readonly result: LearnRepairComputed };
}

/** The facts about its images and its cost that every analysis reports. */
interface Tried {
  readonly skipped: readonly SkippedImage[];
  /** Number of runs of the model, without those whose results an interrupted analysis had stored. */
  readonly passes: number;
  /**
   * The same in runs of the whole model: a run that starts behind unchanged layers counts as a part; see ExpectedWork.
   */
  readonly work: number;
}

export interface AutoParams extends Omit<AutoProblem, 'chosen' | 'confirmed'> {
  /** The entries of the set: first the images to choose on, then those to confirm on. */
  readonly trials: TrialParams;
  readonly chosenCount: number;
}

export interface AutoComputed extends AutoOutcome, Tried {
  readonly images: { readonly chosen: number; readonly confirmed: number };
  /** See TrialQuality: the objective is the part of the answers that does not agree with FP32. */
  readonly comparesAnswers?: boolean;
  /** The objective is the error of a detector's candidates. */
  readonly comparesCandidates?: boolean;
}

export interface BestParams {
  readonly trials: TrialParams;
  readonly candidates: readonly Candidate[];
  /** Maximum number of images per group; fewer if the model is so large that the choice would take too long. */
  readonly perGroup: number;
  /** Multiply-accumulates of the model for an image. */
  readonly macs: number;
  /** Number of images that were collected. */
  readonly collected: number;
}

export interface BestComputed extends Tried {
  /** One per candidate; empty if nothing can be compared. */
  readonly costs: readonly OutputCost[];
  /** False if the sizes of all outputs depend on the data and the trials have no task whose answers are compared. */
  readonly isComparable: boolean;
  /** Number of images that the costs were measured on. */
  readonly images: number;
  /** Whether fewer images than requested were used, to stay within the time budget. */
  readonly wasCut: boolean;
}

export interface TrialShardParams {
  readonly problem: TrialProblem;
  readonly shard: ShardTask;
  /** Identity of the images and models. */
  readonly key: string;
}

/** An analysis whose models are known before any of them runs. */
export type TrialProblem =
  | { readonly kind: 'sensitivity'; readonly params: SensitivityParams }
  | { readonly kind: 'search'; readonly params: SearchParams };

export interface SensitivityParams extends SensitivityProblem {
  readonly trials: TrialParams;
}

export interface SensitivityComputed extends Tried, Pick<SensitivityResult, 'baseline' | 'layers'> {
  readonly images: number;
}

export interface SearchParams extends Omit<SearchProblem, 'rank' | 'judge'> {
  /**
   * The entries of the set: first the images to rank layers on, then those to judge plans on. If rankCount covers all
   * entries, all images serve both purposes.
   */
  readonly trials: TrialParams;
  readonly rankCount: number;
}

export interface SearchComputed extends SearchOutcome, Tried {
  /** Number of images that plans were judged on. */
  readonly images: number;
}

export interface ReleaseOrderParams extends Omit<ReleaseProblem, 'images'> {
  readonly trials: TrialParams;
}

export interface ReleaseOrderComputed extends ReleaseOrder, Tried {}

export interface EvaluateCandidatesParams {
  readonly trials: TrialParams;
  /** Name of the work, for progress. */
  readonly phase: string;
  readonly list: readonly Trial[];
}

export interface EvaluateCandidatesResult extends Tried {
  /** One per trial. */
  readonly qualities: readonly TrialQuality[];
  /** Quality of FP32 on the same images. */
  readonly reference: TrialQuality;
}

export interface CorrectBiasesParams {
  readonly trial: Trial;
  /** The entries of the set: first the images to measure on, then others to confirm on. */
  readonly trials: TrialParams;
  readonly measuredCount: number;
}

export interface CorrectBiasesComputed extends Tried {
  readonly biases: readonly BiasCorrection[];
  readonly images: { readonly measured: number; readonly confirmed: number };
  /** Results on the images to confirm on: with the original biases of the model, and with the corrected ones. */
  readonly before: TrialQuality;
  readonly after: TrialQuality;
}

export interface SmoothingParams {
  readonly preparedDir: string;
  /** Tensor -> largest |x| per index of the axis that channelTensors names. */
  readonly maxima: ReadonlyMap<string, Float32Array>;
  readonly alphas: readonly number[];
}

export interface SmoothingComputed {
  /** Per alpha: tensor of a group -> power of two per channel. */
  readonly exponents: readonly Readonly<Record<string, readonly number[]>>[];
  /** Causes why channels of other normalizations and layers cannot be scaled, with the number of those. */
  readonly refusals: readonly { readonly reason: string; readonly layers: number }[];
}

export interface LearnRepairParams {
  readonly learning: LearnParams;
  /** File of blocks that were learned before; its entries must be of these parameters. */
  readonly journalPath: string;
  /** Everything that determines the result of the learning. */
  readonly basis: string;
  /** The images to confirm on. */
  readonly trials: TrialParams;
}

export interface LearnRepairComputed extends Tried, LearnedChoice, Pick<LearnedModel, 'thresholds' | 'blocks'> {
  /** The images of the second number chose what is used. */
  readonly images: { readonly learned: number; readonly confirmed: number };
}
