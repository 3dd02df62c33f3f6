import { describe, expect, it } from 'vitest';
import { profilesOf } from '../../../../src-main/backends/tensorrt/profiles';
import type { ModelInput } from '../../../../src-main/onnx/graph/model-inputs';
import { parseShapeProfiles } from '../../../../src-main/cli/profiles-option';

const INPUTS: ModelInput[] = [
  { name: 'x', dtype: 'float32', dims: ['N', 3, '?', '?'] },
  { name: 'scale', dtype: 'float32', dims: [1] },
];
const profiles = (text: string) =>
  profilesOf(INPUTS, { fixedBatch: null, inputs: [] }, { batches: [], sizes: null, chosen: parseShapeProfiles(text) });

describe('chosen profiles', () => {
  it('name every input with open sizes; those of fixed inputs follow from the model', () => {
    expect(profiles('x=1x3x8x8:2x3x16x16:4x3x16x32,scale=1')).toEqual([
      { x: { min: [1, 3, 8, 8], opt: [2, 3, 16, 16], max: [4, 3, 16, 32] } },
    ]);
  });

  it.each([
    ['scale=1', '"x" has open sizes'],
    ['x=1x1x8x8', 'a shape that the model does not take'],
    ['x=1x3x8', 'a shape that the model does not take'],
    ['x=4x3x8x8:2x3x8x8:8x3x8x8', 'from small to large'],
    ['x=1x3x8x8:2x3x8x8:2x3x8x4', 'from small to large'],
    ['x=1x3x8x8,no=2', '"no", which is no input'],
  ])('that do not fit the model are refused: %s', (text, message) => {
    expect(() => profiles(text)).toThrow(message);
  });
});
