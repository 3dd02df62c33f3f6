import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { throwIfAborted, WorkbenchError } from '../../../src-shared/base/errors';
import type { TaskContext } from '../../../src-shared/contract/progress';
import type { PackageManifest, TensorFile } from '../../../src-shared/domain/packages/manifest';
import type { ReplayedTensor } from '../../../src-shared/domain/packages/replay';
import type { Feeding } from '../../../src-shared/domain/project/feeding';
import { elementsOf, quantizedFeeds, zeros, type Feed, type FeedData } from '../../backends/feeds';
import { openSession } from '../../backends/open-session';
import type { RunnableVariant } from '../../backends/runnable-variant';
import { createFeedLoader, type FeedLoader } from '../../calibration/inputs/feed-loader';
import type { ReplayParams } from '../pool/protocol';
import { recorded } from './record-answers';

/**
 * Runs the model of a package on the recorded inputs and compares its outputs with the recorded ones. Of every image
 * that the package holds, the preprocessing is repeated and compared with the recorded input.
 * @throws WorkbenchError package-invalid, model-unsupported, backend-unavailable, cancelled
 */
export async function replayPackage(
  { dir, manifest }: ReplayParams,
  context: TaskContext,
): Promise<readonly ReplayedTensor[]> {
  const session = await openSession(variantOf(dir, manifest), 1);
  const found: ReplayedTensor[] = [];
  try {
    for (const [i, sample] of manifest.samples.entries()) {
      throwIfAborted(context.signal);
      context.onProgress?.({ phase: 'replaying', done: i, total: manifest.samples.length, unit: 'images' });
      const inputs = await Promise.all(sample.inputs.map((file) => readTensor(dir, file)));
      const loader = loaderOf(manifest, inputs);
      if (sample.image !== null && loader !== null) {
        const path = join(dir, sample.image);
        const entry = { path, file: basename(path), label: null, group: null, record: null };
        const { int8Scale } = manifest.image ?? {};
        const scales = int8Scale === undefined ? {} : { [manifest.image?.input ?? '']: int8Scale };
        const feeds = quantizedFeeds((await loader.load(entry)).feeds, scales);
        const own = inputs.find(({ name }) => name === manifest.image?.input);
        for (const feed of feeds)
          if (own) found.push({ sample: sample.id, kind: 'input', ...compared(own, feed.data) });
      }
      const outputs = (await session.run(inputs)).flatMap(recorded);
      for (const file of sample.outputs) {
        const wanted = await readTensor(dir, file);
        const own = outputs.find(({ name }) => name === file.name);
        if (own?.dims.join('x') !== file.dims.join('x'))
          throw invalid(
            `Output "${file.name}" of ${manifest.model} has another shape than the one recorded for ${sample.id}`,
          );
        found.push({ sample: sample.id, kind: 'output', ...compared(wanted, own.data) });
      }
    }
  } finally {
    await session.close();
  }
  return found;
}

function variantOf(dir: string, { backend, model, modelSha256, variant, disabledOptimizers }: PackageManifest) {
  const path = join(dir, model);
  return (
    backend === 'tensorrt'
      ? { kind: 'engine', variant, enginePath: path, sha256: modelSha256, device: 0 }
      : {
          kind: 'onnx',
          variant,
          modelPath: path,
          weightsDir: null,
          simulate: false,
          hasFp16: disabledOptimizers.length > 0,
        }
  ) satisfies RunnableVariant;
}

/** Makes the image input as the recorded one was made; null if no input takes images. */
function loaderOf({ image }: PackageManifest, inputs: readonly Feed[]): FeedLoader | null {
  const own = inputs.find(({ name }) => name === image?.input);
  if (image === null || own === undefined) return null;
  const { preprocessing } = image;
  const hasBatch = own.dims.length === 4;
  const dims = own.dims.slice(hasBatch ? 1 : 0);
  const [channels = 0, height = 0, width = 0] =
    preprocessing.layout === 'nchw' ? dims : [dims[2] ?? 0, dims[0] ?? 0, dims[1] ?? 0];
  const { name } = own;
  // An INT8 input is preprocessed in floating point and then quantized.
  const dtype = image.int8Scale === undefined ? own.dtype : 'float32';
  const { layout } = preprocessing;
  const feeding: Feeding = {
    fixedBatch: null,
    inputs: [
      {
        name,
        dtype,
        dims,
        hasBatch,
        source: {
          kind: 'images',
          image: { name, dtype, fixedBatch: null, channels, height, width, layout },
          preprocessing,
        },
      },
    ],
  };
  return createFeedLoader(feeding);
}

async function readTensor(dir: string, { name, dtype, dims, file }: TensorFile): Promise<Feed> {
  const bytes = await readFile(join(dir, file)).catch((error: unknown) => {
    throw invalid(`${join(dir, file)} cannot be read: ${String(error)}`);
  });
  const data = zeros(dtype, elementsOf(dims));
  if (bytes.length !== data.byteLength)
    throw invalid(`${join(dir, file)} has ${bytes.length} bytes, expected ${data.byteLength} for ${dims.join('x')}`);
  new Uint8Array(data.buffer).set(bytes);
  return { name, dtype, dims, data };
}

/** @param own values of as many elements, or of the first image of a batch */
function compared({ name, data }: Feed, own: FeedData): Pick<ReplayedTensor, 'tensor' | 'difference' | 'largest'> {
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < own.length; i += 1) {
    const [wanted, found] = [Number(data[i] ?? Number.NaN), Number(own[i])];
    largest = Math.max(largest, Math.abs(wanted));
    if (Object.is(wanted, found)) continue;
    const distance = Math.abs(wanted - found);
    difference = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : Math.max(difference, distance);
  }
  return { tensor: name, difference, largest };
}

function invalid(message: string): WorkbenchError {
  return new WorkbenchError('package-invalid', message, {
    hint: 'Copy the whole folder again, or write the package again.',
  });
}
