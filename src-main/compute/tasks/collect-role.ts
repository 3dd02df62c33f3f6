import { createPreprocessor } from '../../calibration/preprocessing/preprocess';
import { OrtCollector, type CollectorOptions, type CollectorState } from '../../calibration/histograms/collector';
import { loadAddon } from '../pool/addon';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import type { Role } from '../pool/worker';
import { GridCollector, type GridInit } from './grid-role';

export interface CollectInit extends Omit<CollectorOptions, 'createSet' | 'asWritten'> {
  readonly preprocessing: Preprocessing;
  /** Keep one histogram per group; without it all images count into one. */
  readonly splitsGroups: boolean;
  /** Also count on TensorRT's grid. */
  readonly grid: GridInit | null;
}

/** What one worker has counted since its last flush. */
export interface CollectFlush {
  readonly histograms: CollectorState;
  /** Records of TensorRT's grid; none when it is not collected. */
  readonly grid: readonly Uint8Array[];
}

/** Collects histograms, and TensorRT's grid where it is asked for. The state of a flush is a CollectFlush. */
export async function createCollectRole(init: CollectInit): Promise<Role> {
  const addon = loadAddon();
  const preprocessor = createPreprocessor(init.preprocessing, init.input);
  const collector = await OrtCollector.open({ ...init, createSet: (count) => new addon.HistogramSet(count) });
  const grid = init.grid === null ? null : await GridCollector.open(init.grid);
  return {
    load: (entry) => preprocessor.load(entry),
    process: async (images) => {
      const contributions = await collector.collect(
        images.map(({ entry, data }) => ({ data, group: init.splitsGroups ? (entry.group ?? '') : '' })),
      );
      await grid?.collect(images.map(({ data }) => data));
      return contributions;
    },
    flush: (): CollectFlush => ({ histograms: collector.takeState(), grid: grid?.takeState() ?? [] }),
  };
}
