import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NativeAddon } from '../../native/index';
import { amaxOf } from '../../src-shared/domain/histogram';
import { decodeHistogram } from '../../src-shared/domain/histogram-codec';
import { DEFAULT_PERCENTILE } from '../../src-shared/domain/methods';
import type { ImageEntry } from '../../src-shared/domain/image-set';
import { WorkbenchError } from '../../src-shared/base/errors';
import type { Warning } from '../../src-shared/contract/jobs';
import type { TaskContext } from '../../src-shared/contract/progress';
import { writeFileAtomic } from '../base/atomic-file';
import { CALIBRATION_INDEX_VERSION, type CalibrationIndex, type TensorCalibration } from '../calibration/calibration-index';
import { CalibrationState, contentHash, imageId } from '../calibration/calibration-state';
import { collectionModel } from '../calibration/collection-model';
import type { CollectorState, ImageContribution } from '../calibration/collector';
import { decodeHistogramFile, encodeHistogramFile } from '../calibration/histogram-file';
import { loadPrepared } from '../onnx/prepared-store';
import { calibrationTensors } from '../quantization/calibration-tensors';
import { loadAddon } from './addon';
import { runImagePool, type Batch, type ImageOutcome } from './image-pool';
import type { CalibrateParams, ComputeMethods, MergeParams } from './protocol';
import type { CollectInit } from './roles/collect-role';

/** Below this many images thresholds still move a lot from set to set. */
const FEW_IMAGES = 32;
/** More groups than this are counted as one: memory is one histogram per group, tensor and worker. */
const MAX_GROUPS = 16;
const MANY_NON_FINITE = 3;

type Result = ComputeMethods['calibrate']['result'];

/**
 * Collects the histograms of a set, or of one shard of it. An unfinished pass leaves partial.bin, which the next pass
 * continues; the finished pass leaves histograms.bin and index.json (a shard: shard-I-of-N.bin).
 */
export async function calibrate(params: CalibrateParams, context: TaskContext): Promise<Result> {
  const addon = loadAddon();
  await mkdir(params.calibrationDir, { recursive: true });
  const prepared = loadPrepared(params.preparedDir);
  const tensors = calibrationTensors(prepared);
  if (tensors.length === 0) {
    throw new WorkbenchError('model-unsupported', 'The model has no layer that can be quantized (no Conv, ConvTranspose, Gemm or MatMul with float32 inputs)', {
      hint: '`calib inspect MODEL` lists its layers.',
    });
  }
  const entries = shardOf(params.set.entries, params.shard);
  const state = new CalibrationState(params.key, tensors, (count) => new addon.HistogramSet(count));
  for (const skipped of params.set.skipped) state.addSkipped(skipped.file, skipped);

  const partialPath = join(params.calibrationDir, params.shard ? `partial-${params.shard.index}-of-${params.shard.count}.bin` : 'partial.bin');
  await resume(state, partialPath, params.key);
  const resumedImages = state.imageCount;
  const remaining = entries.filter((entry) => !state.isDone(imageId(entry)));

  const startedAt = performance.now();
  const secondsBefore = state.seconds;
  await collect({ params, context, state, entries, remaining, partialPath, model: collectionModel(prepared, params.preparedDir, tensors, params.input.name), tensors });
  state.seconds = secondsBefore + (performance.now() - startedAt) / 1000;

  if (state.imageCount === 0) throw nothingCounted(state, entries.length);
  if (state.nonFinite.length === state.imageCount) throw allNonFinite(state);
  const counted = state.imageCount - resumedImages;
  const result = await finish(state, params, addon, { startedAt, counted, resumedImages });
  await rm(partialPath, { force: true });
  return result;
}

/** Merges shard files into the calibration of the whole set. */
export async function merge(params: MergeParams, context: TaskContext): Promise<Result> {
  const addon = loadAddon();
  const startedAt = performance.now();
  let state: CalibrationState | null = null;
  const seen = new Set<number>();
  let count = 0;
  for (const [i, path] of params.shardPaths.entries()) {
    context.onProgress?.({ phase: 'merging shards', done: i, total: params.shardPaths.length, unit: 'shards' });
    if (!existsSync(path)) throw new WorkbenchError('not-found', `Shard ${path} does not exist`, { hint: '`calib calibrate --shard I/N` prints where it writes one.' });
    const file = decodeHistogramFile(await readFile(path), path);
    state ??= new CalibrationState(params.key, file.header.tensors, (tensorCount) => new addon.HistogramSet(tensorCount));
    state.mergeFile(file, path);
    if (file.header.shard) {
      count = file.header.shard.count;
      seen.add(file.header.shard.index);
    }
  }
  if (!state) throw new WorkbenchError('usage', 'Expected at least one shard to merge');
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((index) => !seen.has(index));
  if (missing.length > 0) {
    throw new WorkbenchError('calibration-mismatch', `Shard ${missing.join(', ')} of ${count} is missing`, { hint: 'Name every shard; a partial set would give other thresholds.' });
  }
  await mkdir(params.calibrationDir, { recursive: true });
  const whole = { calibrationDir: params.calibrationDir, key: params.key, shard: null, threads: 1 };
  return finish(state, whole, addon, { startedAt, counted: state.imageCount, resumedImages: 0 });
}

