import type { ReleaseOrder } from '../../analysis/release-order';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { FixDecisions, FixPlan, FixStageName } from '../../../src-shared/domain/analysis/fix';
import type { Target } from '../../../src-shared/domain/project/precision';
import type { UsedImages } from '../analysis/analysis-setup';
import type { JobContext } from '../job-context';
import type { Candidate, CandidateTrial } from './candidates';

/** What a stage can see and use. */
export interface FixScope {
  /** The workspace of the job is the project as it is. */
  readonly job: JobContext;
  readonly target: Target;
  readonly threads: number | undefined;
  /** Whether plans will be compared by measured latencies; otherwise by their number of layers in FP16. */
  readonly isTimed: boolean;
  /** Largest number of layers that may leave INT8; null: no limit. */
  readonly maxLayers: number | null;
  /** The images that choose. */
  readonly choosing: UsedImages;
  /**
   * The best candidate so far, on which stages build: with all layers in INT8, or learned with few in FP16. The first
   * stage that has one compares methods.
   */
  readonly best: Candidate;
  /** The best candidate with all layers in INT8 and without learned values. */
  readonly unlearned: Candidate;
  /** The best candidate with all layers in INT8 and no repairs beyond those that the project has. */
  readonly simplest: Candidate;
  /** The largest error that is clearly better than that of every candidate so far, those with FP16 included. */
  readonly errorToBeat: number;
  /** Estimated seconds of one run of the quantized model on one image. */
  readonly secondsPerPass: number;
  /** Seconds that are left of `--minutes`; infinite without. */
  readonly secondsLeft: number;
  /** The model of these decisions. */
  readonly trial: (decisions: FixDecisions) => Promise<CandidateTrial>;
  /**
   * Measures candidates on the images that choose.
   *
   * @param optimism of learned values that all of them use (Candidate)
   */
  readonly measure: (list: readonly FixDecisions[], optimism?: number) => Promise<readonly Candidate[]>;
  /**
   * Judges a candidate on the images that judge. Every call uses these images once more to choose, so that a stage
   * should call it as seldom as it can.
   */
  readonly judge: (candidate: Candidate) => Promise<FixPlan>;
  /** The loss that an error lets one expect, as a multiple of the limit; null if that is unknown. */
  readonly expectedLoss: (error: number) => number | null;
  /** Whether the step from one error to a smaller one keeps most of the loss; false if that is unknown. */
  readonly keepsLoss: (before: number, after: number) => boolean;
  /**
   * The loss, as a multiple of the limit, to which the plans that were judged point for a smaller error; null if they
   * are too few or too much alike.
   */
  readonly trendOfLoss: (error: number) => number | null;
  /** Tells what a ranking found that single layers win back. */
  readonly ranked: (ranking: ReleaseOrder['ranking']) => void;
  /** Whether a plan with this error may meet the gates; if not, judging it would be a waste of time. */
  readonly mayMeet: (error: number) => boolean;
}

/** What a stage found. */
export interface StageOutcome {
  /**
   * In order of preference. The first is judged if it is better than `best` on the images that choose, unless it is far
   * from the gates and later stages will judge.
   */
  readonly candidates: readonly Candidate[];
  /** Number of models that were compared. */
  readonly compared: number;
}

/**
 * One step of `calib fix`. To add one, write an object of this form, name it in FIX_STAGES (domain/analysis/fix.ts),
 * add it to the list in stages.ts, and give it texts in the messages of the screens.
 */
export interface FixStage {
  readonly name: FixStageName;
  /** Why the stage cannot help, as a sentence; null if it may. */
  readonly obstacle: (scope: FixScope) => Promise<string | null>;
  /** Estimated time in seconds; stages that would exceed `--minutes` are skipped. */
  readonly seconds: (scope: FixScope) => Promise<number>;
  readonly run: (scope: FixScope) => Promise<StageOutcome>;
  /** Whether its plan has no repairs beyond those that the project has. */
  readonly isPlain?: boolean;
  /** Whether later stages build on its plan although layers are released. */
  readonly isBase?: boolean;
}

/** A candidate replaces the best one if it has at most this part of its error. */
export const CLEARLY_BETTER = 0.99;

/**
 * The candidate with an error that allows for what was learned from the images that choose.
 * @param factor see Candidate
 */
export function withOptimism(candidate: Candidate, factor: number | undefined): Candidate {
  return factor === undefined ? candidate : { ...candidate, error: candidate.error * factor, optimism: factor };
}

export function isClearlyBetter(candidate: Candidate, best: Candidate): boolean {
  return candidate.error <= CLEARLY_BETTER * best.error;
}

export function byError(candidates: readonly Candidate[]): StageOutcome {
  return { candidates: [...candidates].sort((a, b) => a.error - b.error), compared: candidates.length };
}

/** What a step finds; if the set has too few images for it, the sentence that says so, and the fix goes on without. */
export async function tooFewImages<T extends object>(step: () => Promise<T>): Promise<T | string> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'images-empty') return error.message;
    throw error;
  }
}

export function passesSeconds({ secondsPerPass }: Pick<FixScope, 'secondsPerPass'>, passes: number): number {
  return secondsPerPass * passes;
}
