import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import {
  clearImageCache,
  ImageCache,
  imageCacheLimit,
  imageCacheUse,
  openImageCache,
  useImageCache,
  type ImageCacheHandle,
} from '../../../src-main/calibration/preprocessing/image-cache';
import {
  decodeFittedImage,
  encodeFittedImage,
  imageCacheKey,
} from '../../../src-main/calibration/preprocessing/image-cache-file';
import { decoderVersions } from '../../../src-main/calibration/images/sharp-library';
import { fittingText, type FittedImage } from '../../../src-main/calibration/preprocessing/fit-image';
import { createPreprocessor, type PreprocessedImage } from '../../../src-main/calibration/preprocessing/preprocess';
import { useTempDirs } from '../../support/temp-dir';
import { entryOf, fixture, inputOf, PLAIN } from './fixtures';

const tempDir = useTempDirs();
afterEach(() => useImageCache(null));

const LIMIT = 1e9;
const VERSIONS = decoderVersions();
/** Every image counts as at least this much. */
const COUNTED = 32 * 1024;

function image(value: number): FittedImage {
  const geometry = {
    width: 9,
    height: 8,
    inputWidth: 2,
    inputHeight: 1,
    scaleX: 0.25,
    scaleY: 1 / 3,
    offsetX: -1,
    offsetY: 2,
  };
  return { pixels: { width: 2, height: 1, channels: 3, data: new Uint8Array(6).fill(value) }, geometry };
}

function opened(dir: string, limit = LIMIT): ImageCacheHandle {
  const handle = openImageCache(dir, limit);
  if (handle === null) throw new Error('the cache is off');
  return handle;
}

const keyOf = (text: string): string => imageCacheKey('fitting', Buffer.from(text));
const pathOf = (dir: string, key: string): string => join(dir, key.slice(0, 2), key.slice(2));

describe('a cached file', () => {
  it('gives the image back', () => {
    expect(decodeFittedImage(encodeFittedImage(image(7)))).toEqual({
      ...image(7),
      pixels: { ...image(7).pixels, data: Buffer.alloc(6, 7) },
    });
  });

  it('is refused if any byte differs or is missing', () => {
    const bytes = encodeFittedImage(image(7));
    for (let at = 0; at < bytes.length; at += 1) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 4;
      expect(decodeFittedImage(damaged), `byte ${at}`).toBeNull();
      expect(decodeFittedImage(bytes.subarray(0, at))).toBeNull();
    }
  });
});

