import type { NativeOpenvinoModel, OpenvinoFeed } from '../../../native/index';
import { WorkbenchError } from '../../../src-shared/base/errors';
import type { Feed } from '../feeds';
import type { OpenvinoVariant } from '../runnable-variant';
import { OPENVINO_DEVICE, openOpenvino, translatedAsync } from './runtime';

export interface OpenvinoModelOptions {
  readonly variant: Pick<OpenvinoVariant, 'modelPath' | 'hasFp16'>;
  readonly threads: number;
  /** Inferences that may run at the same time; the threads are divided among them. */
  readonly streams: number;
  /** Record the times of layers. */
  readonly isProfiled?: boolean;
  /** Fix the input sizes to those of these feeds; absent: they stay as open as the model leaves them. */
  readonly shapesOf?: readonly Feed[];
}

/** A compiled model, and the way in which it takes feeds. */
export interface OpenvinoModel {
  readonly native: NativeOpenvinoModel;
  readonly outputNames: readonly string[];
  /** The feeds of the inputs that the model has; a variant may have lost an input that nothing uses. */
  feedsOf(feeds: readonly Feed[]): readonly OpenvinoFeed[];
}

/**
 * Compiles a model for the processor. Layers in floating point compute in FP32, unless the model has FP16 layers and
 * the processor computes in FP16: by default, OpenVINO computes FP32 models in BF16 where the processor can.
 * @throws WorkbenchError model-unsupported with OpenVINO's message; backend-unavailable.
 */
export async function compileModel(options: OpenvinoModelOptions): Promise<OpenvinoModel> {
  const { addon, libraryPath, hasFp16 } = openOpenvino();
  const { variant, threads, streams, isProfiled = false, shapesOf = [] } = options;
  const native = new addon.OpenvinoModel({
    library: libraryPath,
    modelPath: variant.modelPath,
    device: OPENVINO_DEVICE,
    shapes: shapesOf.map(({ name, dims }) => ({ name, dims })),
    settings: [
      { key: 'INFERENCE_PRECISION_HINT', value: variant.hasFp16 && hasFp16 ? 'f16' : 'f32' },
      { key: 'INFERENCE_NUM_THREADS', value: String(threads) },
      { key: 'NUM_STREAMS', value: String(streams) },
      ...(isProfiled ? [{ key: 'PERF_COUNT', value: 'YES' }] : []),
    ],
  });
  const { inputs, outputs } = await translatedAsync(native.open());
  return {
    native,
    outputNames: outputs.map(({ name }) => name),
    feedsOf: (feeds) =>
      inputs.map(({ name, dtype }, input) => {
        const feed = feeds.find((each) => each.name === name);
        if (feed === undefined) throw new WorkbenchError('internal', `No values for input "${name}" of the model`);
        if (feed.dtype !== dtype)
          throw new WorkbenchError(
            'model-unsupported',
            `OpenVINO expects ${dtype} for input "${name}", found ${feed.dtype}`,
          );
        return { input, dtype, dims: feed.dims, data: feed.data };
      }),
  };
}
