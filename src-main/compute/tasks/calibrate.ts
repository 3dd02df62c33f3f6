import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { advise } from '../../../src-shared/base/advice';
import { imageId, type ImageEntry } from '../../../src-shared/domain/project/image-set';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { isPatient, type TaskContext } from '../../../src-shared/contract/progress';
import { writeFileAtomic } from '../../base/atomic-file';
import { unfinishedFolder } from '../../base/temporary-files';
import { CalibrationState } from '../../calibration/histograms/calibration-state';
import { readCalibrationIndex } from '../../calibration/histograms/calibration-store';
import { CHANNEL_MAXIMA_FILE, decodeChannelMaxima, mismatchOf } from '../../calibration/histograms/channel-maxima';
import { countingModel, type CountingModel } from '../../calibration/histograms/collection-model';
import type { ChannelTensor } from '../../onnx/passes/channel-path';
import type { ImageContribution } from '../../calibration/histograms/collector';
import {
  decodeHistogramFile,
  encodeHistogramFile,
  type HistogramFile,
} from '../../calibration/histograms/histogram-file';
import { loadPrepared } from '../../onnx/passes/prepared-store';
import { calibrationTensors } from '../../quantization/rewrite/calibration-tensors';
import { channelTensors } from '../../quantization/rules/smoothing-groups';
import { loadAddon } from '../../backends/addon';
import { copyWarning, plainWarning, requireCounts } from './calibrate-messages';
import { finishCalibration } from './finish-calibration';
import { batchesOf, runImagePool, type Batch } from '../pool/image-pool';
import type { CalibrateParams, ComputeMethods } from '../pool/protocol';
import { requireMemory, weightBytesOf, workersNote, type ChosenWorkers } from '../pool/worker-memory';
import { findShard, partOfShard, stoppedError, writeShard, type ShardTask } from '../shards/shard-store';
import type { CollectInit } from '../roles/collect-role';
import type { ImageOutcome } from '../roles/image-role';
import type { TensorThresholds } from '../roles/tensor-thresholds';
import { thresholdsOnWorkers } from './thresholds';
import { fitsPlan, openGridPass, planGrid, removeGridModel, type GridPass, type GridPlan } from './tensorrt-grid';

/** With more groups than this, all images are counted as one group, unless the request sets another limit. */
const MAX_GROUPS = 16;

/** Memory for the histograms of all workers. Every worker has its own set of histograms for each group. */
const HISTOGRAM_BUDGET_BYTES = 2e9;
/** Size of one histogram. Measured: 501 tensors and 16 groups took 720 MB in one worker. */
const HISTOGRAM_BYTES = 96 * 1024;

/** The number of workers whose histograms fit into memory, at most `threads`. Results do not depend on it. */
export function affordableThreads(threads: number, histograms: number): number {
  return Math.max(1, Math.min(threads, Math.floor(HISTOGRAM_BUDGET_BYTES / (HISTOGRAM_BYTES * histograms))));
}

type Result = ComputeMethods['calibrate']['result'];

/**
 * Collects the histograms of a set, or of one shard of it. An unfinished pass leaves partial.bin, which the next pass
 * continues. A finished pass leaves histograms.bin and index.json, or a file in the folder of shards. A shard that is
 * cancelled patiently leaves what it has in that folder, so that it can be continued elsewhere.
 * @throws WorkbenchError memory-limit, model-unsupported, images-empty, activations-nan, cancelled, stopped, disk-full.
 */
