import { createPreprocessor } from '../../calibration/preprocess';
import { OrtCollector, type CollectorOptions } from '../../calibration/collector';
import { loadAddon } from '../addon';
import type { Preprocessing } from '../../../src-shared/domain/preprocessing';
import type { Role } from '../worker';

export interface CollectInit extends Omit<CollectorOptions, 'createHistogramSet'> {
  readonly preprocessing: Preprocessing;
  /** Keep one histogram per group; without it all images count into one. */
  readonly splitsGroups: boolean;
}

/** Collects histograms. The state of a flush is a CollectorState. */
export async function createCollectRole(init: CollectInit): Promise<Role> {
  const addon = loadAddon();
  const preprocessor = createPreprocessor(init.preprocessing, init.input);
  const collector = await OrtCollector.open({ ...init, createHistogramSet: (count) => new addon.HistogramSet(count) });
  return {
    load: (entry) => preprocessor.load(entry),
    process: (images) => collector.collect(images.map(({ entry, data }) => ({ data, group: init.splitsGroups ? (entry.group ?? '') : '' }))),
    flush: () => collector.takeState(),
  };
}
