import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import { batchesOf, runImagePool, type ImagePoolOptions } from '../../../src-main/compute/pool/image-pool';
import { DecodedImages } from '../../../src-main/compute/pool/decoded-images';
import { createFeedLoader } from '../../../src-main/calibration/inputs/feed-loader';
import { feedingFor } from '../../support/feeding';
import { useTempDirs } from '../../support/temp-dir';
import { writeTinyImages, writeTinyModel } from '../../support/tiny-project';

const IMAGES = 6;
const tempDir = useTempDirs();

async function options(): Promise<ImagePoolOptions<'evaluate'>> {
  const dir = tempDir();
  const modelPath = join(dir, 'tiny.onnx');
  await writeTinyModel(modelPath);
  await writeTinyImages(join(dir, 'images'), IMAGES);
  const entries = readdirSync(join(dir, 'images'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry): ImageEntry => {
      const path = join(entry.parentPath, entry.name);
      return { path, file: entry.name, record: null, group: null, label: null };
    });
  return {
    role: 'evaluate',
    init: {
      variants: [{ kind: 'onnx', variant: 'fp32', modelPath, weightsDir: null, simulate: false, hasFp16: false }],
      feeding: feedingFor({ name: 'input', channels: 3, height: 16, width: 16, layout: 'nchw', fixedBatch: null }),
      task: null,
      known: null,
    },
    threads: 2,
    batches: batchesOf(entries, 1),
    onBatch: () => undefined,
  };
}

describe('runImagePool', () => {
  it('runs every batch once', async () => {
    const seen: number[] = [];
    const all = await options();
    await runImagePool({
      ...all,
      onBatch: (batch, outcomes) => {
        expect(outcomes.map(({ ok }) => ok)).toEqual([true]);
        seen.push(batch.index);
      },
    });
    expect(seen.sort()).toEqual(all.batches.map(({ index }) => index));
  });

  it.each(['onBatch', 'onFlush', 'isCheckpointDue'] as const)(
    'fails when %s throws, and the process goes on',
    async (name) => {
      const all = await options();
      const broken = {
        onFlush: () => undefined,
        [name]: () => {
          throw new Error(`${name} failed`);
        },
      };
      await expect(runImagePool({ ...all, ...broken })).rejects.toThrow(`${name} failed`);
    },
  );

  it('fails when a worker cannot open its model', async () => {
    const all = await options();
    const variants = all.init.variants.map((variant) => ({ ...variant, modelPath: '/absent.onnx' }));
    await expect(runImagePool({ ...all, init: { ...all.init, variants } })).rejects.toMatchObject({
      code: 'model-unsupported',
    });
  });

  it('keeps what was done before a cancellation, and flushes it', async () => {
    const controller = new AbortController();
    const checkpoints: boolean[] = [];
    let done = 0;
    let flushed = 0;
    const pass = runImagePool({
      ...(await options()),
      threads: 1,
      signal: controller.signal,
      onBatch: () => {
        if (++done === 2) controller.abort();
      },
      onFlush: () => flushed++,
      onCheckpoint: (isComplete) => checkpoints.push(isComplete),
    });
    await expect(pass).rejects.toMatchObject({ code: 'cancelled' });
    expect(done).toBeLessThan(IMAGES);
    expect(flushed).toBe(1);
    expect(checkpoints).toEqual([false]);
  });
});

describe('DecodedImages', () => {
  it('gives all images in set order, in fewer slots than there are images, and names those that cannot be read', async () => {
    const { init, batches } = await options();
    const { feeding } = init;
    const entries = batches.flatMap((batch) => batch.entries);
    const absent = { ...(entries[0] as ImageEntry), path: '/absent.png', file: 'absent.png' };
    const images = new DecodedImages({ entries: [...entries, absent], feeding, batch: 2, threads: 1 });
    const loader = createFeedLoader(feeding);
    try {
      await images.open();
      for (let start = 0; start < IMAGES; start += 2) {
        const expected = await Promise.all(entries.slice(start, start + 2).map((entry) => loader.load(entry)));
        expect(await images.next()).toEqual(expected.map((value) => ({ ok: true, value })));
      }
      expect(await images.next()).toMatchObject([
        { ok: false, reason: expect.stringContaining('absent.png') as string },
      ]);
    } finally {
      await images.close();
    }
  });
});
