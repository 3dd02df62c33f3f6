import { rm } from 'node:fs/promises';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { SmoothSpec } from '../../../src-shared/contract/job-specs';
import { hasRepair, withSmoothing, type Target } from '../../../src-shared/domain/project/precision';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import type { SmoothingResult } from '../../../src-shared/domain/analysis/smoothing';
import type { ImageEntry, ImageSet } from '../../../src-shared/domain/project/image-set';
import type { TrialQuality } from '../../../src-shared/domain/analysis/analysis';
import { chooseAndConfirm } from '../../analysis/choose-images';
import { chooseSmoothing } from '../../analysis/smoothing-choice';
import { withTaskOfChoice } from '../../analysis/trials';
import { collectJob } from '../jobs/calibrate-job';
import { defaultThreads, type JobContext } from '../job-context';
import { readChannelMaxima } from '../../calibration/histograms/channel-maxima';
import { channelTensors } from '../../quantization/rules/smoothing-groups';
import { saveSmoothing, type SmoothingFactors } from '../projects/smoothing-store';
import {
  currentCalibration,
  currentCalibrationKey,
  loadSet,
  prepared,
  shortHash,
  workspaceOf,
} from '../projects/workspace';
import { variantOptions } from '../variants/options';
import { variantRecipe } from '../variants/recipe';
import { analysisSetup, type UsedImages } from './analysis-setup';
import { ensureThresholds } from './needed-decisions';
import { saveSmoothingResult } from './smoothing-result-store';

/** Part of the keys of factors: increase it if equal factors give other weights. */
const FACTORS_VERSION = 1;
/** Algorithm 1 of SmoothQuant uses 0.5; 0.75 suits models with larger outliers in their activations. */
const ALPHAS = [0.25, 0.5, 0.75] as const;
/** Number of images that the choice is made on, if the specification does not say. */
const DEFAULT_IMAGES = 64;
const MIN_IMAGES = 4;
/** Candidates are compared with histograms of this many images of the set. The best one gets those of all images. */
const SCREENED_IMAGES = 128;

/** Decides instead of images that did not choose whether the best factors, under this key, are kept. */
export type ConfirmSmoothing = (key: string) => Promise<boolean>;

/**
 * Finds the factors of smoothing for the project's plan: for each alpha the smoothed model is calibrated on a part of
 * the set, and its error is measured (see choiceError). If the best one is promising, it is calibrated on the whole set
 * and confirmed on images that did not choose it. It is stored under a key that a plan can name. The project does not
 * change, and what was made for other candidates is removed.
 * @throws WorkbenchError images-empty if the calibration set is too small
 */
export async function findSmoothing(
  spec: SmoothSpec,
  job: JobContext,
  confirm?: ConfirmSmoothing,
): Promise<SmoothingResult> {
  const startedAt = performance.now();
  const search = new SmoothingSearch(spec, job);
  try {
    const result = await searched(search, job, confirm);
    await search.forgetAllBut(result.choice?.key);
    const timed = { ...result, seconds: (performance.now() - startedAt) / 1000 };
    await saveSmoothingResult(job.workspace, spec.variant ?? 'mixed', timed);
    return timed;
  } catch (error) {
    // A search that was cancelled continues with what it has made.
    if (!(error instanceof WorkbenchError && error.code === 'cancelled')) await search.forgetAllBut(undefined);
    throw error;
  }
}

async function searched(
  search: SmoothingSearch,
  job: JobContext,
  confirm: ConfirmSmoothing | undefined,
): Promise<SmoothingResult> {
  const { services } = job;
  const base = search.withKey(null);
  const maxima = await search.maxima(base);
  const { set, chosen, confirmed } = await search.images();
  const setup = await analysisSetup(search.spec, base);
  const { exponents, refusals } = await services.compute.request(
    'smoothing-factors',
    { preparedDir: base.workspace.preparedDir, maxima, alphas: ALPHAS },
    job,
  );
  const equalized = hasRepair(base.workspace.file.plan, 'equalization');
  const candidates = exponents.map((own, i) => {
    const alpha = ALPHAS[i] ?? 0;
    return { alpha, own, key: shortHash({ version: FACTORS_VERSION, equalized, exponents: own }) };
  });
  for (const { alpha, own, key } of candidates) await search.store(key, { alpha, equalized, exponents: own });
  const choosing = { set, entries: chosen };
  const screened = set.entries.length > SCREENED_IMAGES ? SCREENED_IMAGES : undefined;
  const choice = await chooseSmoothing(
    candidates,
    {
      onChosen: (key, isScreened) => search.measure(search.withKey(key), choosing, isScreened ? screened : undefined),
      onConfirmed: (key) => search.measure(search.withKey(key), { set, entries: confirmed }),
    },
    confirm,
  );
  return {
    target: setup.target,
    equalized,
    groups: Object.values(exponents[0] ?? {}).length,
    images: { chosen: chosen.length, confirmed: confirmed.length },
    notSmoothed: refusals,
    ...choice,
    seconds: 0,
    createdAt: new Date().toISOString(),
  };
}