export async function calibrate(params: CalibrateParams, context: TaskContext): Promise<Result> {
  requireMemory(context.memoryLimitBytes, weightBytesOf(params.preparedDir));
  const addon = loadAddon();
  await mkdir(params.calibrationDir, { recursive: true });
  const prepared = loadPrepared(params.preparedDir);
  const tensors = calibrationTensors(prepared);
  if (tensors.length === 0) {
    throw new WorkbenchError(
      'model-unsupported',
      'The model has no layer that can be quantized (no Conv, ConvTranspose, Gemm or MatMul with float32 inputs)',
      {
        hint: advise('list-layers'),
      },
    );
  }
  const { shard } = params;
  const entries = shard ? partOfShard(params.set.entries, shard.shard) : params.set.entries;
  const counted = new Set(tensors);
  const channels = channelTensors(prepared).filter(({ tensor }) => counted.has(tensor));
  const state = new CalibrationState(params.key, tensors, channels, (count) => new addon.HistogramSet(count));
  for (const skipped of params.set.skipped) state.addSkipped(skipped.file, skipped);

  const partialPath = join(
    params.calibrationDir,
    shard ? `partial-${shard.shard.index}-of-${shard.shard.count}.bin` : 'partial.bin',
  );
  const plan = params.tensorrtGrid ? planGrid({ ...params, tensorrtGrid: params.tensorrtGrid }) : null;
  const finishedPath = join(params.calibrationDir, 'histograms.bin');
  const continued = params.continuesFinished && !existsSync(partialPath) ? finishedPath : partialPath;
  const wanted = { key: params.key, plan, channels };
  const checkpoint = (await readCheckpoint(continued, wanted)) ?? (shard && (await readPartialShard(shard, wanted)));
  if (checkpoint) {
    state.mergeFile(checkpoint, continued);
    if (continued === finishedPath) state.seconds += readCalibrationIndex(params.calibrationDir)?.seconds ?? 0;
  }
  const resumedImages = state.imageCount;
  const remaining = entries.filter((entry) => !state.isDone(imageId(entry)));

  const startedAt = performance.now();
  const secondsBefore = state.seconds;
  try {
    const grid = plan && (await openGridPass(plan, checkpoint?.grid ?? null, params, context));
    const counting = countingModel(prepared, params.preparedDir, { tensors, channels, feeding: params.feeding });
    const task: CollectTask = { params, context, state, grid, entries, remaining, partialPath, counting };
    try {
      await collect(task);
    } catch (error) {
      if (shard === null || !isPatient(context.signal)) throw error;
      await writePartialShard(task, shard);
      const done = state.imageCount + state.skipped.length - params.set.skipped.length;
      throw stoppedError(done, entries.length, 'images', shard.shard);
    }
    state.seconds = secondsBefore + (performance.now() - startedAt) / 1000;

    // A shard may have no image of use: it is the whole set that must have some.
    if (shard === null) requireCounts(state, entries.length);
    const newImages = state.imageCount - resumedImages;
    const collected = {
      state,
      grid: grid?.state.toFile(shard ? null : grid.names) ?? null,
      ...(task.thresholds === undefined ? {} : { thresholds: task.thresholds }),
    };
    const result = await finishCalibration(
      collected,
      { ...params, threads: task.workers?.count ?? params.threads },
      { startedAt, counted: newImages, resumedImages },
    );
    await rm(partialPath, { force: true });
    const note = task.workers === undefined ? null : workersNote(task.workers, context.memoryLimitBytes);
    const own = [note, copyWarning(task.copyReason), plainWarning(task.plainReason)];
    return { ...result, warnings: [...result.warnings, ...own.flatMap((warning) => warning ?? [])] };
  } finally {
    await rm(optimizedDir(params), { recursive: true, force: true });
    if (plan) await removeGridModel(params.calibrationDir);
  }
}

/** Folder of the model that the workers share while they collect. */
function optimizedDir({ calibrationDir }: CalibrateParams): string {
  return unfinishedFolder(join(calibrationDir, 'counting-model'));
}

/** What a checkpoint must belong to and hold, to be continued. */
interface Wanted {
  readonly key: string;
  readonly plan: GridPlan | null;
  readonly channels: readonly ChannelTensor[];
}

/** What this shard had collected when it was stopped elsewhere; null if there is nothing of use. */
async function readPartialShard({ dir, shard }: ShardTask, wanted: Wanted): Promise<HistogramFile | null> {
  const found = await findShard(dir, { kind: 'calibrate', shard }, wanted.key, true);
  return found && decodeCheckpoint(found.bytes, found.path, wanted);
}

/** Leaves what a stopped shard has collected in the folder of shards. */
async function writePartialShard(task: CollectTask, { dir, shard, spec }: ShardTask): Promise<void> {
  const { state, params } = task;
  if (state.imageCount === 0) return;
  const facts = { key: params.key, done: state.imageCount, seconds: state.seconds, spec, isPartial: true };
  await writeShard(dir, { kind: 'calibrate', shard }, checkpointOf(task), facts);
}

/** The file from which the pass can be continued. */
function checkpointOf({ state, params, grid }: CollectTask): Uint8Array {
  const file = state.toFile(params.shard?.shard ?? null);
  const header = { ...file.header, seconds: state.seconds };
  return encodeHistogramFile({ ...file, header, grid: grid?.state.toFile(null) ?? null });
}

/** The checkpoint of an unfinished pass; null when there is none, or when it lacks something that is collected now. */
async function readCheckpoint(path: string, wanted: Wanted): Promise<HistogramFile | null> {
  return existsSync(path) ? decodeCheckpoint(await readFile(path), path, wanted) : null;
}

async function decodeCheckpoint(
  bytes: Uint8Array,
  path: string,
  { key, plan, channels }: Wanted,
): Promise<HistogramFile | null> {
  try {
    const file = await withChannels(decodeHistogramFile(bytes, path), path);
    const isUsable =
      file.header.key === key &&
      mismatchOf(file.channels, channels) === null &&
      (plan === null || fitsPlan(plan, file.grid));
    return isUsable ? file : null;
  } catch (error) {
    // Without a readable checkpoint its images are collected again.
    if (error instanceof WorkbenchError && error.code === 'calibration-mismatch') return null;
    throw error;
  }
}

