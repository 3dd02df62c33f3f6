import { describe, expect, it } from 'vitest';
import type { CacheName } from '../../../src-main/calibration/tensorrt/tensorrt-names';
import { mapCache, type CacheVocabulary } from '../../../src-main/calibration/tensorrt/trt-cache-mapping';
import { scaleOfThreshold } from '../../../src-shared/domain/histograms/thresholds';
import { createRandom } from '../../support/random';
import { floatTensor } from '../../../src-main/onnx/graph/make';

const names: readonly CacheName[] = [
  { kind: 'activation', name: 'conv', maxPoolOf: null },
  { kind: 'activation', name: 'relu', maxPoolOf: null },
  { kind: 'constant', name: 'w_output', values: floatTensor('w', [1], [1]) },
  { kind: 'alias', name: 'soft_output', of: 'relu' },
];
const vocabulary = (
  tensors: readonly string[],
  copies: readonly (readonly [string, string])[] = [],
): CacheVocabulary => ({ tensors: new Set(tensors), names, copies: new Map(copies) });
const cacheOf = (...entries: readonly (readonly [string, number])[]) => ({
  header: 'TRT-100600-EntropyCalibration2',
  entries: entries.map(([name, scale]) => ({ name, scale })),
});

describe('every name is mapped, unmapped or ignored with a reason', () => {
  it('by what it is in the model', () => {
    const cache = cacheOf(
      ['relu', 2],
      ['conv', 3],
      ['w_output', 1],
      ['soft_output', 2],
      ['ONNXTRT_Broadcast_output', 1],
      ['ONNXTRT_Broadcast_12_output', 1],
      ['stranger', 1],
    );
    const mapping = mapCache(cache, vocabulary(['relu']));
    expect(mapping.mapped).toEqual([{ name: 'relu', tensor: 'relu', threshold: 254 }]);
    expect(mapping.unmapped).toEqual(['stranger']);
    expect(Object.fromEntries(mapping.ignored.map(({ name, reason }) => [name, reason]))).toMatchObject({
      conv: expect.stringContaining('prepared model does not have') as string,
      w_output: expect.stringContaining('a constant') as string,
      soft_output: expect.stringContaining('Softmax') as string,
      ONNXTRT_Broadcast_output: expect.stringContaining('broadcast') as string,
      ONNXTRT_Broadcast_12_output: expect.stringContaining('broadcast') as string,
    });
  });

  it.each([0, -1, Number.NaN, Infinity])('ignores a scale of %d', (scale) => {
    expect(mapCache(cacheOf(['relu', scale]), vocabulary(['relu']))).toMatchObject({
      mapped: [],
      ignored: [{ name: 'relu', reason: 'its scale is not a number above 0' }],
    });
  });

  it('follows Identity and Dropout to the name that is left, whichever it is', () => {
    const copies = [
      ['b', 'a'],
      ['c', 'b'],
    ] as const;
    expect(mapCache(cacheOf(['c', 1]), vocabulary(['a'], copies)).mapped).toEqual([
      { name: 'c', tensor: 'a', threshold: 127 },
    ]);
    expect(mapCache(cacheOf(['b', 1]), vocabulary(['c'], copies)).mapped).toEqual([
      { name: 'b', tensor: 'c', threshold: 127 },
    ]);
  });

  it("lets a tensor's own name win over its copies", () => {
    const mapping = mapCache(cacheOf(['b', 1], ['a', 2]), vocabulary(['a'], [['b', 'a']]));
    expect(mapping.mapped).toEqual([{ name: 'a', tensor: 'a', threshold: 254 }]);
    expect(mapping.ignored).toEqual([{ name: 'b', reason: 'a copy of a, which has a scale of its own' }]);
  });
});

it('gives thresholds that turn into the same scale again, bit for bit', () => {
  const random = createRandom(5);
  const scales = Array.from({ length: 5_000 }, () => Math.fround((random() + 1e-6) * 10 ** (random() * 12 - 6)));
  const { mapped } = mapCache(
    cacheOf(...scales.map((scale, i) => [`t${i}`, scale] as const)),
    vocabulary(scales.map((_, i) => `t${i}`)),
  );
  expect(mapped.map(({ threshold }) => scaleOfThreshold(threshold))).toEqual(scales);
});
