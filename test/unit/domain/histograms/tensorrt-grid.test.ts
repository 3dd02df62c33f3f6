import { expect, it } from 'vitest';
import { scaleOfThreshold } from '../../../../src-shared/domain/histograms/thresholds';
import { tensorrtEntropyThreshold } from '../../../../src-shared/domain/histograms/tensorrt-grid';

it('reaches half a bin beyond the bins that are kept, in float32', () => {
  expect(tensorrtEntropyThreshold(128, 2048)).toBe(128.5);
  const range = Math.fround(0.7);
  expect(tensorrtEntropyThreshold(1977, range)).toBe(Math.fround((1977.5 * range) / 2048));
});

it('is not capped at the range', () => {
  expect(tensorrtEntropyThreshold(2048, 1)).toBeGreaterThan(1);
});

it('gives the scale that TensorRT writes for an input of 0..1 that is kept whole: 3c010a14', () => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatBE(scaleOfThreshold(tensorrtEntropyThreshold(2048, 1)));
  expect(bytes.toString('hex')).toBe('3c010a14');
});
