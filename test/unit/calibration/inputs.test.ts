import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { equalShapes, stackImages } from '../../../src-main/backends/feeds';
import { imageFeeding, feedingOf } from '../../../src-main/calibration/inputs/feeding';
import { createFeedLoader } from '../../../src-main/calibration/inputs/feed-loader';
import { feedData } from '../../../src-main/calibration/inputs/feed-values';
import { guessSources } from '../../../src-main/calibration/inputs/guess-sources';
import { countFieldRecords } from '../../../src-main/calibration/images/npy-fields';
import { sizeAfter } from '../../../src-main/calibration/preprocessing/image-placement';
import { guessPreprocessing } from '../../../src-main/calibration/preprocessing/preprocessing-guess';
import { makeModel, makeNode, makeValueInfo } from '../../../src-main/onnx/graph/make';
import { DataType, type Model } from '../../../src-main/onnx/graph/model';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import { parseSource, sourceText } from '../../../src-shared/domain/project/inputs';
import { buildGraph } from '../../support/onnx-builder';
import { UNIT_PIXELS } from '../../support/feeding';
import { useTempDirs } from '../../support/temp-dir';

const tempDir = useTempDirs();

type Input = readonly [name: string, type: number, shape: readonly (number | string)[]];

function modelOf(...inputs: readonly Input[]): Model {
  const graph = buildGraph({ outputs: { y: null }, nodes: [makeNode('Identity', [inputs[0]?.[0] ?? ''], ['y'])] });
  return makeModel({ ...graph, input: inputs.map(([name, type, shape]) => makeValueInfo(name, type, shape)) }, 17);
}

const PADDLE = modelOf(
  ['im_shape', DataType.FLOAT, ['N', 2]],
  ['image', DataType.FLOAT, ['N', 3, 'H', 'W']],
  ['scale_factor', DataType.FLOAT, ['N', 2]],
);

async function imageEntry(width: number, height: number): Promise<ImageEntry> {
  const path = join(tempDir(), 'a.png');
  await sharp({ create: { width, height, channels: 3, background: { r: 255, g: 0, b: 10 } } })
    .png()
    .toFile(path);
  return { path, file: 'a.png', label: null, group: null, record: null };
}

/** An .npy file of one array (numpy.lib.format, version 1). */
function npy(path: string, descr: string, shape: readonly number[], bytes: Uint8Array): void {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const header = Buffer.from(`${text.padEnd(117)}\n`, 'latin1');
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length & 255, header.length >> 8]);
  writeFileSync(path, Buffer.concat([start, header, bytes]));
}

describe('the sources of inputs', () => {
  it('are guessed from names, types and shapes', () => {
    const kinds = (model: Model): (string | null)[] =>
      guessSources(model, {}).map(({ source }) => source && sourceText(source));
    expect(kinds(PADDLE)).toEqual(['resized-size', 'images', 'scale-factor']);
    expect(
      kinds(
        modelOf(
          ['pixel_values', DataType.FLOAT, ['N', 3, 'H', 'W']],
          ['pixel_mask', DataType.INT64, ['N', 'H', 'W']],
          ['orig_target_sizes', DataType.INT64, ['N', 2]],
          ['image_shape', DataType.FLOAT, ['N', 2]],
          ['score_threshold', DataType.FLOAT, [1]],
        ),
      ),
    ).toEqual(['images', 'pixel-mask', 'original-size-wh', 'original-size', null]);
    expect(
      kinds(modelOf(['input_ids', DataType.INT64, ['N', 'seq']], ['attention_mask', DataType.INT64, ['N', 'seq']])),
    ).toEqual(['npz:input_ids', 'value:1']);
    const pair = modelOf(['left', DataType.FLOAT, ['N', 3, 8, 8]], ['right', DataType.FLOAT, ['N', 3, 8, 8]]);
    expect(kinds(pair)).toEqual(['images', 'npz:right']);
    expect(guessSources(pair, { right: { kind: 'images' } }).map(({ source }) => source?.kind)).toEqual([
      'npz',
      'images',
    ]);
  });

  it.each(['images', 'value:-0.5', 'npz:a:b', 'scale-factor', 'pixel-mask'])('are read from their text %s', (text) => {
    const source = parseSource(text);
    expect(source && sourceText(source)).toBe(text);
  });

  it.each(['', 'value:', 'value:x', 'npz:', 'images:3', 'size', 'pixel-mask:1'])('"%s" names none', (text) => {
    expect(parseSource(text)).toBeNull();
  });

  it('are demanded for an input that nothing tells about', () => {
    const model = modelOf(['x', DataType.FLOAT, ['N', 3, 8, 8]], ['k', DataType.FLOAT, [1]]);
    expect(() => feedingOf(model, { preprocessing: UNIT_PIXELS })).toThrow(/source for input "k" float32 \[1\]/);
  });
});

