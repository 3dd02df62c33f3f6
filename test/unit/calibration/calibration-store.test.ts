import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { StoredCalibration } from '../../../src-main/calibration/histograms/calibration-store';
import { decodeHistogramFile, HistogramReader } from '../../../src-main/calibration/histograms/histogram-file';
import { ownValue } from '../../../src-shared/base/records';
import { writeStoredCalibration, type StoredCalibrationOptions } from '../../support/stored-calibration';
import { useTempDirs } from '../../support/temp-dir';

const tempDir = useTempDirs();
const TENSORS = ['input', 'conv', 'constructor', 'logits'];

function written(options: Partial<StoredCalibrationOptions> = {}): string {
  const dir = tempDir();
  writeStoredCalibration(dir, { tensors: TENSORS, ...options });
  return dir;
}

async function opened(dir: string): Promise<StoredCalibration> {
  const calibration = await StoredCalibration.open(dir);
  if (calibration === null) throw new Error('expected a calibration');
  return calibration;
}

describe.each([
  { name: 'without groups', groups: [''] },
  { name: 'with groups', groups: ['day', 'night', '__proto__'] },
])('a calibration $name', ({ groups }) => {
  it('reads single tensors as it reads the whole file', async () => {
    const dir = written({ groups });
    const [single, whole] = [await opened(dir), await (await opened(dir)).load()];
    const { header, amax } = decodeHistogramFile(readFileSync(join(dir, 'histograms.bin')), 'histograms.bin');
    for (const [at, tensor] of TENSORS.entries()) {
      const view = await single.view(tensor);
      expect(view.total).toEqual(whole.total(tensor));
      const named = groups.filter((group) => group !== '');
      expect(Object.keys(view.groups)).toEqual(named);
      for (const group of named) expect(ownValue(view.groups, group)).toEqual(ownValue(whole.groups(tensor), group));
      expect(view.imageFiles).toEqual(header.images);
      expect([...view.imageAmax]).toEqual(header.images.map((_, image) => amax[image * TENSORS.length + at]));
    }
  });
});

describe('view', () => {
  it('reads the records of one tensor and no others', async () => {
    const dir = written();
    const path = join(dir, 'histograms.bin');
    const bytes = readFileSync(path);
    const damaged = decodeHistogramFile(bytes, path).records['']?.[1] ?? new Uint8Array();
    damaged.fill(0xff); // the records are views into the bytes of the file
    writeFileSync(path, bytes);
    const calibration = await opened(dir);
    expect((await calibration.view('input')).total.elementCount).toBe(300);
    expect((await calibration.view('logits')).total.elementCount).toBe(300);
    await expect(calibration.view('conv')).rejects.toMatchObject({ code: 'calibration-mismatch' });
    await expect(calibration.load().then(() => calibration.total('input'))).resolves.toBeDefined();
  });

  it('names a tensor that was not calibrated', async () => {
    const calibration = await opened(written());
    await expect(calibration.view('toString')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('reads image maxima of more rows than fit into one block', async () => {
    const tensors = Array.from({ length: 700 }, (_, i) => `t${i}`);
    const dir = written({ tensors, images: 500 });
    const { amax } = decodeHistogramFile(readFileSync(join(dir, 'histograms.bin')), 'histograms.bin');
    const view = await (await opened(dir)).view('t699');
    expect([...view.imageAmax]).toEqual(Array.from({ length: 500 }, (_, image) => amax[image * 700 + 699]));
  });
});

it('a truncated histogram file is refused wherever it ends', async () => {
  const path = join(written({ groups: ['day', 'night'] }), 'histograms.bin');
  const { length } = readFileSync(path);
  for (const kept of [length - 1, Math.floor(length / 2), 40, 15, 0]) {
    truncateSync(path, kept);
    await expect(HistogramReader.open(path)).rejects.toMatchObject({ code: 'calibration-mismatch' });
    expect(() => decodeHistogramFile(readFileSync(path), path)).toThrow(/histograms\.bin/);
  }
});

describe('what is computed from histograms', () => {
  it('is kept for each tensor and threshold', async () => {
    const calibration = await (await opened(written())).load();
    const cost = calibration.cost('conv', 0.5);
    expect(calibration.cost('conv', 0.5)).toBe(cost);
    expect(calibration.cost('conv', 0.25)).not.toEqual(cost);
    expect(calibration.cost('logits', 0.5)).not.toBe(cost);
    expect(calibration.ranges()).toBe(calibration.ranges());
  });

  it('prepares ranges without the histograms unless some values are small', async () => {
    const large = await opened(written({ amax: 8 }));
    expect(await large.prepareRanges()).toMatchObject({ conv: [-8, 8] });
    expect(() => large.total('conv')).toThrow(/not been loaded/);
    const small = await opened(written({ amax: 2 ** -15 }));
    expect((await small.prepareRanges())['conv']).toHaveLength(3);
  });
});
