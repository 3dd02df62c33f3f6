import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { loadImageSet } from '../../../../src-main/calibration/images/image-set';
import { imageSizes } from '../../../../src-main/calibration/images/image-size';
import { maskAtInput, maskOf, readMask } from '../../../../src-main/calibration/labels/mask-labels';
import { decodePngIndices } from '../../../../src-main/calibration/labels/png-indices';
import { pngFile } from '../../../support/png';
import { useTempDirs } from '../../../support/temp-dir';

const tempDir = useTempDirs();

function folderOf(files: Readonly<Record<string, Buffer | string>>): string {
  const dir = tempDir();
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), content);
  }
  return dir;
}

const image = pngFile([1, 2, 3, 4, 5, 6], { width: 3, height: 2, colourType: 0 });
const mask = (values: readonly number[]): Buffer => pngFile(values, { width: 3, height: 2, colourType: 3 });

describe('indices of a PNG file', () => {
  const values = [0, 1, 1, 0, 1, 0, 1, 1, 0, 1];
  it.each([
    { colourType: 0, depth: 1 },
    { colourType: 3, depth: 2 },
    { colourType: 3, depth: 4 },
    { colourType: 3, depth: 8, filter: 1 as const },
    { colourType: 0, depth: 8 },
    { colourType: 0, depth: 16, filter: 1 as const },
  ])('are read as stored: %j', async (options) => {
    const { data } = await decodePngIndices(pngFile(values, { width: 5, height: 2, ...options }));
    expect([...data]).toEqual(values);
  });
  it('are the same with all filters and with interlacing, as another encoder writes them', async () => {
    const pixels = Uint8Array.from({ length: 61 * 37 }, (_, i) => (i * i + (i >> 4)) % 251);
    const raw = { raw: { width: 61, height: 37, channels: 1 } } as const;
    for (const progressive of [false, true]) {
      const file = await sharp(pixels, raw)
        .toColourspace('b-w')
        .png({ progressive, adaptiveFiltering: true })
        .toBuffer();
      expect(Buffer.from((await decodePngIndices(file)).data).equals(pixels)).toBe(true);
    }
  });
  it('may be gray values stored as colours, but not colours', async () => {
    const options = { width: 2, height: 1, colourType: 2 };
    expect([...(await decodePngIndices(pngFile([7, 7, 7, 9, 9, 9], options))).data]).toEqual([7, 9]);
    await expect(decodePngIndices(pngFile([7, 7, 7, 9, 9, 8], options))).rejects.toThrow('colours');
  });
  it('of damaged and of huge files are refused before memory is taken', async () => {
    const huge = Buffer.from(image);
    huge.writeUInt32BE(1_000_000, 16);
    huge.writeUInt32BE(1_000_000, 20);
    await expect(decodePngIndices(huge)).rejects.toThrow('million pixels');
    const taller = Buffer.from(image);
    taller.writeUInt32BE(3, 20);
    await expect(decodePngIndices(taller)).rejects.toThrow('ends before its last row');
    for (const bytes of [Buffer.from('x'), image.subarray(0, 30), image.subarray(0, 50)])
      await expect(decodePngIndices(bytes)).rejects.toThrow();
  });
});