describe('the values of inputs', () => {
  it('follow the size of the image: original, resized, factor and mask', async () => {
    const model = modelOf(
      ['image', DataType.FLOAT, ['N', 3, 'H', 'W']],
      ['a', DataType.INT64, ['N', 2]],
      ['b', DataType.FLOAT, ['N', 2]],
      ['c', DataType.FLOAT, ['N', 2]],
      ['mask', DataType.INT64, ['N', 'H', 'W']],
      ['k', DataType.INT32, []],
    );
    const feeding = feedingOf(model, {
      preprocessing: { ...UNIT_PIXELS, resize: { kind: 'letterbox', width: 8, height: 8, pad: 114 } },
      inputs: {
        a: { kind: 'original-size' },
        b: { kind: 'resized-size' },
        c: { kind: 'scale-factor' },
        mask: { kind: 'pixel-mask' },
        k: { kind: 'value', value: 7 },
      },
    });
    const image = await createFeedLoader(feeding).load(await imageEntry(16, 8));
    const byName = new Map(image.feeds.map((feed) => [feed.name, feed]));
    expect(byName.get('image')?.dims).toEqual([3, 8, 8]);
    expect(byName.get('a')?.data).toEqual(BigInt64Array.of(8n, 16n));
    expect(byName.get('b')?.data).toEqual(Float32Array.of(4, 8));
    expect(byName.get('c')?.data).toEqual(Float32Array.of(0.5, 0.5));
    const mask = byName.get('mask');
    expect(Array.from(mask?.data as BigInt64Array, Number)).toEqual(
      Array.from({ length: 64 }, (_, i) => Number(i < 32)),
    );
    expect(byName.get('k')).toMatchObject({ dims: [], data: Int32Array.of(7) });
    const [first, , , , , constant] = stackImages(feeding, [image, image], 2);
    expect([first?.dims, constant?.dims]).toEqual([[2, 3, 8, 8], []]);
  });

  it('are arrays of any number type, and constants of the length of their axis', async () => {
    const dir = tempDir();
    const path = join(dir, 'tokens.npy');
    npy(path, '<i8', [2, 3], new Uint8Array(BigInt64Array.of(1n, 2n, 3n, 4n, 5n, 6n).buffer));
    expect(await countFieldRecords(path, 'tokens.npy', ['ids'])).toBe(2);
    const model = modelOf(['ids', DataType.INT64, ['N', 'seq']], ['mask', DataType.INT64, ['N', 'seq']]);
    const feeding = feedingOf(model, {
      preprocessing: UNIT_PIXELS,
      inputs: { ids: { kind: 'npz', field: 'ids' }, mask: { kind: 'value', value: 1 } },
    });
    const entry = { path, file: 'tokens.npy', label: null, group: null, record: 1 };
    const { feeds } = await createFeedLoader(feeding).load(entry);
    expect(feeds.map(({ dims, data }) => [dims, data])).toEqual([
      [[3], BigInt64Array.of(4n, 5n, 6n)],
      [[3], BigInt64Array.of(1n, 1n, 1n)],
    ]);
    const fixed = modelOf(['ids', DataType.INT64, ['N', 4]]);
    const wrong = feedingOf(fixed, { preprocessing: UNIT_PIXELS, inputs: { ids: { kind: 'npz', field: 'ids' } } });
    await expect(createFeedLoader(wrong).load(entry)).rejects.toThrow(/records of shape 4 for input "ids", found 3/);
  });

  it('of arrays beside the images name the file that is missing', async () => {
    const shape = ['N', 3, 4, 4];
    const pair = modelOf(['left', DataType.FLOAT, shape], ['right', DataType.FLOAT, shape]);
    const feeding = feedingOf(pair, {
      preprocessing: UNIT_PIXELS,
      inputs: { left: { kind: 'images' }, right: { kind: 'npz', field: 'second' } },
    });
    await expect(createFeedLoader(feeding).load(await imageEntry(4, 4))).rejects.toThrow(
      /a\.png: input "right" takes the array "second" of .*a\.npz, and there is no such file/,
    );
  });

  it('of bytes are the pixels, which need no scale', async () => {
    const image = {
      name: 'x',
      dtype: 'uint8',
      fixedBatch: null,
      channels: 3,
      height: 2,
      width: 2,
      layout: 'nhwc',
    } as const;
    const { preprocessing } = guessPreprocessing(image, {});
    expect(preprocessing).toMatchObject({ scale: 1, mean: [0], std: [1], layout: 'nhwc' });
    const { feeds } = await createFeedLoader(imageFeeding(image, preprocessing)).load(await imageEntry(4, 4));
    expect(feeds[0]).toMatchObject({ dtype: 'uint8', dims: [2, 2, 3] });
    expect(Array.from(feeds[0]?.data as Uint8Array).slice(0, 3)).toEqual([255, 0, 10]);
    expect(() => guessPreprocessing(image, { scale: 1 / 255 })).toThrow(/is uint8 and takes pixels .* found 1\/255/);
  });

  it('are converted: halves round to even, fractions to whole numbers', () => {
    expect(feedData('float16', [1, 65504, 65520, 1 + 2 ** -11, -2, 2 ** -24, Number.NaN])).toEqual(
      Uint16Array.of(0x3c00, 0x7bff, 0x7c00, 0x3c00, 0xc000, 1, 0x7e00),
    );
    expect(feedData('int32', [1.6, -0.4])).toEqual(Int32Array.of(2, 0));
    expect(feedData('bool', [0, 3])).toEqual(Uint8Array.of(0, 1));
  });
});

