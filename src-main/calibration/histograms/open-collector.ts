import type { NativeAddon } from '../../../native/index';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { findOnnxruntimeLibrary } from '../../backends/onnxruntime-library';
import type { CountingModel } from './collection-model';
import type { Collector, CollectorOptions } from './collector';
import { CopyingCollector } from './copying-collector';
import { CountingCollector } from './counting-collector';

export interface OpenCollectorOptions extends CollectorOptions {
  readonly counting: CountingModel;
  /** See CountingOptions. */
  readonly optimizedDir: string | null;
  /** Encodes the model that copies its tensors, see collectionModel. */
  readonly copyingModel: () => Uint8Array;
}

export interface OpenedCollector {
  readonly collector: Collector;
  /** Why the values are copied to JavaScript; null if they are counted inside ONNX Runtime. */
  readonly copyReason: string | null;
  /** Why the values are reordered before they are counted inside ONNX Runtime; null if they are not. */
  readonly plainReason: string | null;
}

/**
 * The fastest collector that works here. Both kinds count the same: the copying one is used if the library of
 * onnxruntime-node is not the expected one, or refuses the counting model.
 * @throws WorkbenchError model-unsupported if ONNX Runtime refuses the model itself.
 */
export async function openCollector(options: OpenCollectorOptions, addon: NativeAddon): Promise<OpenedCollector> {
  let copyReason: string;
  try {
    const library = findOnnxruntimeLibrary(addon);
    const collector = await CountingCollector.open({ ...options, library, addon });
    return { collector, copyReason: null, plainReason: collector.plainReason };
  } catch (error) {
    if (!(error instanceof WorkbenchError) || !['backend-unavailable', 'model-unsupported'].includes(error.code))
      throw error;
    copyReason = error.message;
  }
  const createSet = (count: number): InstanceType<NativeAddon['HistogramSet']> => new addon.HistogramSet(count);
  const model = options.copyingModel();
  const collector = await CopyingCollector.open({ ...options, model, createSet, addon });
  return { collector, copyReason, plainReason: null };
}
