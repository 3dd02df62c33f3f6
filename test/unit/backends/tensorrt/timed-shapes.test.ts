import { describe, expect, it } from 'vitest';
import type { EngineTensor } from '../../../../native/tensorrt';
import { profilePoints, shapesForBatch } from '../../../../src-main/backends/tensorrt/timed-shapes';
import type { FedInput, Feeding } from '../../../../src-shared/domain/project/feeding';

const fed = (name: string, hasBatch: boolean): FedInput => ({
  name,
  dtype: 'float32',
  dims: [{ symbol: 'n' }],
  hasBatch,
  source: { kind: 'value', value: 0 },
});
const FEEDING: Feeding = { fixedBatch: null, inputs: [fed('x', true), fed('lengths', false)] };
const tensor = (name: string, ...ranges: readonly (readonly (readonly number[])[])[]): EngineTensor => ({
  name,
  isInput: true,
  dataType: 'float32',
  shape: [-1, -1],
  profileShapes: ranges.map(([min = [], opt = min, max = min]) => ({ min, opt, max })),
});
const ENGINE = {
  io: [
    tensor(
      'x',
      [
        [1, 8],
        [2, 16],
        [4, 32],
      ],
      [[8, 8]],
    ),
    tensor('lengths', [[8], [16], [32]], [[8]]),
    { name: 'y', isInput: false, dataType: 'float32', shape: [-1, 3] } as const,
  ],
  profiles: 2,
};

describe('shapes to time', () => {
  it('are the usual ones of the profile for the batch, or those of a profile that allows it', () => {
    expect(shapesForBatch(ENGINE, FEEDING, 2)).toEqual({ profile: 0, shapes: { x: [2, 16], lengths: [16] } });
    expect(shapesForBatch(ENGINE, FEEDING, 8)).toEqual({ profile: 1, shapes: { x: [8, 8], lengths: [8] } });
    expect(shapesForBatch(ENGINE, FEEDING, 3)).toEqual({ profile: 0, shapes: { x: [3, 16], lengths: [16] } });
    expect(shapesForBatch(ENGINE, FEEDING, 5)).toBeNull();
  });

  it('include the ends of a profile that allows several', () => {
    expect(profilePoints(ENGINE, FEEDING, 2).map(({ at, shapes }) => [at, shapes['x']])).toEqual([
      ['min', [1, 8]],
      ['opt', [2, 16]],
      ['max', [4, 32]],
    ]);
    expect(profilePoints(ENGINE, FEEDING, 8)).toEqual([]);
  });

  it('are none for an engine without open sizes', () => {
    const fixed = { io: [{ ...tensor('x'), shape: [4, 8] }], profiles: 1 };
    expect(shapesForBatch(fixed, FEEDING, 4)).toEqual({ profile: 0, shapes: {} });
    expect(profilePoints(fixed, FEEDING, 4)).toEqual([]);
  });
});