/** Every count-th image, beginning with the index-th: shards of a sorted set stay balanced over labels and groups. */
function shardOf(entries: readonly ImageEntry[], shard: CalibrateParams['shard']): readonly ImageEntry[] {
  if (!shard) return entries;
  return entries.filter((_, i) => i % shard.count === shard.index - 1);
}

async function resume(state: CalibrationState, partialPath: string, key: string): Promise<void> {
  if (!existsSync(partialPath)) return;
  try {
    const file = decodeHistogramFile(await readFile(partialPath), partialPath);
    if (file.header.key === key) state.mergeFile(file, partialPath);
  } catch (error) {
    // A checkpoint that cannot be read costs its images only.
    if (!(error instanceof WorkbenchError && error.code === 'calibration-mismatch')) throw error;
  }
}

interface CollectTask {
  readonly params: CalibrateParams;
  readonly context: TaskContext;
  readonly state: CalibrationState;
  readonly entries: readonly ImageEntry[];
  readonly remaining: readonly ImageEntry[];
  readonly partialPath: string;
  readonly model: Uint8Array;
  readonly tensors: readonly string[];
}

async function collect(task: CollectTask): Promise<void> {
  const { params, context, state } = task;
  if (task.remaining.length === 0) return;
  const startedAt = performance.now();
  const secondsBefore = state.seconds;
  let lastCheckpointAt = startedAt;
  const checkpoint = async (): Promise<void> => {
    state.seconds = secondsBefore + (performance.now() - startedAt) / 1000;
    await writeFileAtomic(task.partialPath, encodeHistogramFile(state.toFile(params.shard)));
  };
  let writing: Promise<void> = Promise.resolve();
  const writeFailed = new AbortController(); // a pass that cannot be kept is not worth going on
  let finished = task.entries.length - task.remaining.length;
  const report = (): void =>
    context.onProgress?.({ phase: 'collecting histograms', done: finished, total: task.entries.length, unit: 'images' });
  report();
  const groupCount = new Set(params.set.entries.map((entry) => entry.group)).size;
  const init: CollectInit = {
    model: task.model,
    weightsDir: params.preparedDir,
    tensors: task.tensors,
    input: params.input,
    preprocessing: params.preprocessing,
    splitsGroups: groupCount <= MAX_GROUPS,
  };
  try {
    await runImagePool<ImageContribution, CollectorState>({
      role: 'collect',
      init,
      threads: params.threads,
      batches: batchesOf(task.remaining, params.input.fixedBatch ?? 1),
      signal: AbortSignal.any([writeFailed.signal, ...(context.signal ? [context.signal] : [])]),
      onBatch: (batch, outcomes) => {
        noteOutcomes(state, batch, outcomes);
        finished += batch.entries.length;
        report();
      },
      isCheckpointDue: () => performance.now() - lastCheckpointAt > params.checkpointSeconds * 1000,
      onFlush: (delta) => state.mergeCounts(delta),
      onCheckpoint: (isComplete) => {
        lastCheckpointAt = performance.now();
        if (isComplete) return; // the finished file follows at once
        writing = writing.then(checkpoint);
        writing.catch(() => writeFailed.abort()); // and is thrown below
      },
    });
  } finally {
    await writing;
  }
}

function batchesOf(entries: readonly ImageEntry[], size: number): Batch[] {
  const batches: Batch[] = [];
  for (let start = 0; start < entries.length; start += size) {
    batches.push({ index: batches.length, entries: entries.slice(start, start + size) });
  }
  return batches;
}

function noteOutcomes(state: CalibrationState, batch: Batch, outcomes: readonly ImageOutcome<ImageContribution>[]): void {
  for (const [i, entry] of batch.entries.entries()) {
    const outcome = outcomes[i];
    const id = imageId(entry);
    if (outcome?.ok) state.addImage(id, outcome.value.amax, outcome.value.nonFinite);
    else state.addSkipped(id, { file: id, reason: outcome?.reason ?? 'no result' });
  }
}

