import type { CalibrateResult, Warning } from '../../../src-shared/contract/job-results';
import type { JobSpec, Shard } from '../../../src-shared/contract/job-specs';
import { hasReturnedImages, readCalibrationIndex } from '../../calibration/histograms/calibration-store';
import type { CalibrationIndex } from '../../calibration/histograms/calibration-index';
import { decodeHistogramFile } from '../../calibration/histograms/histogram-file';
import type { TensorrtGridHeader } from '../../calibration/tensorrt/tensorrt-grid-file';
import { gridSummary, readTensorrtGrid } from '../../calibration/tensorrt/tensorrt-grid-store';
import { imageId, type ImageSet } from '../../../src-shared/domain/project/image-set';
import type { Target } from '../../../src-shared/domain/project/precision';
import { parseVariant } from '../../../src-shared/domain/project/variant';
import { bestView } from '../../calibration/histograms/threshold-table';
import type { UsableShard } from '../../compute/shards/find-shards';
import { findShard, type ShardTask } from '../../compute/shards/shard-store';
import { requireOriginalValues } from '../projects/rescaled-model';
import { mergedManifest, shardManifest } from '../projects/set-manifest';
import { methodWarnings } from '../analysis/method-warnings';
import {
  calibrationKey,
  projectFeeding,
  loadSet,
  openCalibration,
  prepared,
  setCurrentCalibration,
  type Workspace,
} from '../projects/workspace';
import { defaultThreads, type JobContext } from '../job-context';
import { type BestOptions, decideBestMethod } from '../analysis/best-decision';

const CHECKPOINT_SECONDS = 5;

type CalibrateSpec = Extract<JobSpec, { kind: 'calibrate' }>;

/**
 * Collects the histograms of the calibration set, then decides method best.
 * @param spec.target to decide for; the project's target if absent.
 */
export async function calibrateJob(
  spec: CalibrateSpec & { readonly target?: Target },
  job: JobContext,
): Promise<CalibrateResult> {
  const result = await collectJob(spec, job);
  return spec.shard ? result : withBest(result, spec, job);
}

/** Collects the histograms of the calibration set, unless a finished calibration of the same content exists. */
export async function collectJob(spec: CalibrateSpec, job: JobContext): Promise<CalibrateResult> {
  const { workspace, services } = job;
  if (spec.tensorrtGridBatch !== undefined) requireOriginalValues(workspace, "TensorRT's grid");
  const model = await prepared(workspace, services.compute, job);
  job.onProgress?.({ phase: 'reading the calibration set', done: 0, total: 0, unit: 'images' });
  const set = await loadSet(workspace, 'calibration', spec.limit);
  const manifest = spec.shard && (await shardManifest({ which: 'calibration', set, shard: spec.shard }, job));
  const key = await calibrationKey(workspace, set, job, manifest);
  const calibrationDir = workspace.paths.calibrationDir(key);
  const shard = spec.shard ? shardTask(spec, spec.shard, workspace) : null;
  if (shard && !spec.fresh) {
    const kept = await keptShard(shard, { key, set, batch: spec.tensorrtGridBatch }, workspace);
    if (kept) return kept;
  }
  const finished = shard ? null : readCalibrationIndex(calibrationDir);
  const grid = finished ? readTensorrtGrid(calibrationDir) : null;
  const hasReturned = finished !== null && hasReturnedImages(finished, set);
  if (finished && !spec.fresh && !hasReturned && hasWantedGrid(grid, set, spec.tensorrtGridBatch)) {
    await setCurrentCalibration(workspace, key, spec.limit);
    return {
      ...keptResult(workspace, finished),
      warnings: [...imageNotes(set), ...finished.warnings],
      ...(grid ? { tensorrtGrid: gridSummary(grid) } : {}),
    };
  }
  const result = await services.compute.request(
    'calibrate',
    {
      preparedDir: workspace.preparedDir,
      feeding: projectFeeding(workspace, model),
      set,
      key,
      calibrationDir,
      threads: spec.threads ?? defaultThreads(),
      shard,
      continuesFinished: hasReturned && !spec.fresh,
      checkpointSeconds: CHECKPOINT_SECONDS,
      tensorrtGrid:
        spec.tensorrtGridBatch === undefined
          ? null
          : { modelPath: workspace.file.model.path, batch: spec.tensorrtGridBatch },
    },
    job,
  );
  if (!spec.shard) await setCurrentCalibration(workspace, key, spec.limit);
  return { project: workspace.path, ...result, warnings: [...imageNotes(set), ...result.warnings] };
}

