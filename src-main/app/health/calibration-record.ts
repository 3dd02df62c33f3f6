import type { ImageSet } from '../../../src-shared/domain/project/image-set';
import type { StoredCalibration } from '../../calibration/histograms/calibration-store';
import { thresholdsInUse } from '../../calibration/histograms/threshold-table';
import { ensureBestFor } from '../analysis/needed-decisions';
import type { JobContext } from '../job-context';
import { collectJob } from '../jobs/calibrate-job';
import { currentCalibration, loadSet, openCalibration, prepared } from '../projects/workspace';
import { asFoldSet, collectHealth, dealFolds, foldCount, type GroupFolds } from './collect';
import { quantizedTensors } from './quantized-tensors';
import { withoutSkipped } from './tensor-measurement';

/** What images from the field are compared with. */
export interface CalibrationRecord {
  readonly set: ImageSet;
  readonly calibration: StoredCalibration;
  readonly groups: readonly GroupFolds[];
  readonly folds: StoredCalibration;
  /** Tensors whose thresholds determine scales with the project's plan and target. */
  readonly tensors: readonly string[];
  /** Tensor -> threshold in use, real units. */
  readonly thresholds: Readonly<Record<string, number>>;
}

/** Calibrates the project if it has no calibration, and decides what method best stands for. */
export async function ensureCalibration(threads: number | undefined, job: JobContext): Promise<void> {
  const { workspace } = job;
  if (currentCalibration(workspace) === null) {
    await collectJob(
      { kind: 'calibrate', projectPath: workspace.path, ...(threads === undefined ? {} : { threads }) },
      job,
    );
  }
  await ensureBestFor({ variants: ['mixed'], target: workspace.file.target, threads }, job);
}

/** The calibration of a project with its folds; what is missing is collected first, and then found again. */
export async function calibrationRecord(threads: number | undefined, job: JobContext): Promise<CalibrationRecord> {
  const { workspace, services } = job;
  await ensureCalibration(threads, job);
  const model = await prepared(workspace, services.compute, job);
  const calibration = await openCalibration(workspace);
  const set = await loadSet(workspace, 'calibration', currentCalibration(workspace)?.limit ?? undefined);
  const maxFolds = foldCount(calibration.index.tensors.length);
  const dealt = await dealFolds(set, maxFolds, job);
  const folds = await collectHealth(asFoldSet(set, dealt), maxFolds, { job, threads, phase: 'collecting folds' });
  return {
    set,
    calibration,
    groups: withoutSkipped(dealt, folds),
    folds,
    tensors: quantizedTensors(workspace, calibration, model),
    thresholds: thresholdsInUse(calibration, workspace.file),
  };
}
