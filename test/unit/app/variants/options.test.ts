import { describe, expect, it } from 'vitest';
import { withFixedBatch, type VariantOptions } from '../../../../src-main/app/variants/options';
import { DEFAULT_TENSORRT_OPTIONS } from '../../../../src-shared/domain/engines/tensorrt-options';
import type { FedInput } from '../../../../src-shared/domain/project/feeding';

const INPUT: FedInput = {
  name: 'x',
  dtype: 'float32',
  dims: [8],
  hasBatch: true,
  source: { kind: 'value', value: 0 },
};
const PROFILES = [[{ input: 'x', min: [1, 8], opt: [4, 8], max: [8, 8] }]];
const OPTIONS: VariantOptions = {
  variants: [],
  backend: 'tensorrt',
  target: 'tensorrt',
  activationType: 'int8',
  tensorrt: { ...DEFAULT_TENSORRT_OPTIONS, profiles: PROFILES },
};
const batches = (requested?: readonly number[]) =>
  withFixedBatch(OPTIONS, requested ? { tensorrt: { batches: requested } } : {}, { fixedBatch: null, inputs: [INPUT] })
    .tensorrt.batches;

describe('batch sizes with chosen profiles', () => {
  it('are those that the profiles are tuned for, unless others are requested that they allow', () => {
    expect(batches()).toEqual([4]);
    expect(batches([1, 8])).toEqual([1, 8]);
    expect(() => batches([16])).toThrow('No profile allows batch 16');
  });
});
