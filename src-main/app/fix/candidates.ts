import type { FixDecisions } from '../../../src-shared/domain/analysis/fix';
import { choiceError, type TrialQuality } from '../../../src-shared/domain/analysis/analysis';
import type { Target } from '../../../src-shared/domain/project/precision';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import { type Trial } from '../../analysis/trials';
import type { TrialParams } from '../../compute/trials/trial-pool';
import { analysisSetup, type AnalysisSetup, type UsedImages } from '../analysis/analysis-setup';
import type { JobContext } from '../job-context';
import { collectJob } from '../jobs/calibrate-job';
import { defaultThreads } from '../job-context';
import { currentCalibration, workspaceOf, type Workspace } from '../projects/workspace';
import { withCorrectedBiases } from '../variants/bias-correction';
import { trialOfRecipe, variantRecipe } from '../variants/recipe';

/** Decisions that might become the project's, with their error on the images that choose. */
export interface Candidate {
  readonly decisions: FixDecisions;
  readonly quality: TrialQuality;
  /** Output error of the worst group; for detectors that of their candidates. */
  readonly error: number;
  /**
   * For learned values: their error on unseen images divided by that on the images that choose, of which many were
   * learned from. `error` is that on the images that choose times this factor; 1 if absent.
   */
  readonly optimism?: number;
}

/** A candidate as trials run it, with the setup of its prepared model. */
export interface CandidateTrial {
  readonly trial: Trial;
  readonly setup: AnalysisSetup;
  readonly workspace: Workspace;
}

/** What all candidates of one job have in common. */
export interface CandidateOptions {
  readonly target: Target;
  readonly threads: number | undefined;
}

/** The project as it would be with other decisions. */
export function workspaceWith({ path, file, cache }: Workspace, decisions: FixDecisions): Workspace {
  return workspaceOf(path, { ...file, ...decisions }, cache);
}

/**
 * The model of a candidate: repairs that change the prepared model make one with a calibration of its own, corrected
 * biases are measured.
 */
export async function trialOf(
  decisions: FixDecisions,
  { target, threads }: CandidateOptions,
  job: JobContext,
): Promise<CandidateTrial> {
  const workspace = workspaceWith(job.workspace, decisions);
  const own: JobContext = { ...job, workspace };
  if (currentCalibration(workspace) === null) await collectFor(own, threads, currentCalibration(job.workspace)?.limit);
  const setup = await analysisSetup({ target, ...(threads === undefined ? {} : { threads }) }, own);
  const requested = variantRecipe(parseVariant('mixed'), {
    workspace,
    model: setup.model,
    calibration: setup.calibration,
    options: { target, activationType: 'int8' },
  });
  return { trial: trialOfRecipe(await withCorrectedBiases(requested, threads, own)), setup, workspace };
}

/** Measures candidates on images; those with the same prepared model run together. The result is in their order. */
export async function measureCandidates(
  list: readonly FixDecisions[],
  images: UsedImages,
  options: CandidateOptions,
  job: JobContext,
): Promise<Candidate[]> {
  const trials: CandidateTrial[] = [];
  for (const decisions of list) trials.push(await trialOf(decisions, options, job));
  const qualities = new Map<CandidateTrial, TrialQuality>();
  for (const preparedDir of new Set(trials.map(({ workspace }) => workspace.preparedDir))) {
    const own = trials.filter(({ workspace }) => workspace.preparedDir === preparedDir);
    const found = await job.services.compute.request(
      'evaluateCandidates',
      {
        phase: 'trying models',
        list: own.map(({ trial }) => trial),
        trials: await paramsOf(own[0], images),
      },
      job,
    );
    for (const [i, quality] of found.qualities.entries()) {
      const trial = own[i];
      if (trial) qualities.set(trial, quality);
    }
  }
  return list.flatMap((decisions, i) => {
    const trial = trials[i];
    const quality = trial && qualities.get(trial);
    return quality ? [{ decisions, quality, error: choiceError(quality) }] : [];
  });
}

async function paramsOf(trial: CandidateTrial | undefined, images: UsedImages): Promise<TrialParams> {
  if (!trial) throw new RangeError('Assertion failed: no candidates');
  return trial.setup.trials([images]);
}

/** Collects the histograms of a repaired model on the same part of the calibration set as the project's. */
async function collectFor(
  job: JobContext,
  threads: number | undefined,
  limit: number | null | undefined,
): Promise<void> {
  await collectJob(
    {
      kind: 'calibrate',
      projectPath: job.workspace.path,
      threads: threads ?? defaultThreads(),
      ...(limit === undefined || limit === null ? {} : { limit }),
    },
    job,
  );
}
