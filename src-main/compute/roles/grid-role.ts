import type { PreparedImage } from '../../backends/feeds';
import type { ImageContribution } from '../../calibration/histograms/collector';
import { CopyingCollector, type CopyingOptions } from '../../calibration/histograms/copying-collector';
import { createFeedLoader } from '../../calibration/inputs/feed-loader';
import { loadAddon } from '../../backends/addon';
import type { StopFlag, WorkerRole } from '../pool/worker-role';
import { imageRole } from './image-role';

/** What a worker needs to count on TensorRT's grid. */
export interface GridInit extends Omit<CopyingOptions, 'createSet' | 'asWritten' | 'addon' | 'channels'> {
  /** Largest |x| of the first batch per tensor; all 1 while the first batch is being measured. */
  readonly firstAmax: Float32Array;
}

/**
 * Counts on TensorRT's grid. ONNX Runtime runs the model node by node as it is written, because TensorRT calibrates
 * every layer before it fuses any.
 */
export class GridCollector {
  private constructor(private readonly collector: CopyingCollector) {}

  static async open(init: GridInit): Promise<GridCollector> {
    const addon = loadAddon();
    return new GridCollector(
      await CopyingCollector.open({
        ...init,
        asWritten: true,
        addon,
        channels: [],
        createSet: () => new addon.TensorrtGridSet(init.firstAmax),
      }),
    );
  }

  collect(images: readonly PreparedImage[]): Promise<ImageContribution[]> {
    return this.collector.collect(images.map((image) => ({ image, group: '' })));
  }

  /** One record per tensor of everything counted since the last call; empty when nothing was counted. */
  takeState(): readonly Uint8Array[] {
    return this.collector.takeState().groups[''] ?? [];
  }
}

/** Measures the largest |x| of every tensor: the value of an image is a Float32Array with one entry per tensor. */
export async function createGridRangesRole(init: GridInit, stop: StopFlag): Promise<WorkerRole> {
  const loader = createFeedLoader(init.feeding);
  const collector = await GridCollector.open(init);
  return imageRole<Float32Array, null>(
    {
      loader,
      process: async (images) => (await collector.collect(images.map(({ image }) => image))).map(({ amax }) => amax),
      flush: () => null,
    },
    stop,
  );
}
