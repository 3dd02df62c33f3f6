import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imageCacheUse, openImageCache } from '../../../src-main/calibration/preprocessing/image-cache';
import { PoolWorker } from '../../../src-main/compute/pool/pool-worker';
import type { LoadRoleParams } from '../../../src-main/compute/pool/worker-role';
import { feedingFor } from '../../support/feeding';
import { useTempDirs } from '../../support/temp-dir';
import { writeTinyImages } from '../../support/tiny-project';
import { makeThreadsReady, takeReadyThread } from '../../../src-main/compute/pool/ready-threads';

describe('threads that wait for a pool', () => {
  it('are started once, and each belongs to one pool', async () => {
    const first = makeThreadsReady('trials', 2);
    await Promise.all([first, makeThreadsReady('trials', 2)]);
    expect(takeReadyThread('collect')).toBeUndefined();
    const threads = [takeReadyThread('trials'), takeReadyThread('trials')];
    expect(new Set(threads).size).toBe(2);
    expect(threads).not.toContain(undefined);
    expect(takeReadyThread('trials')).toBeUndefined();
    await Promise.all(threads.map(async (thread) => thread?.close()));
  });
});

describe('a thread that decodes images ahead', () => {
  const IMAGES = 6;
  const tempDir = useTempDirs();

  async function ahead(cacheDir: string): Promise<LoadRoleParams> {
    const imageCache = openImageCache(cacheDir, 1e9);
    if (imageCache === null) throw new Error('the cache is switched off');
    const feeding = feedingFor({ name: 'input', channels: 3, height: 16, width: 16, layout: 'nchw', fixedBatch: null });
    const dir = tempDir();
    await writeTinyImages(dir, IMAGES);
    const entries = readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name, parentPath }) => ({
        path: join(parentPath, name),
        file: name,
        record: null,
        group: null,
        label: null,
      }));
    return { role: 'collect', ahead: { entries, feeding, imageCache } };
  }

  it('stores all that it has time for', async () => {
    const cacheDir = tempDir();
    const thread = new PoolWorker();
    await thread.loadRole(await ahead(cacheDir));
    await thread.close();
    expect(imageCacheUse(cacheDir).images).toBe(IMAGES);
  });

  it('stops for the next request', async () => {
    const cacheDir = tempDir();
    const params = await ahead(cacheDir);
    const thread = new PoolWorker();
    await Promise.all([thread.loadRole(params), thread.close()]);
    expect(imageCacheUse(cacheDir).images).toBe(0);
  });
});