/** Notes about the images of the set. Notes about labels are left out, because a calibration does not use labels. */
function imageNotes({ notes = [] }: ImageSet): readonly Warning[] {
  return notes.filter(({ code }) => code.startsWith('images-'));
}

/**
 * Decides method best, and adds the decision and warnings about the project's thresholds to the result of a collection.
 */
async function withBest(
  result: CalibrateResult,
  { target, threads }: BestOptions,
  job: JobContext,
): Promise<CalibrateResult> {
  const { workspace, services } = job;
  await decideBestMethod({ target, threads }, job);
  const calibration = await openCalibration(workspace);
  const choices = { ...workspace.file, target: target ?? workspace.file.target };
  const model = await prepared(workspace, services.compute, job);
  const { warnings, chosenMethod } = methodWarnings({
    workspace,
    calibration,
    model,
    target: choices.target,
    variant: parseVariant('mixed'),
  });
  const best = bestView(calibration, choices);
  return {
    ...result,
    method: workspace.file.method,
    ...(chosenMethod === undefined ? {} : { chosenMethod }),
    ...(best === null ? {} : { best }),
    warnings: [...result.warnings, ...warnings],
  };
}

/**
 * Whether TensorRT's grid exists as requested. It depends on the images of the first batch, whereas the key of a
 * calibration does not depend on the order of images.
 */
function hasWantedGrid(grid: TensorrtGridHeader | null, set: ImageSet, batch: number | undefined): boolean {
  if (batch === undefined) return true;
  const firstImages = set.entries.slice(0, batch).map(imageId).sort();
  return grid?.batch === batch && grid.firstImages.join('\n') === firstImages.join('\n');
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

function shardTask(spec: CalibrateSpec, shard: Shard, { paths }: Workspace): ShardTask {
  const { kind, limit } = spec;
  return {
    shard,
    dir: spec.shardDir ?? paths.shardsDir,
    spec: { kind, projectPath: '.', ...(limit === undefined ? {} : { limit }) },
  };
}

interface WantedShard {
  readonly key: string;
  readonly set: ImageSet;
  readonly batch: number | undefined;
}

/** The result of a finished shard of the same content; null if there is none. */
async function keptShard(
  { dir, shard }: ShardTask,
  { key, set, batch }: WantedShard,
  { path: project }: Workspace,
): Promise<CalibrateResult | null> {
  const found = await findShard(dir, { kind: 'calibrate', shard }, key);
  if (found === null) return null;
  const { marker, path } = found;
  const { header, grid } = decodeHistogramFile(found.bytes, path);
  if (!hasWantedGrid(grid?.header ?? null, set, batch)) return null;
  return {
    project,
    images: header.images.length,
    skipped: header.skipped,
    tensors: header.tensors.length,
    seconds: marker.seconds,
    imagesPerSecond: header.images.length / marker.seconds,
    peakRssMb: (process.resourceUsage().maxRSS * 1024) / 1e6,
    sha256: marker.histograms ?? '',
    resumedImages: header.images.length,
    threads: 0,
    groups: header.groups.filter((group) => group !== ''),
    warnings: imageNotes(set),
    kept: true,
    ...(grid ? { tensorrtGrid: gridSummary(grid.header) } : {}),
    shardPath: path,
  };
}

/** Merges the shards of a calibration into the calibration of the whole set. */
export async function mergeCalibration(
  spec: CalibrateSpec,
  complete: (key: string) => readonly UsableShard[],
  job: JobContext,
): Promise<CalibrateResult> {
  const { workspace, services } = job;
  await prepared(workspace, services.compute, job);
  const set = await loadSet(workspace, 'calibration', spec.limit);
  const manifest = await mergedManifest({ which: 'calibration', set }, job);
  const key = await calibrationKey(workspace, set, job, manifest);
  const result = await services.compute.request(
    'merge',
    {
      key,
      modelPath: workspace.file.model.path,
      calibrationDir: workspace.paths.calibrationDir(key),
      shards: complete(key),
    },
    job,
  );
  await setCurrentCalibration(workspace, key, spec.limit);
  return withBest({ project: workspace.path, ...result, warnings: [...imageNotes(set), ...result.warnings] }, {}, job);
}
