import { mkdir } from 'node:fs/promises';
import { advise } from '../../../src-shared/base/advice';
import { throwIfAborted, WorkbenchError } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { CalibrationState } from '../../calibration/histograms/calibration-state';
import { decodeHistogramFile, type HistogramFile } from '../../calibration/histograms/histogram-file';
import type { TensorrtGridFile } from '../../calibration/tensorrt/tensorrt-grid-file';
import { TensorrtGridState } from '../../calibration/tensorrt/tensorrt-grid-state';
import { tensorrtNames } from '../../calibration/tensorrt/tensorrt-names';
import { readModel } from '../../onnx/wire/wire-reader';
import { loadAddon } from '../../backends/addon';
import { requireCounts } from './calibrate-messages';
import { finishCalibration } from './finish-calibration';
import type { ComputeMethods, MergeParams } from '../pool/protocol';
import { readShard } from '../shards/shard-store';

/**
 * Merges the shards of a calibration into that of the whole set, one after the other: memory holds the sum and one
 * shard. @throws WorkbenchError calibration-mismatch, not-found, images-empty, activations-nan
 */
export async function merge(params: MergeParams, context: TaskContext): Promise<ComputeMethods['merge']['result']> {
  const addon = loadAddon();
  const startedAt = performance.now();
  const grids = new ShardGrids();
  let state: CalibrationState | null = null;
  for (const [i, { path, marker }] of params.shards.entries()) {
    throwIfAborted(context.signal);
    context.onProgress?.({ phase: 'merging shards', done: i, total: params.shards.length, unit: 'shards' });
    const file = decodeHistogramFile(await readShard(path, marker.sha256), path);
    state ??= new CalibrationState(
      params.key,
      file.header.tensors,
      file.channels?.tensors ?? [],
      (tensorCount) => new addon.HistogramSet(tensorCount),
    );
    state.mergeFile(file, path);
    state.seconds += marker.seconds;
    grids.add(file, path);
  }
  if (!state) throw new WorkbenchError('usage', 'Expected at least one shard to merge');
  requireCounts(state, state.imageCount + state.skipped.length);
  await mkdir(params.calibrationDir, { recursive: true });
  const whole = { calibrationDir: params.calibrationDir, key: params.key, shard: null, threads: 1 };
  return finishCalibration({ state, grid: grids.finished(params.modelPath) }, whole, {
    startedAt,
    counted: state.imageCount,
    resumedImages: 0,
  });
}

/** Merges TensorRT's grids of the shards. Either all shards hold a grid, or none does. */
class ShardGrids {
  private merged: TensorrtGridState | null = null;
  private shards = 0;

  add(file: HistogramFile, path: string): void {
    const { grid } = file;
    if (this.shards++ > 0 && (grid !== null) !== (this.merged !== null)) {
      throw new WorkbenchError(
        'calibration-mismatch',
        `${path} ${grid ? 'holds' : 'does not hold'} TensorRT's grid, unlike the shards before it`,
        {
          hint: advise('collect-shards-alike'),
        },
      );
    }
    if (!grid) return;
    if (this.merged) this.merged.mergeFile(grid, path);
    else this.merged = TensorrtGridState.fromFile(grid, loadAddon());
  }

  finished(modelPath: string): TensorrtGridFile | null {
    return this.merged?.toFile(tensorrtNames(readModel(modelPath)).names) ?? null;
  }
}
