import { OrtCollector, type CollectorOptions, type ImageContribution } from '../../calibration/histograms/collector';
import { createPreprocessor } from '../../calibration/preprocessing/preprocess';
import type { ImageInput, Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { loadAddon } from '../pool/addon';
import type { Role } from '../pool/worker';

/** What a worker needs to count on TensorRT's grid. */
export interface GridInit extends Omit<CollectorOptions, 'createSet' | 'asWritten'> {
  readonly input: ImageInput;
  readonly preprocessing: Preprocessing;
  /** Largest |x| of the first batch per tensor; all 1 while that is being learnt. */
  readonly firstAmax: Float32Array;
}

/** Counts on TensorRT's grid, the model run as it is written: TensorRT calibrates every layer before it fuses any. */
export class GridCollector {
  private constructor(private readonly collector: OrtCollector) {}

  static async open(init: GridInit): Promise<GridCollector> {
    const addon = loadAddon();
    return new GridCollector(
      await OrtCollector.open({ ...init, asWritten: true, createSet: () => new addon.TensorrtGridSet(init.firstAmax) }),
    );
  }

  collect(images: readonly Float32Array[]): Promise<ImageContribution[]> {
    return this.collector.collect(images.map((data) => ({ data, group: '' })));
  }

  /** One record per tensor of everything counted since the last call; none when there was nothing. */
  takeState(): readonly Uint8Array[] {
    return this.collector.takeState()[''] ?? [];
  }
}

/** Learns the largest |x| of every tensor: the outcome of an image is a Float32Array with one entry per tensor. */
export async function createGridRangesRole(init: GridInit): Promise<Role> {
  const preprocessor = createPreprocessor(init.preprocessing, init.input);
  const collector = await GridCollector.open(init);
  return {
    load: (entry) => preprocessor.load(entry),
    process: async (images) => (await collector.collect(images.map(({ data }) => data))).map(({ amax }) => amax),
    flush: () => null,
  };
}
