import { describe, expect, it } from 'vitest';
import { inSharedMemory, stackImages, type PreparedImage } from '../../../src-main/backends/feeds';
import type { Feeding } from '../../../src-shared/domain/project/feeding';

const FEEDING = {
  inputs: [{ name: 'x', dtype: 'float32', hasBatch: true, dims: [2] }],
} as unknown as Feeding;

const imageOf = (...values: readonly number[]): PreparedImage => ({
  feeds: [{ name: 'x', dtype: 'float32', dims: [2], data: Float32Array.from(values) }],
  geometry: null,
});

describe('stackImages', () => {
  it('repeats the last image in slots without an image', () => {
    const [feed] = stackImages(FEEDING, [imageOf(1, 2), imageOf(3, 4)], 3);
    expect(feed).toMatchObject({ dims: [3, 2], data: Float32Array.of(1, 2, 3, 4, 3, 4) });
  });

  it('gives native code no view of shared memory, which Node-API refuses, for any batch', () => {
    for (const batch of [1, 2]) {
      const [feed] = stackImages(FEEDING, [inSharedMemory(imageOf(1, 2))], batch);
      expect(feed?.data.buffer).toBeInstanceOf(ArrayBuffer);
      expect(feed?.data.subarray(0, 2)).toEqual(Float32Array.of(1, 2));
    }
  });
});
