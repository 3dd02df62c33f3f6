import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { preview, thumbnail } from '../../../src-main/calibration/preprocessing/pictures';
import { imageFeeding } from '../../../src-main/calibration/inputs/feeding';
import type { ImageEntry } from '../../../src-shared/domain/project/image-set';
import type { ImageInput, Preprocessing } from '../../../src-shared/domain/project/preprocessing';
import { useTempDirs } from '../../support/temp-dir';

const tempDir = useTempDirs();
const INPUT: ImageInput = { name: 'x', fixedBatch: null, channels: 3, height: 4, width: 4, layout: 'nchw' };
const PREPROCESSING: Preprocessing = {
  resize: { kind: 'stretch', width: 4, height: 4 },
  crop: null,
  order: 'bgr',
  scale: 1 / 255,
  mean: [0.5],
  std: [0.5],
  layout: 'nchw',
};

const FEEDING = imageFeeding(INPUT, PREPROCESSING);

/** A plain red 8 x 6 image with one blue pixel. */
async function entry(): Promise<ImageEntry> {
  const path = join(tempDir(), 'red.png');
  const data = Buffer.alloc(8 * 6 * 3);
  for (let i = 0; i < 48; i++) data.set([255, 0, 0], i * 3);
  data.set([0, 0, 255], 0);
  await sharp(data, { raw: { width: 8, height: 6, channels: 3 } })
    .png()
    .toFile(path);
  return { path, file: 'red.png', label: null, group: null, record: null };
}

async function rawOf(bytes: Uint8Array): Promise<Buffer> {
  return sharp(bytes).raw().toBuffer();
}

describe('pictures', () => {
  it('shrinks a thumbnail to fit and never enlarges it', async () => {
    const image = await entry();
    const small = await thumbnail(image, 4, FEEDING);
    expect([small.width, small.height]).toEqual([4, 3]);
    const whole = await thumbnail(image, 512, FEEDING);
    expect([whole.width, whole.height]).toEqual([8, 6]);
    expect([...(await rawOf(whole.bytes)).subarray(0, 6)]).toEqual([0, 0, 255, 255, 0, 0]);
  });

  it('shows the tensor in natural colours, its values per channel in the order of the model', async () => {
    const shown = await preview(await entry(), FEEDING);
    expect([shown.originalWidth, shown.originalHeight]).toEqual([8, 6]);
    expect([shown.tensor.width, shown.tensor.height]).toEqual([4, 4]);
    // BGR: channel 0 is blue, -1 nearly everywhere; channel 2 is red, 1 nearly everywhere.
    expect(shown.channels.map((channel) => [channel.min, channel.max])).toEqual([
      [-1, expect.closeTo(-0.48, 0.5)],
      [-1, -1],
      [expect.closeTo(0.5, 0.5), 1],
    ]);
    expect(shown.values[2]?.at(-1)).toBe(1);
    const last = (await rawOf(shown.tensor.bytes)).subarray(-3);
    expect([...last]).toEqual([255, 0, 0]);
  });
});
