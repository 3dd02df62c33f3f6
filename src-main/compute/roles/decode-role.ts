import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { ImageInput, Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import type { ImageGeometry } from '../../../src-shared/domain/tasks/answer';
import { createPreprocessor, type PreparedImage } from '../../calibration/preprocessing/preprocess';
import type { WorkerRole } from '../pool/worker-role';
import { loadImage, type ImageOutcome } from './image-role';

export interface DecodeInit {
  readonly input: ImageInput;
  readonly preprocessing: Preprocessing;
  /** float32 values of preprocessed images, one slot after the other; shared by all workers. */
  readonly images: SharedArrayBuffer;
}

export interface DecodeMethods {
  /** Decodes and preprocesses an image into its slot. @returns its place in the input, or why it cannot be used. */
  readonly load: {
    readonly params: { readonly slot: number; readonly entry: ImageEntry };
    readonly result: ImageOutcome<ImageGeometry>;
  };
}

type LoadParams = DecodeMethods['load']['params'];

/** Decodes images for a model that runs elsewhere. The next image is decoded while the current one is being copied. */
export async function createDecodeRole({ input, preprocessing, images }: DecodeInit): Promise<WorkerRole> {
  const preprocessor = createPreprocessor(preprocessing, input);
  const values = new Float32Array(images);
  const length = input.channels * input.height * input.width;
  return {
    preload: (_method, params) => loadImage(preprocessor, (params as LoadParams).entry),
    run: async (_method, params, preloaded): Promise<ImageOutcome<ImageGeometry>> => {
      const image = preloaded as ImageOutcome<PreparedImage>;
      if (!image.ok) return image;
      values.set(image.value.values, (params as LoadParams).slot * length);
      return { ok: true, value: image.value.geometry };
    },
  };
}
