import { cancelledError, WorkbenchError } from '../../../src-shared/base/errors';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import { errnoOf } from '../../base/file-errors';
import type { PreparedImage } from '../../backends/feeds';
import type { FeedLoader } from '../../calibration/inputs/feed-loader';
import type { StopFlag, WorkerRole } from '../pool/worker-role';

/**
 * The result for one image: a value, or the reason why the image cannot be used. `isAbsent` means that its file could
 * not be read at all and may be readable later.
 */
export type ImageOutcome<V> =
  | { readonly ok: true; readonly value: V }
  | { readonly ok: false; readonly reason: string; readonly isAbsent?: true };

/** The requests of a role that runs a model over images. */
export interface ImageMethods<V, S> {
  /** One outcome per image, in order. The images go through the model together. */
  readonly batch: { readonly params: readonly ImageEntry[]; readonly result: readonly ImageOutcome<V>[] };
  /** The state since the last flush; it covers every batch that was answered before. */
  readonly flush: { readonly params: null; readonly result: S };
}

export interface UsableImage {
  readonly entry: ImageEntry;
  readonly image: PreparedImage;
}

/** The parts that differ between image roles. */
export interface ImageWork<V, S> {
  readonly loader: FeedLoader;
  /** Runs the model over images. @returns one value per image, in order. */
  readonly process: (images: readonly UsableImage[]) => Promise<readonly V[]>;
  readonly flush: () => S;
  readonly close?: () => Promise<void>;
}

/**
 * Decodes and preprocesses one image.
 * @throws any error that is not the fault of the image itself.
 */
export async function loadImage(loader: FeedLoader, entry: ImageEntry): Promise<ImageOutcome<PreparedImage>> {
  try {
    return { ok: true, value: await loader.load(entry) };
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'image-invalid')
      return { ok: false, reason: error.message, ...(errnoOf(error.cause) === null ? {} : { isAbsent: true }) };
    throw error;
  }
}

/** A role that decodes the images of a batch while the model runs on the batch before it. */
export function imageRole<V, S>({ loader, process, flush, close }: ImageWork<V, S>, stop: StopFlag): WorkerRole {
  const batch = async (
    entries: readonly ImageEntry[],
    loaded: readonly ImageOutcome<PreparedImage>[],
  ): Promise<readonly ImageOutcome<V>[]> => {
    if (stop.isSet) throw cancelledError();
    const usable = loaded.flatMap((image, i): UsableImage[] => {
      const entry = entries[i];
      return image.ok && entry ? [{ entry, image: image.value }] : [];
    });
    const values = usable.length === 0 ? [] : await process(usable);
    let next = 0;
    return loaded.map((image) => (image.ok ? { ok: true, value: values[next++] as V } : image));
  };
  return {
    preload: async (method, params) =>
      method === 'batch'
        ? Promise.all((params as readonly ImageEntry[]).map((entry) => loadImage(loader, entry)))
        : undefined,
    run: async (method, params, preloaded) =>
      method === 'batch'
        ? batch(params as readonly ImageEntry[], preloaded as readonly ImageOutcome<PreparedImage>[])
        : flush(),
    ...(close === undefined ? {} : { close }),
  };
}
