import { resolve } from 'node:path';
import type { CalibrateResult, JobSpec } from '../../../src-shared/contract/jobs';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { readCalibrationIndex } from '../../calibration/calibration-store';
import type { CalibrationIndex } from '../../calibration/calibration-index';
import { calibrationKey, imageInput, loadSet, prepared, setCurrentCalibration, type Workspace } from '../workspace';
import { defaultThreads, type JobServices } from './services';

const CHECKPOINT_SECONDS = 5;

type CalibrateSpec = Extract<JobSpec, { kind: 'calibrate' }>;
type MergeSpec = Extract<JobSpec, { kind: 'merge' }>;

/** Collects the histograms of the calibration set; a calibration of the same content that is finished is kept. */
export async function calibrateJob(spec: CalibrateSpec, workspace: Workspace, services: JobServices, context: TaskContext): Promise<CalibrateResult> {
  const model = await prepared(workspace, services.compute, context);
  context.onProgress?.({ phase: 'reading the calibration set', done: 0, total: 0, unit: 'images' });
  const set = await loadSet(workspace, 'calibration', spec.limit);
  const key = await calibrationKey(workspace, set);
  const calibrationDir = workspace.paths.calibrationDir(key);
  const finished = spec.shard ? null : readCalibrationIndex(calibrationDir);
  if (finished && !spec.fresh) {
    await setCurrentCalibration(workspace, key);
    return keptResult(workspace, finished);
  }
  const result = await services.compute.request(
    'calibrate',
    {
      preparedDir: workspace.preparedDir,
      input: imageInput(model),
      preprocessing: workspace.file.preprocessing,
      set,
      key,
      calibrationDir,
      threads: spec.threads ?? defaultThreads(),
      shard: spec.shard ?? null,
      checkpointSeconds: CHECKPOINT_SECONDS,
    },
    context,
  );
  if (!spec.shard) await setCurrentCalibration(workspace, key);
  return { project: workspace.path, ...result };
}

function keptResult(workspace: Workspace, index: CalibrationIndex): CalibrateResult {
  return {
    project: workspace.path,
    images: index.images,
    skipped: index.skipped,
    tensors: index.tensors.length,
    seconds: index.seconds,
    imagesPerSecond: index.images / index.seconds,
    peakRssMb: (process.resourceUsage().maxRSS * 1024) / 1e6,
    sha256: index.sha256,
    resumedImages: index.images,
    threads: 0,
    groups: index.groups,
    warnings: index.warnings,
    kept: true,
  };
}

/** Merges shards into the calibration of the whole set. */
export async function mergeJob(spec: MergeSpec, workspace: Workspace, services: JobServices, context: TaskContext): Promise<CalibrateResult> {
  await prepared(workspace, services.compute, context);
  const set = await loadSet(workspace, 'calibration', undefined);
  const key = await calibrationKey(workspace, set);
  const result = await services.compute.request(
    'merge',
    { key, calibrationDir: workspace.paths.calibrationDir(key), shardPaths: spec.shardPaths.map((path) => resolve(path)) },
    context,
  );
  await setCurrentCalibration(workspace, key);
  return { project: workspace.path, ...result };
}