describe('ImageCache', () => {
  it('finds what was stored, and nothing else', async () => {
    const cache = new ImageCache(opened(tempDir()));
    await cache.put(keyOf('a'), image(1));
    expect(cache.get(keyOf('a'))?.pixels.data[0]).toBe(1);
    expect(cache.get(keyOf('b'))).toBeNull();
  });

  it('removes a damaged file and takes the image again', async () => {
    const dir = tempDir();
    const cache = new ImageCache(opened(dir));
    const path = pathOf(dir, keyOf('a'));
    await cache.put(keyOf('a'), image(1));
    const bytes = readFileSync(path);
    for (const damaged of [bytes.subarray(0, 20), Buffer.alloc(bytes.length), Buffer.alloc(0)]) {
      writeFileSync(path, damaged);
      expect(cache.get(keyOf('a'))).toBeNull();
      expect(existsSync(path)).toBe(false);
      await cache.put(keyOf('a'), image(1));
      expect(cache.get(keyOf('a'))?.pixels.data[5]).toBe(1);
    }
  });

  it('keeps to the limit: the images that were not used for longest go first', async () => {
    const dir = tempDir();
    const limit = 20 * COUNTED;
    const first = new ImageCache(opened(dir, limit));
    for (let i = 0; i < 20; i += 1) await first.put(keyOf(`old ${i}`), image(i));
    for (let i = 0; i < 20; i += 1) utimesSync(pathOf(dir, keyOf(`old ${i}`)), 1000 + i, 1000 + i);
    expect(imageCacheUse(dir)).toEqual({ images: 20, bytes: limit });

    const second = new ImageCache(opened(dir, limit));
    expect(second.get(keyOf('old 0'))).not.toBeNull();
    await second.put(keyOf('new'), image(0));
    expect(imageCacheUse(dir).bytes).toBeLessThanOrEqual(limit);
    expect(second.get(keyOf('new'))).not.toBeNull();
    expect(second.get(keyOf('old 0'))).not.toBeNull();
    expect(second.get(keyOf('old 1'))).toBeNull();
    expect(second.get(keyOf('old 19'))).not.toBeNull();
  });

  it('keeps the images of a set that is larger than the limit, instead of replacing each by the next', async () => {
    const dir = tempDir();
    const passes = [0, 1, 2].map(() => {
      const cache = new ImageCache(opened(dir, 4 * COUNTED));
      return async (): Promise<number> => {
        let hits = 0;
        for (let i = 0; i < 10; i += 1) {
          if (cache.get(keyOf(`${i}`)) !== null) hits += 1;
          else await cache.put(keyOf(`${i}`), image(i));
        }
        return hits;
      };
    });
    expect(await passes[0]?.()).toBe(0);
    expect(await passes[1]?.()).toBe(4);
    expect(await passes[2]?.()).toBe(4);
    expect(imageCacheUse(dir).images).toBe(4);
  });

  it('has one room for all threads of a pass', async () => {
    const dir = tempDir();
    const handle = opened(dir, 4 * COUNTED);
    const caches = [new ImageCache(handle), new ImageCache(handle)];
    for (let i = 0; i < 10; i += 1) await caches[i % 2]?.put(keyOf(`${i}`), image(i));
    expect(imageCacheUse(dir).images).toBe(4);
  });

  it('serves several writers of one image', async () => {
    const dir = tempDir();
    const caches = Array.from({ length: 4 }, () => new ImageCache(opened(dir)));
    const large: FittedImage = {
      ...image(0),
      pixels: { width: 300, height: 200, channels: 3, data: new Uint8Array(180_000).fill(9) },
    };
    await Promise.all(caches.map((cache) => cache.put(keyOf('a'), large)));
    const stored = large.pixels.data;
    for (const cache of caches)
      expect(Buffer.compare(cache.get(keyOf('a'))?.pixels.data ?? new Uint8Array(), stored)).toBe(0);
    expect(readdirSync(join(dir, keyOf('a').slice(0, 2)))).toHaveLength(1);
  });

  it('does without a folder that cannot be written, and without one that was removed', async () => {
    const dir = tempDir();
    writeFileSync(join(dir, 'file'), '');
    const cache = new ImageCache(opened(join(dir, 'file', 'below')));
    await cache.put(keyOf('a'), image(1));
    expect(cache.get(keyOf('a'))).toBeNull();

    const other = new ImageCache(opened(join(dir, 'other')));
    await other.put(keyOf('a'), image(1));
    clearImageCache(join(dir, 'other'));
    expect(other.get(keyOf('a'))).toBeNull();
    await other.put(keyOf('a'), image(1));
    expect(other.get(keyOf('a'))).not.toBeNull();
  });

  it('is private to the user', async () => {
    const dir = join(tempDir(), 'images');
    await new ImageCache(opened(dir)).put(keyOf('a'), image(1));
    expect(statSync(dir).mode & 0o77).toBe(0);
    expect(statSync(pathOf(dir, keyOf('a'))).mode & 0o77).toBe(0);
  });

  it('is switched off by a limit of 0', () => {
    expect(openImageCache(tempDir(), 0)).toBeNull();
    expect(imageCacheLimit('0')).toBe(0);
    expect(imageCacheLimit('2.5')).toBe(2.5e9);
    expect(imageCacheLimit(' ')).toBe(4e9);
    expect(() => imageCacheLimit('many')).toThrow(/CALIB_CACHE_GB.*"many"/);
    expect(() => imageCacheLimit('-1')).toThrow(/CALIB_CACHE_GB/);
  });
});

