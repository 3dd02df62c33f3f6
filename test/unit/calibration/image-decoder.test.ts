import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../../src-main/calibration/images/image-decoder';
import { toGray } from '../../../src-main/calibration/images/pixels';
import { orientationOf } from '../../../src-main/calibration/images/image-orientation';
import { useTempDirs } from '../../support/temp-dir';
import { fixture, readJson } from './fixtures';

const tempDir = useTempDirs();
interface Golden {
  readonly width: number;
  readonly height: number;
  readonly rgb: readonly number[];
}

const golden = readJson('decoded.json') as Record<string, Golden>;
const turned = readJson('turned.json') as Record<string, Golden>;

function rgbOf(pixels: { channels: number; data: Uint8Array }): number[] {
  return pixels.channels === 3 ? [...pixels.data] : [...pixels.data].flatMap((value) => [value, value, value]);
}

function variant(name: string, change: (bytes: Buffer) => Buffer): string {
  const path = join(tempDir(), name);
  writeFileSync(path, change(Buffer.from(readFileSync(fixture(name)))));
  return path;
}

describe('decodeImage', () => {
  it.each(Object.keys(golden))('%s has the pixels that Pillow reads', async (name) => {
    const expected = golden[name];
    const pixels = await decodeImage(fixture(name), name);
    expect([pixels.width, pixels.height]).toEqual([expected?.width, expected?.height]);
    expect(rgbOf(pixels)).toEqual(expected?.rgb);
  });

  it.each(Object.keys(turned))('%s is turned as Pillow turns it, when the orientation is applied', async (name) => {
    const pixels = await decodeImage(fixture(name), name, 'apply');
    expect({ width: pixels.width, height: pixels.height, rgb: rgbOf(pixels) }).toEqual(turned[name]);
    const stored = await decodeImage(fixture(name), name);
    expect([stored.width, stored.height]).toEqual([12, 8]);
    if (!name.includes('-1')) expect(rgbOf(stored)).not.toEqual(turned[name]?.rgb);
  });

  it('takes damaged EXIF data for none', () => {
    const jpeg = readFileSync(fixture('exif-7.jpg'));
    expect(orientationOf(jpeg)).toBe(7);
    for (let length = 0; length < 200; length += 1) expect([1, 7]).toContain(orientationOf(jpeg.subarray(0, length)));
    const png = readFileSync(fixture('exif-6.png'));
    expect(orientationOf(png)).toBe(6);
    for (let at = 0; at < png.length; at += 1) {
      const damaged = Buffer.from(png);
      damaged[at] = 0xff;
      expect(orientationOf(damaged)).toBeLessThanOrEqual(8);
    }
  });

  it('names the file and the reason of every failure', async () => {
    const empty = join(tempDir(), 'empty.png');
    writeFileSync(empty, '');
    const text = join(tempDir(), 'text.jpg');
    writeFileSync(text, 'this is no image at all');
    const cases: readonly (readonly [string, RegExp])[] = [
      [empty, /^Cannot read x\.png: the file is empty$/],
      [text, /x\.png: expected JPEG, PNG/],
      ['/no/such/file.png', /x\.png: the file does not exist/],
      [variant('oriented.jpg', (bytes) => bytes.subarray(0, bytes.length - 60)), /x\.png: .*premature end/],
      [variant('rgb.png', (bytes) => bytes.subarray(0, 100)), /x\.png: /],
      [variant('rgb.bmp', (bytes) => bytes.subarray(0, 100)), /x\.png: truncated: expected 174 bytes, found 100/],
    ];
    for (const [path, message] of cases) {
      await expect(decodeImage(path, 'x.png')).rejects.toMatchObject({
        code: 'image-invalid',
        message: expect.stringMatching(message) as string,
      });
    }
  });

  it('refuses bitmaps that are too large, of zero size, compressed or outside their palette', async () => {
    const patched = (at: number, value: number): string =>
      variant('palette.bmp', (bytes) => (bytes.writeUInt32LE(value, at), bytes));
    const huge = variant(
      'rgb.bmp',
      (bytes) => (bytes.writeInt32LE(100_000, 18), bytes.writeInt32LE(100_000, 22), bytes),
    );
    await expect(decodeImage(huge, 'a.bmp')).rejects.toThrow(
      /a\.bmp: 100000x100000 exceeds the limit of 100 million pixels/,
    );
    await expect(decodeImage(patched(22, 0), 'a.bmp')).rejects.toThrow(/zero size: 7x0/);
    await expect(decodeImage(patched(30, 1), 'a.bmp')).rejects.toThrow(
      /expected an uncompressed BMP, found compression 1/,
    );
    await expect(decodeImage(patched(46, 2), 'a.bmp')).rejects.toThrow(/outside the palette of 2 colours/);
  });
});

describe('toGray', () => {
  it('is the luma that Pillow computes', async () => {
    const gray = toGray(await decodeImage(fixture('rgb.png'), 'rgb.png'));
    expect([...gray.data]).toEqual((readJson('luma.json') as { luma: number[] }).luma);
  });
});