describe('masks', () => {
  it('are found beside the images, are no images of the set, and stay with their stems', async () => {
    const dir = folderOf({
      'images/val/a.png': image,
      'images/val/b.png': image,
      'masks/val/a.png': mask([0, 1, 2, 0, 0, 255]),
      'names.txt': 'background\ncat\ndog\n',
    });
    for (const [path, file] of [
      [join(dir, 'images/val'), 'a.png'],
      [dir, 'images/val/a.png'],
    ] as const) {
      const set = await loadImageSet({ path });
      expect(set).toMatchObject({
        labelSource: 'masks',
        groups: [],
        classNames: ['background', 'cat', 'dog'],
        truthFacts: { source: 'masks', images: 1 },
      });
      expect(set.entries.map((entry) => [entry.file, entry.truth])).toEqual([
        [file, { kind: 'mask', path: join(dir, 'masks/val/a.png') }],
        [file.replace('a.png', 'b.png'), undefined],
      ]);
    }
    const codes = (await loadImageSet({ path: dir })).notes?.map(({ code }) => code);
    expect(codes).toEqual(['images-masks', 'labels-missing', 'labels-reading']);
    expect((await loadImageSet({ path: join(dir, 'images/val'), wanted: 'boxes' })).labelSource).toBe('none');
    writeFileSync(join(dir, 'two.txt'), 'background\ncat\n');
    const few = loadImageSet({ path: dir, classNamesPath: join(dir, 'two.txt') });
    await expect(few).rejects.toThrow(/2 classes of .*two\.txt, found 2 in/);
  });
  it('in a folder with any name can be named, also below the images', async () => {
    const dir = folderOf({ 'a.png': image, 'truth/a.png': mask([0, 0, 0, 1, 1, 1]) });
    const set = await loadImageSet({ path: dir, labelsPath: join(dir, 'truth') });
    expect(set.entries.map(({ file, truth }) => [file, truth?.kind])).toEqual([['a.png', 'mask']]);
  });
  it('do not take class folders with similar names away', async () => {
    const dir = folderOf({ 'mask/1.png': image, 'no_mask/1.png': image });
    expect(await loadImageSet({ path: dir })).toMatchObject({
      labelSource: 'folders',
      classNames: ['mask', 'no_mask'],
    });
  });
  it('with the values 0 and 255 only have one class', async () => {
    const dir = folderOf({ 'images/a.png': image, 'masks/a.png': mask([0, 255, 255, 0, 0, 255]) });
    const { entries } = await loadImageSet({ path: join(dir, 'images') });
    const truth = entries[0]?.truth;
    if (truth?.kind !== 'mask') throw new Error('Expected a mask');
    expect([...(await readMask(truth)).labels]).toEqual([0, 1, 1, 0, 0, 1]);
  });
  it('of another size than their image are refused by name', async () => {
    const dir = folderOf({
      'images/a.png': image,
      'masks/a.png': pngFile([0, 1], { width: 2, height: 1 }),
    });
    const loading = loadImageSet({ path: join(dir, 'images') });
    await expect(loading).rejects.toThrow(/3x2 for .*images.a\.png, found 2x1 in .*masks.a\.png/);
    const geometry = {
      ...{ width: 3, height: 2, inputWidth: 3, inputHeight: 2 },
      ...{ scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 },
    };
    const entry = { path: join(dir, 'images/a.png'), truth: { kind: 'mask', path: join(dir, 'masks/a.png') } } as const;
    await expect(maskOf(entry, geometry)).rejects.toThrow(/images.a\.png.*masks.a\.png/);
    expect(await maskOf(entry, null)).toBeNull();
  });
  it('are brought to the size of the input by the nearest pixel, with a label for the padding', () => {
    const labels = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const half = maskAtInput(
      { width: 4, height: 2, labels },
      {
        ...{ width: 4, height: 2, inputWidth: 3, inputHeight: 3 },
        ...{ scaleX: 0.5, scaleY: 0.5, offsetX: 1, offsetY: 1 },
      },
      9,
    );
    // The centre of the first pixel inside lies at (1, 1) of the original: the pixel with the label 6.
    expect([...half.labels]).toEqual([9, 9, 9, 9, 6, 8, 9, 9, 9]);
    const double = maskAtInput(
      { width: 2, height: 1, labels: Uint16Array.of(300, 40_000) },
      {
        ...{ width: 2, height: 1, inputWidth: 4, inputHeight: 2 },
        ...{ scaleX: 2, scaleY: 2, offsetX: 0, offsetY: 0 },
      },
      0,
    );
    expect([...double.labels]).toEqual([300, 300, 32767, 32767, 300, 300, 32767, 32767]);
  });
});

describe('sizes of images from their headers', () => {
  it('are those of the decoder in all formats', async () => {
    const source = sharp({ create: { width: 300, height: 200, channels: 3, background: 'red' } });
    const files = {
      'a.png': await source.clone().png().toBuffer(),
      'a.jpg': await source.clone().jpeg().withMetadata({ orientation: 8 }).toBuffer(),
      'a.tiff': await source.clone().tiff().toBuffer(),
      'lossy.webp': await source.clone().webp().toBuffer(),
      'lossless.webp': await source.clone().webp({ lossless: true }).toBuffer(),
      'extended.webp': await source.clone().webp().withMetadata({ orientation: 6 }).toBuffer(),
      'broken.jpg': Buffer.from([0xff, 0xd8, 0xff]),
      'text.png': 'text',
    };
    const dir = folderOf(files);
    const paths = Object.keys(files).map((file) => join(dir, file));
    const text = (sizes: readonly ({ width: number; height: number } | null)[]) =>
      sizes.map((size) => (size === null ? 'none' : `${size.width}x${size.height}`));
    expect(text(await imageSizes(paths, 'ignore'))).toEqual([...Array<string>(6).fill('300x200'), 'none', 'none']);
    expect(text(await imageSizes(paths, 'apply'))).toEqual([
      ...['300x200', '200x300', '300x200', '300x200', '300x200', '200x300'],
      ...['none', 'none'],
    ]);
  });
});