/** Adds the channel maxima that a finished calibration has in a file of their own. */
async function withChannels(file: HistogramFile, path: string): Promise<HistogramFile> {
  const channelsPath = join(dirname(path), CHANNEL_MAXIMA_FILE);
  if (file.channels !== null || !existsSync(channelsPath)) return file;
  const channels = decodeChannelMaxima(await readFile(channelsPath), channelsPath);
  return channels.key === file.header.key ? { ...file, channels } : file;
}

interface CollectTask {
  readonly params: CalibrateParams;
  readonly context: TaskContext;
  readonly state: CalibrationState;
  readonly grid: GridPass | null;
  readonly entries: readonly ImageEntry[];
  readonly remaining: readonly ImageEntry[];
  readonly partialPath: string;
  readonly counting: CountingModel;
  /** Known after the first image. */
  workers?: ChosenWorkers;
  /** Why the values were copied; absent while they are counted inside ONNX Runtime. */
  copyReason?: string;
  /** Why the values were reordered to be counted; absent while they are not. */
  plainReason?: string;
  /** Of the whole set, in the order of its tensors; absent if the workers could not compute them. */
  thresholds?: readonly TensorThresholds[];
}

async function collect(task: CollectTask): Promise<void> {
  const { params, context, state, grid } = task;
  if (task.remaining.length === 0) return;
  const startedAt = performance.now();
  const secondsBefore = state.seconds;
  let lastCheckpointAt = startedAt;
  const checkpoint = (): Uint8Array => {
    state.seconds = secondsBefore + (performance.now() - startedAt) / 1000;
    return checkpointOf(task);
  };
  let writing: Promise<void> = Promise.resolve();
  // If a checkpoint cannot be written, the result cannot be written either, so the pass ends.
  const writeFailed = new AbortController();
  let finished = task.entries.length - task.remaining.length;
  const report = (): void =>
    context.onProgress?.({
      phase: 'collecting histograms',
      done: finished,
      total: task.entries.length,
      unit: 'images',
    });
  report();
  const groupCount = new Set(params.set.entries.map((entry) => entry.group)).size;
  const init: CollectInit = {
    counting: task.counting,
    optimizedDir: optimizedDir(params),
    weightsDir: params.preparedDir,
    tensors: state.tensors,
    channels: state.channelTensors,
    feeding: params.feeding,
    splitsGroups: groupCount <= (params.maxGroups ?? MAX_GROUPS),
    grid: grid?.init ?? null,
  };
  try {
    await runImagePool({
      role: 'collect',
      init,
      threads: affordableThreads(params.threads, state.tensors.length * (init.splitsGroups ? groupCount : 1)),
      batches: batchesOf(task.remaining, params.feeding.fixedBatch ?? 1),
      memoryLimitBytes: context.memoryLimitBytes,
      onWorkers: (workers) => (task.workers = workers),
      signal: AbortSignal.any([writeFailed.signal, ...(context.signal ? [context.signal] : [])]),
      onBatch: (batch, outcomes) => {
        noteOutcomes(state, batch, outcomes);
        finished += batch.entries.length;
        report();
      },
      isCheckpointDue: () => performance.now() - lastCheckpointAt > params.checkpointSeconds * 1000,
      onFlush: (flush) => {
        state.mergeCounts(flush.counts);
        if (flush.copyReason !== null) task.copyReason = flush.copyReason;
        if (flush.plainReason !== null) task.plainReason = flush.plainReason;
        grid?.state.mergeRecords(flush.grid);
      },
      onCheckpoint: (isComplete) => {
        lastCheckpointAt = performance.now();
        if (isComplete) return; // The finished file is written next.
        // Encoded now, while images and counts agree; the previous write may still be running.
        const bytes = checkpoint();
        writing = writing.then(() => writeFileAtomic(task.partialPath, bytes));
        writing.catch(() => writeFailed.abort()); // The error is thrown below.
      },
      onEnd: async (run) => {
        if (params.shard !== null) return;
        // If the workers are stopped meanwhile, finishCalibration computes the thresholds: the pass is complete.
        const computed = await thresholdsOnWorkers(state.totals(), run).catch(() => undefined);
        if (computed !== undefined) task.thresholds = computed;
      },
    });
  } finally {
    await writing;
  }
}

function noteOutcomes(
  state: CalibrationState,
  batch: Batch,
  outcomes: readonly ImageOutcome<ImageContribution>[],
): void {
  for (const [i, entry] of batch.entries.entries()) {
    const outcome = outcomes[i];
    const id = imageId(entry);
    if (outcome?.ok) state.addImage(id, outcome.value.amax, outcome.value.nonFinite);
    else
      state.addSkipped(id, {
        file: id,
        reason: outcome?.reason ?? 'no result',
        ...(outcome?.isAbsent ? { isAbsent: true } : {}),
      });
  }
}