describe('the key of an image', () => {
  const file = Buffer.from('file');
  const changes: readonly Partial<Preprocessing>[] = [
    { resize: { kind: 'stretch', width: 8, height: 8 } },
    { resize: { kind: 'stretch', width: 8, height: 9 } },
    { resize: { kind: 'short', shortSide: 8 } },
    { resize: { kind: 'long', longSide: 8, multiple: 4, pad: 0 } },
    { resize: { kind: 'long', longSide: 8, multiple: 2, pad: 0 } },
    { resize: { kind: 'letterbox', width: 8, height: 8, pad: 0 } },
    { resize: { kind: 'letterbox', width: 8, height: 8, pad: 1 } },
    { resize: { kind: 'letterbox', width: 8, height: 8, pad: 0, align: 'center' } },
    { crop: { width: 4, height: 4 } },
    { crop: { width: 4, height: 4 }, cropRounding: 'half-even' },
    { order: 'gray' },
    { orientation: 'apply' },
  ];

  it('differs for every other file and every field that changes pixels', () => {
    const keys = [{}, ...changes].map((change) => imageCacheKey(fittingText({ ...PLAIN, ...change }, VERSIONS), file));
    const others = [
      imageCacheKey(fittingText(PLAIN, VERSIONS), Buffer.from('other')),
      imageCacheKey(fittingText(PLAIN, { ...VERSIONS, vips: '0.0.0' }), file),
    ];
    expect(new Set([...keys, ...others]).size).toBe(keys.length + others.length);
  });

  it('is the same for values that are computed from the pixels', () => {
    const key = imageCacheKey(fittingText(PLAIN, VERSIONS), file);
    for (const change of [{ scale: 0.5 }, { mean: [1] }, { std: [2] }, { order: 'bgr' }, { layout: 'nhwc' }] as const)
      expect(imageCacheKey(fittingText({ ...PLAIN, ...change }, VERSIONS), file)).toBe(key);
  });
});

describe('preprocessing with a cache', () => {
  async function load(change: Partial<Preprocessing>, path = fixture('rgb.png')): Promise<PreprocessedImage> {
    const preprocessing = { ...PLAIN, ...change };
    return createPreprocessor(
      preprocessing,
      inputOf(preprocessing.order === 'gray' ? 1 : 3, 4, 4, preprocessing.layout),
    ).load(entryOf(path));
  }
  const recipes: readonly Partial<Preprocessing>[] = [
    { resize: { kind: 'letterbox', width: 4, height: 4, pad: 114, align: 'center' } },
    {
      resize: { kind: 'letterbox', width: 4, height: 4, pad: 114, align: 'center' },
      order: 'bgr',
      scale: 1 / 255,
      mean: [0.1, 0.2, 0.3],
    },
    { resize: { kind: 'short', shortSide: 5 }, crop: { width: 4, height: 4 }, layout: 'nhwc' },
    { crop: { width: 4, height: 4 }, order: 'gray', std: [3] },
  ];

  it('gives the same values and geometry: without it, on the first and on the second pass', async () => {
    const dir = tempDir();
    const without = await Promise.all(recipes.map((recipe) => load(recipe)));
    useImageCache(opened(dir));
    for (let pass = 0; pass < 2; pass += 1)
      expect(await Promise.all(recipes.map((recipe) => load(recipe)))).toEqual(without);
    // The first two recipes share their pixels.
    expect(imageCacheUse(dir).images).toBe(3);
  });

  it('does not decode an image that is stored', async () => {
    const dir = tempDir();
    useImageCache(opened(dir));
    const before = await load({ crop: { width: 4, height: 4 } });
    const [folder = ''] = readdirSync(dir);
    const path = join(dir, folder, readdirSync(join(dir, folder))[0] ?? '');
    const stored = decodeFittedImage(readFileSync(path));
    if (stored === null) throw new Error('not stored');
    writeFileSync(
      path,
      encodeFittedImage({ ...stored, pixels: { ...stored.pixels, data: new Uint8Array(48).fill(5) } }),
    );
    expect((await load({ crop: { width: 4, height: 4 } })).values).toEqual(new Float32Array(48).fill(5));
    rmSync(path);
    expect(await load({ crop: { width: 4, height: 4 } })).toEqual(before);
  });

  it('notices that a file has other content', async () => {
    const dir = tempDir();
    useImageCache(opened(join(dir, 'cache')));
    const path = join(dir, 'image.png');
    copyFileSync(fixture('rgb.png'), path);
    const before = await load({ crop: { width: 4, height: 4 } }, path);
    copyFileSync(fixture('gray.png'), path);
    expect((await load({ crop: { width: 4, height: 4 } }, path)).values).not.toEqual(before.values);
  });
});
