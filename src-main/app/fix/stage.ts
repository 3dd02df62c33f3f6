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
  /** Largest number of layers that may leave INT8; null: no limit. */
  readonly maxLayers: number | null;
  /** The images that choose. */
  readonly choosing: UsedImages;
  /** The best candidate so far with all layers in INT8; the first stage that has one compares methods. */
  readonly best: Candidate;
  /** Estimated seconds of one run of the quantized model on one image. */
  readonly secondsPerPass: number;
  /** Seconds that are left of `--minutes`; infinite without. */
  readonly secondsLeft: number;
  /** The model of these decisions. */
  readonly trial: (decisions: FixDecisions) => Promise<CandidateTrial>;
  /** Measures candidates on the images that choose. */
  readonly measure: (list: readonly FixDecisions[]) => Promise<readonly Candidate[]>;
  /**
   * Judges a candidate on the images that judge. Every call uses these images once more to choose, so that a stage
   * should call it as seldom as it can.
   */
  readonly judge: (candidate: Candidate) => Promise<FixPlan>;
}

/** What a stage found. */
export interface StageOutcome {
  /** In order of preference. The first is judged if it is better than `best` on the images that choose. */
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
}