describe('sizes that the model leaves open', () => {
  const OPEN = { name: 'x', fixedBatch: null, channels: 3, height: null, width: null, layout: 'nchw' } as const;

  it('are chosen by the user, by the preprocessing, or near the images', () => {
    const sizes = [
      { width: 500, height: 375 },
      { width: 500, height: 375 },
      { width: 4000, height: 3000 },
    ];
    const resizeFor = (given: object, chosen = null as { width: number; height: number } | null) =>
      guessPreprocessing(OPEN, given, { chosen, images: sizes }).preprocessing.resize;
    expect(resizeFor({})).toEqual({ kind: 'stretch', width: 512, height: 384 });
    expect(resizeFor({}, { width: 320, height: 256 })).toEqual({ kind: 'stretch', width: 320, height: 256 });
    const letterbox = { kind: 'letterbox', width: 416, height: 416, pad: 0 } as const;
    expect(resizeFor({ resize: letterbox })).toEqual(letterbox);
    const long = { kind: 'long', longSide: 640, multiple: 32, pad: 114 } as const;
    const { preprocessing, notes } = guessPreprocessing(OPEN, { resize: long }, { chosen: null, images: sizes });
    expect(preprocessing.resize).toEqual(long);
    expect(notes.join('\n')).toMatch(/the size depends on the image/);
  });

  it('may depend on the image: the long side, then the next multiple', async () => {
    const resize = { kind: 'long', longSide: 64, multiple: 16, pad: 9 } as const;
    const preprocessing = { ...UNIT_PIXELS, resize };
    expect(sizeAfter(preprocessing, { width: 100, height: 50 })).toEqual({ width: 64, height: 32 });
    expect(sizeAfter(preprocessing, { width: 30, height: 100 })).toEqual({ width: 32, height: 64 });
    const loader = createFeedLoader(imageFeeding(OPEN, preprocessing));
    const wide = await loader.load(await imageEntry(100, 40));
    const tall = await loader.load(await imageEntry(40, 100));
    expect([wide.feeds[0]?.dims, tall.feeds[0]?.dims]).toEqual([
      [3, 32, 64],
      [3, 64, 32],
    ]);
    expect(wide.geometry).toMatchObject({ inputWidth: 64, inputHeight: 32, scaleX: 0.64, scaleY: 26 / 40 });
    expect(wide.feeds[0]?.data[31 * 64]).toBeCloseTo(9 / 255);
    expect(equalShapes([wide, tall, wide])).toEqual([[0, 2], [1]]);
    const fixed = { ...OPEN, width: 64, height: 64 };
    expect(() => guessPreprocessing(fixed, { resize })).toThrow(/the size depends on the image/);
  });
});
