import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TaskContext } from '../../../src-shared/contract/progress';
import { imageId, type ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { TensorrtGridFile } from '../../calibration/tensorrt/tensorrt-grid-file';
import { isSameGrid, TensorrtGridState, type GridIdentity } from '../../calibration/tensorrt/tensorrt-grid-state';
import { tensorrtNames, type CacheName, type TensorrtNames } from '../../calibration/tensorrt/tensorrt-names';
import { unfinishedFolder } from '../../base/temporary-files';
import { storePrepared } from '../../onnx/passes/prepared-store';
import { readModel } from '../../onnx/wire/wire-reader';
import { loadAddon } from '../../backends/addon';
import { batchesOf, runImagePool } from '../pool/image-pool';
import type { CalibrateParams, TensorrtGridParams } from '../pool/protocol';
import type { GridInit } from '../roles/grid-role';

/** The collection of TensorRT's grid beside the histograms. */
export interface GridPass {
  readonly state: TensorrtGridState;
  readonly init: GridInit;
  readonly names: readonly CacheName[];
}

/** The tensors and images of a collection of TensorRT's grid, determined without running the model. */
export interface GridPlan extends TensorrtNames {
  readonly identity: GridIdentity;
  readonly firstBatch: readonly ImageEntry[];
}

export function planGrid(
  params: Omit<CalibrateParams, 'tensorrtGrid'> & { readonly tensorrtGrid: TensorrtGridParams },
): GridPlan {
  const names = tensorrtNames(readModel(params.tensorrtGrid.modelPath));
  const firstBatch = params.set.entries.slice(0, params.tensorrtGrid.batch);
  return {
    ...names,
    firstBatch,
    identity: {
      key: params.key,
      batch: params.tensorrtGrid.batch,
      firstImages: firstBatch.map(imageId).sort(),
      tensors: activationsOf(names.names),
    },
  };
}

export function activationsOf(names: readonly CacheName[]): string[] {
  return names.flatMap((entry) => (entry.kind === 'activation' ? [entry.name] : []));
}

/** Whether a checkpoint can be continued because it holds the grid of this plan. */
export function fitsPlan(plan: GridPlan, grid: TensorrtGridFile | null): grid is TensorrtGridFile {
  return grid !== null && isSameGrid(plan.identity, grid.header);
}

/**
 * Writes a temporary copy of the model into the calibration's folder (see removeGridModel), and measures the initial
 * ranges of the grids on the first batch of the whole set, unless a checkpoint holds them.
 */
export async function openGridPass(
  plan: GridPlan,
  resumed: TensorrtGridFile | null,
  params: CalibrateParams,
  context: TaskContext,
): Promise<GridPass> {
  const dir = gridModelDir(params.calibrationDir);
  await mkdir(dir, { recursive: true });
  await storePrepared(plan.model, dir, context);
  const tensors = plan.identity.tensors;
  const init: GridInit = {
    model: await readFile(join(dir, 'model.onnx')),
    weightsDir: dir,
    tensors,
    feeding: params.feeding,
    firstAmax: new Float32Array(tensors.length).fill(1),
  };
  const addon = loadAddon();
  const state = resumed
    ? TensorrtGridState.fromFile(resumed, addon)
    : new TensorrtGridState(plan.identity, await learnFirstAmax(plan, init, params, context), addon);
  return { state, init: { ...init, firstAmax: state.firstAmax }, names: plan.names };
}

export async function removeGridModel(calibrationDir: string): Promise<void> {
  await rm(gridModelDir(calibrationDir), { recursive: true, force: true });
}

function gridModelDir(calibrationDir: string): string {
  return unfinishedFolder(join(calibrationDir, 'tensorrt-model'));
}

async function learnFirstAmax(
  plan: GridPlan,
  init: GridInit,
  params: CalibrateParams,
  context: TaskContext,
): Promise<Float32Array> {
  const firstAmax = new Float32Array(init.tensors.length);
  const { firstBatch } = plan;
  let finished = 0;
  const report = (): void =>
    context.onProgress?.({
      phase: "learning the ranges of TensorRT's first batch",
      done: finished,
      total: firstBatch.length,
      unit: 'images',
    });
  report();
  await runImagePool({
    role: 'grid-ranges',
    init,
    threads: params.threads,
    batches: batchesOf(firstBatch, params.feeding.fixedBatch ?? 1),
    signal: context.signal,
    memoryLimitBytes: context.memoryLimitBytes,
    onBatch: (batch, outcomes) => {
      // An image that cannot be read is reported when it is counted.
      for (const outcome of outcomes) {
        if (outcome.ok)
          for (const [i, amax] of outcome.value.entries())
            firstAmax[i] = Math.max(firstAmax[i] ?? 0, Number.isNaN(amax) ? 0 : amax);
      }
      finished += batch.entries.length;
      report();
    },
  });
  return firstAmax;
}
