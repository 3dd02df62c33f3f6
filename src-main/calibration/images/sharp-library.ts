/**
 * The only file that loads sharp. A thread loads it with its first image, or earlier (PREPARATIONS).
 */
import { createRequire } from 'node:module';
import type Sharp from 'sharp';

const load = createRequire(import.meta.url);
let loaded: typeof Sharp | undefined;

export function sharpLibrary(): typeof Sharp {
  if (loaded !== undefined) return loaded;
  loaded = load('sharp') as typeof Sharp;
  // Each worker thread decodes one image at a time: threads and a cache inside libvips would compete with the workers.
  loaded.concurrency(1);
  loaded.cache(false);
  return loaded;
}

/** Libraries that decode images, with their versions. */
export type DecoderVersions = Readonly<Record<string, string | undefined>>;

export function decoderVersions(): DecoderVersions {
  return { ...sharpLibrary().versions };
}