interface Timing {
  readonly startedAt: number;
  readonly counted: number;
  readonly resumedImages: number;
}

async function finish(
  state: CalibrationState,
  params: Pick<CalibrateParams, 'calibrationDir' | 'key' | 'shard' | 'threads'>,
  addon: NativeAddon,
  timing: Timing,
): Promise<Result> {
  const totals = state.totals();
  const sha256 = contentHash(state.tensors, totals);
  const warnings = warningsOf(state, params.shard !== null);
  const file = encodeHistogramFile(state.toFile(params.shard));
  let shardPath: string | undefined;
  if (params.shard) {
    shardPath = join(params.calibrationDir, `shard-${params.shard.index}-of-${params.shard.count}.bin`);
    await writeFileAtomic(shardPath, file);
  } else {
    const index: CalibrationIndex = {
      version: CALIBRATION_INDEX_VERSION,
      key: params.key,
      images: state.imageCount,
      skipped: state.skipped,
      groups: state.groups.filter((group) => group !== ''),
      sha256,
      seconds: state.seconds,
      warnings,
      tensors: state.tensors.map((name, i) => tensorCalibration(name, totals[i] ?? new Uint8Array(), addon)),
    };
    await writeFileAtomic(join(params.calibrationDir, 'histograms.bin'), file);
    await writeFileAtomic(join(params.calibrationDir, 'index.json'), JSON.stringify(index, null, 1));
  }
  const seconds = (performance.now() - timing.startedAt) / 1000;
  return {
    images: state.imageCount,
    skipped: state.skipped,
    tensors: state.tensors.length,
    seconds,
    imagesPerSecond: timing.counted / seconds,
    peakRssMb: (process.resourceUsage().maxRSS * 1024) / 1e6,
    sha256,
    resumedImages: timing.resumedImages,
    threads: params.threads,
    groups: state.groups.filter((group) => group !== ''),
    warnings,
    ...(shardPath === undefined ? {} : { shardPath }),
  };
}

function tensorCalibration(name: string, record: Uint8Array, addon: NativeAddon): TensorCalibration {
  const histogram = decodeHistogram(record);
  const thresholds = addon.thresholdsOf(record, [DEFAULT_PERCENTILE]);
  return {
    name,
    min: histogram.min,
    max: histogram.max,
    elements: histogram.elementCount,
    thresholds: {
      minmax: amaxOf(histogram),
      entropy: thresholds.entropy,
      percentile: thresholds.percentiles[0] ?? amaxOf(histogram),
      mse: thresholds.mse,
    },
  };
}

function warningsOf(state: CalibrationState, isShard: boolean): Warning[] {
  const warnings: Warning[] = [];
  if (!isShard && state.imageCount < FEW_IMAGES) {
    warnings.push({
      code: 'few-images',
      message: `Only ${state.imageCount} images were counted; thresholds are unsteady below ${FEW_IMAGES}. Add images that look like those in use.`,
    });
  }
  if (state.skipped.length > 0) {
    const first = state.skipped[0];
    warnings.push({ code: 'images-skipped', message: `${state.skipped.length} images were skipped, the first one ${first?.file ?? ''}: ${first?.reason ?? ''}` });
  }
  for (const item of state.nonFinite.slice(0, MANY_NON_FINITE)) {
    const tensors = item.tensors.slice(0, MANY_NON_FINITE).join(', ');
    warnings.push({
      code: 'activations-nan',
      message: `${item.file} makes NaN or infinity in ${item.tensors.length} tensors (${tensors}); those values were left out of the histograms.`,
    });
  }
  if (state.nonFinite.length > MANY_NON_FINITE) {
    warnings.push({ code: 'activations-nan', message: `${state.nonFinite.length} images in all make NaN or infinity.` });
  }
  return warnings;
}

function allNonFinite(state: CalibrationState): WorkbenchError {
  const first = state.nonFinite[0];
  return new WorkbenchError('activations-nan', `Every image makes NaN or infinity, ${first?.file ?? ''} first in tensor "${first?.tensors[0] ?? ''}"`, {
    hint: 'The model itself overflows or divides by zero on this preprocessing: check --scale, --mean and --std, then the weights before that tensor.',
  });
}

function nothingCounted(state: CalibrationState, total: number): WorkbenchError {
  const first = state.skipped[0];
  const reason = first ? `; the first one: ${first.file}: ${first.reason}` : '';
  return new WorkbenchError('images-empty', `None of ${total} images could be used${reason}`, { hint: 'Name a folder of JPEG, PNG, WebP, BMP or TIFF images.' });
}
