import type { Feeding } from '../../../src-shared/domain/project/feeding';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import { inSharedMemory, type PreparedImage } from '../../backends/feeds';
import { createFeedLoader } from '../../calibration/inputs/feed-loader';
import type { WorkerRole } from '../pool/worker-role';
import { loadImage, type ImageOutcome } from './image-role';

export interface DecodeInit {
  readonly feeding: Feeding;
}

export interface DecodeMethods {
  /** Decodes and preprocesses an image; its values are in shared memory, so that the message does not copy them. */
  readonly load: { readonly params: ImageEntry; readonly result: ImageOutcome<PreparedImage> };
}

/** Decodes images for a model that runs elsewhere. The next image is decoded while the current one is answered. */
export async function createDecodeRole({ feeding }: DecodeInit): Promise<WorkerRole> {
  const loader = createFeedLoader(feeding);
  return {
    preload: (_method, params) => loadShared(loader, params as ImageEntry),
    run: async (_method, _params, preloaded) => preloaded,
  };
}

/** Loads an image into memory that all threads share. */
export async function loadShared(
  loader: Parameters<typeof loadImage>[0],
  entry: ImageEntry,
): Promise<ImageOutcome<PreparedImage>> {
  const image = await loadImage(loader, entry);
  return image.ok ? { ok: true, value: inSharedMemory(image.value) } : image;
}