class SmoothingSearch {
  readonly spec: { readonly target?: Target; readonly threads: number };
  /** Key of factors -> folders of the calibrations that were made with them. */
  private readonly made = new Map<string, Set<string>>();

  constructor(
    private readonly given: SmoothSpec,
    private readonly job: JobContext,
  ) {
    this.spec = {
      ...(given.target === undefined ? {} : { target: given.target }),
      threads: given.threads ?? defaultThreads(),
    };
  }

  /** The job on the project with other factors. */
  withKey(key: string | null): JobContext {
    const { path, file, cache } = this.job.workspace;
    const plan = withSmoothing(file.plan, key);
    return { ...this.job, workspace: workspaceOf(path, { ...file, plan }, cache) };
  }

  /** A calibration of a version that collected no maxima of channels is made again. */
  async maxima(job: JobContext): Promise<ReadonlyMap<string, Float32Array>> {
    await this.calibrate(job);
    const read = (): ReadonlyMap<string, Float32Array> => {
      const key = currentCalibrationKey(job.workspace);
      return key === null ? new Map() : readChannelMaxima(job.workspace.paths.calibrationDir(key));
    };
    const found = read();
    const model = await prepared(job.workspace, job.services.compute, job);
    if (found.size > 0 || channelTensors(model).length === 0) return found;
    await this.calibrate(job, { fresh: true });
    return read();
  }

  /** Stores the factors of a candidate. */
  async store(key: string, factors: SmoothingFactors): Promise<void> {
    this.made.set(key, this.made.get(key) ?? new Set());
    await saveSmoothing(this.job.workspace.paths, key, factors);
  }

  /**
   * The user may have calibrated on a part of the set; the same part is used again.
   * @param most number of images, if fewer are enough
   */
  async calibrate(job: JobContext, { fresh = false, most }: CalibrationWishes = {}): Promise<void> {
    const own = currentCalibration(this.job.workspace)?.limit ?? undefined;
    const limit = most === undefined ? own : Math.min(most, own ?? most);
    await collectJob(
      {
        kind: 'calibrate',
        projectPath: job.workspace.path,
        threads: this.spec.threads,
        ...(limit === undefined ? {} : { limit }),
        ...(fresh ? { fresh } : {}),
      },
      job,
    );
    const { file, paths } = job.workspace;
    const key = currentCalibrationKey(job.workspace);
    if (key !== null) this.made.get(file.plan.repairs?.smoothing ?? '')?.add(paths.calibrationDir(key));
  }

  async images(): Promise<{
    readonly set: ImageSet;
    readonly chosen: readonly ImageEntry[];
    readonly confirmed: readonly ImageEntry[];
  }> {
    const set = await loadSet(this.job.workspace, 'calibration', undefined);
    const { chosen, confirmed } = chooseAndConfirm(set.entries, this.given.images ?? DEFAULT_IMAGES);
    if (chosen.length >= MIN_IMAGES) return { set, chosen, confirmed };
    throw new WorkbenchError(
      'images-empty',
      `Smoothing needs at least ${2 * MIN_IMAGES} calibration images, ${set.root} has ${set.entries.length}`,
      { hint: advise('use-method-for-all') },
    );
  }

  /**
   * The quality of the variant on some images of the calibration set.
   * @param most number of images for the thresholds, if fewer than all are enough
   */
  async measure(job: JobContext, images: UsedImages, most?: number): Promise<TrialQuality> {
    await this.calibrate(job, most === undefined ? {} : { most });
    const variant = this.given.variant ?? 'mixed';
    const options = variantOptions({ ...this.spec, variants: [variant] }, job.workspace, []);
    await ensureThresholds(options, job);
    const setup = await analysisSetup(this.spec, job);
    const { workspace } = job;
    const { model, calibration } = setup;
    const { plan, thresholds } = variantRecipe(parseVariant(variant), { workspace, model, calibration, options });
    const quality = await withTaskOfChoice(workspace.file.task, async (task): Promise<TrialQuality | undefined> => {
      const trials = await setup.trials([images], { outputsOnly: task === null });
      const params = { trials, phase: 'choosing factors', list: [{ plan, thresholds }] };
      return (await job.services.compute.request('evaluateCandidates', params, job)).qualities[0];
    });
    if (!quality) throw new WorkbenchError('internal', 'A trial gave no result');
    return quality;
  }

  /** Removes the models and calibrations of all factors but these, and of those that the plan uses. */
  async forgetAllBut(kept: string | undefined): Promise<void> {
    const { workspace } = this.job;
    for (const [key, calibrations] of this.made) {
      const isUsed = workspace.file.plan.repairs?.smoothing === key;
      const current = key === kept || isUsed ? currentCalibrationKey(this.withKey(key).workspace) : null;
      const used = current === null ? null : workspace.paths.calibrationDir(current);
      for (const dir of calibrations) if (dir !== used) await rm(dir, { recursive: true, force: true });
      if (used !== null) continue;
      await rm(this.withKey(key).workspace.preparedDir, { recursive: true, force: true });
      await rm(workspace.paths.smoothingFile(key), { force: true });
    }
  }
}

interface CalibrationWishes {
  /** Collects again what was collected before. */
  readonly fresh?: boolean;
  readonly most?: number;
}
