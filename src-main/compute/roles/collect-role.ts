import type { CollectorState, ImageContribution } from '../../calibration/histograms/collector';
import { collectionModel } from '../../calibration/histograms/collection-model';
import { openCollector, type OpenCollectorOptions } from '../../calibration/histograms/open-collector';
import { createFeedLoader } from '../../calibration/inputs/feed-loader';
import { loadPrepared } from '../../onnx/passes/prepared-store';
import { loadAddon } from '../../backends/addon';
import type { StopFlag, WorkerRole } from '../pool/worker-role';
import { GridCollector, type GridInit } from './grid-role';
import { imageRole } from './image-role';
import { thresholdsOfRecord } from './tensor-thresholds';

export interface CollectInit extends Omit<OpenCollectorOptions, 'copyingModel'> {
  /** Keep one histogram per group; otherwise all images count into one. */
  readonly splitsGroups: boolean;
  /** Also count on TensorRT's grid; null: do not. */
  readonly grid: GridInit | null;
}

/** What one worker has counted since its last flush. */
export interface CollectFlush {
  readonly counts: CollectorState;
  /** One record per tensor of TensorRT's grid; empty when it is not collected. */
  readonly grid: readonly Uint8Array[];
  /** Why the values are copied to JavaScript; null if they are counted inside ONNX Runtime. */
  readonly copyReason: string | null;
  /** See OpenedCollector. */
  readonly plainReason: string | null;
}

/**
 * Counts the values of every tensor into histograms and, if asked, on TensorRT's grid. After the pass it computes
 * thresholds from the histograms of all workers.
 */
export async function createCollectRole(init: CollectInit, stop: StopFlag): Promise<WorkerRole> {
  const loader = createFeedLoader(init.feeding);
  const { weightsDir, tensors } = init;
  const copyingModel = (): Uint8Array => collectionModel(loadPrepared(weightsDir), weightsDir, tensors);
  const { collector, copyReason, plainReason } = await openCollector({ ...init, copyingModel }, loadAddon());
  const grid = init.grid === null ? null : await GridCollector.open(init.grid);
  const images = imageRole<ImageContribution, CollectFlush>(
    {
      loader,
      process: async (usable) => {
        const contributions = await collector.collect(
          usable.map(({ entry, image }) => ({ image, group: init.splitsGroups ? (entry.group ?? '') : '' })),
        );
        await grid?.collect(usable.map(({ image }) => image));
        return contributions;
      },
      flush: () => ({ counts: collector.takeState(), grid: grid?.takeState() ?? [], copyReason, plainReason }),
    },
    stop,
  );
  return {
    ...images,
    run: async (method, params, preloaded) =>
      method === 'thresholds'
        ? (params as readonly Uint8Array[]).map(thresholdsOfRecord)
        : images.run(method, params, preloaded),
  };
}
