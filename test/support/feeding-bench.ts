import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Preprocessing } from '../../src-shared/domain/project/preprocessing';
import { stackImages, type PreparedImage } from '../../src-main/backends/feeds';
import { OrtSession } from '../../src-main/backends/ort-session';
import { decodeImage } from '../../src-main/calibration/images/image-decoder';
import { createFeedLoader } from '../../src-main/calibration/inputs/feed-loader';
import { feedingOf } from '../../src-main/calibration/inputs/feeding';
import { fitImage, fittingOf } from '../../src-main/calibration/preprocessing/fit-image';
import { openImageCache, useImageCache } from '../../src-main/calibration/preprocessing/image-cache';
import { readModel } from '../../src-main/onnx/wire/wire-reader';

export interface FeedingCase {
  readonly modelPath: string;
  readonly imagesDir: string;
  readonly preprocessing: Preprocessing;
}

/** Milliseconds of processor time (all threads of this process) per image. */
async function perImage(
  paths: readonly string[],
  work: (path: string, i: number) => Promise<unknown>,
): Promise<number> {
  const before = process.cpuUsage();
  for (const [i, path] of paths.entries()) await work(path, i);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / paths.length;
}

/**
 * What one image costs a worker, in milliseconds of processor time: `decode` and `fit` alone; `first`, a pass that
 * decodes and stores; `second`, a pass that finds everything in the cache; `run`, bare inference with one thread.
 */
export async function measureFeeding({ modelPath, imagesDir, preprocessing }: FeedingCase, images: number) {
  const paths = readdirSync(imagesDir, { recursive: true, withFileTypes: true })
    .filter(({ name }) => /\.(jpe?g|png)$/i.test(name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort()
    .slice(0, images);
  const feeding = feedingOf(readModel(modelPath), { preprocessing });
  const loader = createFeedLoader(feeding);
  const load = (path: string): Promise<PreparedImage> =>
    loader.load({ path, file: path, label: null, group: null, record: null });
  const session = await OrtSession.open({
    model: modelPath,
    weightsDir: null,
    threads: 1,
    simulate: false,
    hasFp16: false,
  });
  const dir = mkdtempSync(join(tmpdir(), 'calib-feeding-'));
  try {
    const loaded: PreparedImage[] = [];
    for (const path of paths) loaded.push(await load(path));
    const decoded = await Promise.all(paths.map((path) => decodeImage(path, path)));
    const decode = await perImage(paths, (path) => decodeImage(path, path));
    const fit = await perImage(paths, async (path, i) => {
      const pixels = decoded[i];
      return pixels && fitImage(pixels, fittingOf(preprocessing), path);
    });
    useImageCache(openImageCache(dir));
    const first = await perImage(paths, load);
    const second = await perImage(paths, load);
    const run = await perImage(paths, async (_path, i) => {
      const image = loaded[i];
      return image && session.run(stackImages(feeding, [image], feeding.fixedBatch ?? 1));
    });
    return { images: paths.length, decode, fit, first, second, run };
  } finally {
    useImageCache(null);
    await session.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
