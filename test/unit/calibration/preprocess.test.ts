import { describe, expect, it } from 'vitest';
import { createPreprocessor, type PreprocessedImage } from '../../../src-main/calibration/preprocessing/preprocess';
import type { Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { entryOf, fixture, inputOf, PLAIN, readJson } from './fixtures';

const W = 7;
const H = 5;
/** 7x5 RGB, interleaved, as Pillow reads rgb.png. */
const rgb = (readJson('decoded.json') as Record<string, { rgb: number[] }>)['rgb.png']?.rgb ?? [];
const pixelAt = (x: number, y: number, c: number): number => rgb[(y * W + x) * 3 + c] ?? Number.NaN;

function planar(width: number, height: number, value: (x: number, y: number, c: number) => number): number[] {
  return [0, 1, 2].flatMap((c) =>
    Array.from({ length: width * height }, (_, i) => value(i % width, Math.floor(i / width), c)),
  );
}

async function prepare(
  change: Partial<Preprocessing>,
  width: number,
  height: number,
  file = 'rgb.png',
): Promise<PreprocessedImage> {
  const preprocessing = { ...PLAIN, ...change };
  const channels = preprocessing.order === 'gray' ? 1 : 3;
  const input = inputOf(channels, width, height, preprocessing.layout);
  return createPreprocessor(preprocessing, input).load(entryOf(fixture(file)));
}

async function load(...given: Parameters<typeof prepare>): Promise<number[]> {
  return [...(await prepare(...given)).values];
}

describe('channel order and layout', () => {
  it('is planar RGB for NCHW', async () => {
    expect(await load({}, W, H)).toEqual(planar(W, H, pixelAt));
  });
  it('swaps red and blue for BGR, mean and std following the order', async () => {
    expect(await load({ order: 'bgr', mean: [1, 2, 3], std: [1, 2, 4] }, W, H)).toEqual(
      planar(W, H, (x, y, c) => Math.fround((pixelAt(x, y, 2 - c) - (c + 1)) / 2 ** c)),
    );
  });
  it('is interleaved for NHWC', async () => {
    expect(await load({ layout: 'nhwc' }, W, H)).toEqual(rgb);
  });
  it('fills all channels from a gray file, and drops alpha', async () => {
    const gray = await load({}, W, H, 'gray.png');
    expect(gray.slice(0, W * H)).toEqual(gray.slice(2 * W * H));
    expect(await load({}, W, H, 'rgba.png')).toEqual(planar(W, H, pixelAt));
  });
  it('turns colours into luma for one channel', async () => {
    expect(await load({ order: 'gray' }, W, H)).toEqual((readJson('luma.json') as { luma: number[] }).luma);
  });
});

describe('values', () => {
  const golden = readJson('normalise.json') as { unit: number[]; imagenet: number[][] };
  it('x/255 equals numpy float32 exactly', async () => {
    expect(await load({ scale: 1 / 255 }, W, H)).toEqual(
      planar(W, H, (x, y, c) => golden.unit[pixelAt(x, y, c)] ?? Number.NaN),
    );
  });
  it('(x/255 - mean)/std is numpy float32 up to its roundings', async () => {
    const values = await load({ scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }, W, H);
    const expected = planar(W, H, (x, y, c) => golden.imagenet[c]?.[pixelAt(x, y, c)] ?? Number.NaN);
    for (const [i, value] of values.entries()) expect(Math.abs(value - (expected[i] ?? Number.NaN))).toBeLessThan(5e-7);
  });
});

describe('geometry', () => {
  it('crops the centre, the odd pixel staying right and below', async () => {
    expect(await load({ crop: { width: 4, height: 2 } }, 4, 2)).toEqual(
      planar(4, 2, (x, y, c) => pixelAt(x + 1, y + 1, c)),
    );
  });
  it('halves an odd margin of a crop as torchvision does, when asked to', async () => {
    const crop = (width: number, height: number) =>
      load({ crop: { width, height }, cropRounding: 'half-even' }, width, height);
    // Margins of 3 and 1 pixels: Python's round(1.5) is 2, round(0.5) is 0.
    expect(await crop(4, 4)).toEqual(planar(4, 4, (x, y, c) => pixelAt(x + 2, y, c)));
    // Margins of 5 and 3 pixels: round(2.5) is 2.
    expect(await crop(2, 2)).toEqual(planar(2, 2, (x, y, c) => pixelAt(x + 2, y + 2, c)));
    // Even margins have one half only.
    expect(await crop(5, 3)).toEqual(planar(5, 3, (x, y, c) => pixelAt(x + 1, y + 1, c)));
  });
  it('resizes the short side, the long one rounded down', async () => {
    // 7x5 with short side 3: 4.2 -> 4 wide
    const whole = await load({ resize: { kind: 'stretch', width: 4, height: 3 } }, 4, 3);
    expect(await load({ resize: { kind: 'short', shortSide: 3 }, crop: { width: 4, height: 3 } }, 4, 3)).toEqual(whole);
  });
  it('letterboxes at the top left', async () => {
    const values = await load({ resize: { kind: 'letterbox', width: W, height: 8, pad: 114 } }, W, 8);
    expect(values).toEqual(planar(W, 8, (x, y, c) => (y < H ? pixelAt(x, y, c) : 114)));
  });
  it('letterboxes in the centre, the odd pixel right and below', async () => {
    const resize = { kind: 'letterbox', width: 10, height: 8, pad: 114, align: 'center' } as const;
    const inner = await load({ resize: { kind: 'stretch', width: 10, height: 7 } }, 10, 7);
    // 7x5 fits 10x8 with 10/7: 5 rows become 7.14.
    expect(await load({ resize }, 10, 8)).toEqual(
      planar(10, 8, (x, y, c) => (y < 7 ? inner[(c * 7 + y) * 10 + x] : 114) as number),
    );
    const tall = await load({ resize: { ...resize, width: W, height: 8 } }, W, 8);
    expect(tall).toEqual(planar(W, 8, (x, y, c) => (y >= 1 && y < 1 + H ? pixelAt(x, y - 1, c) : 114)));
  });
  it('rounds the sides of a centred letterbox to the nearest whole number, those of one at the top left down', async () => {
    // 7x5 in 4x4: 5 * 4/7 = 2.857 rows.
    const resize = { kind: 'letterbox', width: 4, height: 4, pad: 0 } as const;
    const rows = async (align: 'top-left' | 'center') =>
      (await prepare({ resize: { ...resize, align } }, 4, 4)).geometry.scaleY * H;
    expect(await rows('center')).toBe(3);
    expect(await rows('top-left')).toBe(2);
  });
  it('does not resize an image of the target size', async () => {
    expect(await load({ resize: { kind: 'stretch', width: W, height: H } }, W, H)).toEqual(planar(W, H, pixelAt));
  });
  it('names the image that is too small for the crop or of another size', async () => {
    await expect(load({ crop: { width: 9, height: 2 } }, 9, 2)).rejects.toMatchObject({
      code: 'image-invalid',
      message: 'Cannot read rgb.png: the crop of 9x2 is larger than the image of 7x5; resize the short side to 9',
    });
    await expect(load({}, 9, 9)).rejects.toThrow(/rgb\.png: expected 9x9 for "input", found 7x5/);
  });
});

describe('place of the image in the input', () => {
  const geometryOf = async (change: Partial<Preprocessing>, width: number, height: number, file?: string) =>
    (await prepare(change, width, height, file)).geometry;
  const whole = { width: W, height: H, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 };

  it('of a stretched image', async () => {
    expect(await geometryOf({ resize: { kind: 'stretch', width: 14, height: 3 } }, 14, 3)).toEqual({
      ...whole,
      inputWidth: 14,
      inputHeight: 3,
      scaleX: 2,
      scaleY: 3 / H,
    });
  });
  it('of a crop: the image begins outside of the input', async () => {
    const crop = { width: 4, height: 2 };
    expect(await geometryOf({ crop }, 4, 2)).toMatchObject({ scaleX: 1, scaleY: 1, offsetX: -1, offsetY: -1 });
    // The short side becomes 10, the long one 14, and 3 columns and 2 rows are cut off at the beginning.
    expect(await geometryOf({ resize: { kind: 'short', shortSide: 10 }, crop: { width: 8, height: 6 } }, 8, 6)).toEqual(
      { ...whole, inputWidth: 8, inputHeight: 6, scaleX: 2, scaleY: 2, offsetX: -3, offsetY: -2 },
    );
  });
  it('of a letterbox, also with a crop', async () => {
    const resize = { kind: 'letterbox', width: 14, height: 14, pad: 0 } as const;
    const size = { inputWidth: 14, inputHeight: 14, scaleX: 2, scaleY: 2 };
    expect(await geometryOf({ resize }, 14, 14)).toEqual({ ...whole, ...size });
    expect(await geometryOf({ resize: { ...resize, align: 'center' } }, 14, 14)).toEqual({
      ...whole,
      ...size,
      offsetY: 2,
    });
    expect(
      await geometryOf({ resize: { ...resize, align: 'center' }, crop: { width: 12, height: 12 } }, 12, 12),
    ).toMatchObject({ offsetX: -1, offsetY: 1 });
  });
  it('of an image that is turned by its EXIF orientation', async () => {
    const resize = { kind: 'stretch', width: 10, height: 10 } as const;
    const [ignored, applied] = await Promise.all(
      (['ignore', 'apply'] as const).map((orientation) => geometryOf({ resize, orientation }, 10, 10, 'exif-6.png')),
    );
    expect([applied?.width, applied?.height]).toEqual([ignored?.height, ignored?.width]);
    expect(applied?.scaleX).toBe(10 / (applied?.width ?? 0));
  });
  it('of arrays: pixels are an image, floats are the input itself', async () => {
    const resize = { kind: 'stretch', width: 14, height: 10 } as const;
    expect(await geometryOf({ resize }, 14, 10, 'pixels-hwc.npy')).toMatchObject({ width: W, height: H, scaleX: 2 });
    const floats = createPreprocessor({ ...PLAIN, resize: { kind: 'stretch', width: 2, height: 2 } }, inputOf(3, 2, 2));
    expect((await floats.load(entryOf(fixture('batch-f4.npy'), 0))).geometry).toEqual({
      ...whole,
      width: 2,
      height: 2,
      inputWidth: 2,
      inputHeight: 2,
    });
  });
});

describe('arrays', () => {
  const batch = readJson('batch.json') as number[];
  const preprocessor = createPreprocessor(PLAIN, inputOf(3, 2, 2));
  const loadArray = async (file: string, record: number | null): Promise<number[]> => [
    ...(await preprocessor.load(entryOf(fixture(file), record))).values,
  ];

  it.each(['batch-f4.npy', 'batch-f8-big.npy', 'stored.npz', 'deflated.npz'])(
    '%s: every record is the tensor that numpy saved',
    async (file) => {
      const records = await Promise.all([2, 0, 1].map((record) => loadArray(file, record)));
      expect(records).toEqual([2, 0, 1].map((record) => batch.slice(record * 12, record * 12 + 12)));
    },
  );
  it('floats are not preprocessed again, but brought into the layout of the model', async () => {
    const nhwc = createPreprocessor({ ...PLAIN, layout: 'nhwc', scale: 99 }, inputOf(3, 2, 2, 'nhwc'));
    const values = [...(await nhwc.load(entryOf(fixture('batch-f4.npy'), 1))).values];
    expect(values).toEqual([0, 1, 2, 3].flatMap((i) => [0, 1, 2].map((c) => batch[12 + c * 4 + i])));
  });
  it('uint8 arrays are pixels, HxWxC or CxHxW', async () => {
    expect(await load({ order: 'bgr' }, W, H, 'pixels-hwc.npy')).toEqual(
      planar(W, H, (x, y, c) => pixelAt(x, y, 2 - c)),
    );
    expect(await load({}, W, H, 'pixels-chw.npy')).toEqual(planar(W, H, pixelAt));
  });
  it('names file and reason when an array does not fit', async () => {
    await expect(loadArray('int.npy', null)).rejects.toThrow(
      /int\.npy: expected element type uint8, float32 or float64, found '<i8'/,
    );
    await expect(loadArray('fortran.npy', null)).rejects.toThrow(/fortran\.npy: the array is in Fortran order/);
    await expect(loadArray('batch-f4.npy', 3)).rejects.toThrow(/batch-f4\.npy#3: expected a record 3/);
    await expect(
      createPreprocessor(PLAIN, inputOf(3, 4, 4)).load(entryOf(fixture('batch-f4.npy'), 0)),
    ).rejects.toMatchObject({
      code: 'image-invalid',
      message: 'Cannot read batch-f4.npy#0: expected a float tensor of shape 3x4x4 for "input", found 3x2x2',
    });
  });
  it('a model whose input is no image takes tensors and refuses images', async () => {
    const other = createPreprocessor(PLAIN, inputOf(5, 2, 2));
    await expect(other.load(entryOf(fixture('rgb.png')))).rejects.toThrow(
      /takes 5 channels, which no image has; give \.npy tensors of shape 5x2x2/,
    );
  });
});

describe('createPreprocessor', () => {
  it('refuses what cannot end in the model input', () => {
    const attempt =
      (change: Partial<Preprocessing>, channels = 3) =>
      () =>
        createPreprocessor({ ...PLAIN, ...change }, inputOf(channels, 8, 8));
    expect(attempt({ order: 'gray' })).toThrow('Expected 3 input channels for "input" (NCHW) but order gray gives 1');
    expect(attempt({}, 1)).toThrow('Expected 1 input channel for "input" (NCHW) but order rgb gives 3');
    expect(attempt({ mean: [1, 2] })).toThrow('Expected 1 or 3 values for the mean, found 2 (1,2)');
    expect(attempt({ crop: { width: 4, height: 8 } })).toThrow('Expected 8x8 for "input" but the crop gives 4x8');
    expect(attempt({ resize: { kind: 'short', shortSide: 9 } })).toThrow('depends on the image');
    expect(attempt({ resize: { kind: 'short', shortSide: 7 }, crop: { width: 8, height: 8 } })).toThrow('does not fit');
    expect(attempt({ resize: { kind: 'stretch', width: 9, height: 8 } })).toThrow(
      'Expected 8x8 for "input" but the resize gives 9x8',
    );
  });
});
