import { join } from 'node:path';
import { defined } from '../../../src-shared/base/assert';
import { writeFileAtomic } from '../../base/atomic-file';
import { CALIBRATION_INDEX_VERSION, type CalibrationIndex } from '../../calibration/histograms/calibration-index';
import { contentHash, type CalibrationState } from '../../calibration/histograms/calibration-state';
import { CHANNEL_MAXIMA_FILE, encodeChannelMaxima } from '../../calibration/histograms/channel-maxima';
import { encodeHistogramFile } from '../../calibration/histograms/histogram-file';
import { encodeGridFile, type TensorrtGridFile } from '../../calibration/tensorrt/tensorrt-grid-file';
import { gridSummary, TENSORRT_GRID_FILE } from '../../calibration/tensorrt/tensorrt-grid-store';
import { warningsOf } from './calibrate-messages';
import { thresholdsOfRecord, type TensorThresholds } from '../roles/tensor-thresholds';
import type { CalibrateParams, ComputeMethods } from '../pool/protocol';
import { removeShard, writeShard } from '../shards/shard-store';

type Result = ComputeMethods['calibrate']['result'];

/** Everything that a pass or a merge has collected. */
export interface Collected {
  readonly state: CalibrationState;
  readonly grid: TensorrtGridFile | null;
  /** Of each tensor, if they were computed already. */
  readonly thresholds?: readonly TensorThresholds[];
}

export interface Timing {
  readonly startedAt: number;
  readonly counted: number;
  readonly resumedImages: number;
}

/**
 * Writes histograms.bin, channel-maxima.bin, index.json and, when TensorRT's grid was collected, tensorrt-grid.bin. A
 * shard is written into the folder of shards instead.
 * @param grid TensorRT's grid; for a shard, without thresholds.
 */
export async function finishCalibration(
  { state, grid, thresholds: known }: Collected,
  params: Pick<CalibrateParams, 'calibrationDir' | 'key' | 'shard' | 'threads'>,
  timing: Timing,
): Promise<Result> {
  const totals = state.totals();
  const sha256 = contentHash(state.tensors, totals);
  const warnings = warningsOf(state, params.shard !== null);
  const { shard } = params;
  const collected = state.toFile(shard?.shard ?? null);
  const file = encodeHistogramFile(shard ? { ...collected, grid } : { ...collected, channels: null, grid: null });
  let shardPath: string | undefined;
  if (shard) {
    const identity = { kind: 'calibrate', shard: shard.shard } as const;
    const { key } = params;
    const facts = { key, done: state.imageCount, seconds: state.seconds, histograms: sha256, spec: shard.spec };
    shardPath = await writeShard(shard.dir, identity, file, facts);
    await removeShard(shard.dir, identity, true);
  } else {
    const thresholds = known ?? totals.map(thresholdsOfRecord);
    const tensors = state.tensors.map((name, i) => ({
      name,
      ...defined(thresholds[i], 'one result per tensor'),
    }));
    const index: CalibrationIndex = {
      version: CALIBRATION_INDEX_VERSION,
      key: params.key,
      images: state.imageCount,
      skipped: state.skipped,
      groups: state.groups.filter((group) => group !== ''),
      sha256,
      seconds: state.seconds,
      warnings,
      tensors,
    };
    // The index is written last: its presence means that the calibration is complete.
    await writeFileAtomic(join(params.calibrationDir, 'histograms.bin'), file);
    await writeFileAtomic(join(params.calibrationDir, CHANNEL_MAXIMA_FILE), encodeChannelMaxima(state.channelMaxima()));
    if (grid) await writeFileAtomic(join(params.calibrationDir, TENSORRT_GRID_FILE), encodeGridFile(grid));
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
    ...(grid === null ? {} : { tensorrtGrid: gridSummary(grid.header) }),
    ...(shardPath === undefined ? {} : { shardPath }),
  };
}
