import { expect, it } from 'vitest';
import { resizePixels } from '../../../src-main/calibration/preprocessing/preprocess-resize';
import { readJson } from './fixtures';

interface Golden {
  readonly source: { readonly width: number; readonly height: number; readonly data: number[] };
  readonly cases: readonly { readonly width: number; readonly height: number; readonly data: number[] }[];
  readonly gray: { readonly width: number; readonly height: number; readonly data: number[] };
}
const golden = readJson('resize.json') as Golden;
const source = { ...golden.source, channels: 3 as const, data: Uint8Array.from(golden.source.data) };

it.each(golden.cases)('17x13 to $widthx$height equals Pillow bilinear, bit for bit', ({ width, height, data }) => {
  expect([...resizePixels(source, width, height).data]).toEqual(data);
});

it('resizes one channel as Pillow does', () => {
  const gray = { ...source, channels: 1 as const, data: source.data.filter((_, i) => i % 3 === 0) };
  expect([...resizePixels(gray, golden.gray.width, golden.gray.height).data]).toEqual(golden.gray.data);
});

it('leaves an image of the target size as it is', () => {
  expect(resizePixels(source, 17, 13)).toBe(source);
});
