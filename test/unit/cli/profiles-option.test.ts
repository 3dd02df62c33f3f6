import { describe, expect, it } from 'vitest';
import { parseShapeProfiles } from '../../../src-main/cli/profiles-option';
import { shapeProfilesText } from '../../../src-shared/domain/engines/shape-profiles';

describe('profiles as text', () => {
  it('are read as they were written, with names that contain separators', () => {
    const text = 'images:0=1x3x8x8:2x3x16x16:4x3x32x32,a=b=7:7:7;images:0=8x3x8x8:8x3x8x8:8x3x8x8,a=b=1:2:3';
    const profiles = parseShapeProfiles(text);
    expect(profiles.map((profile) => profile.map(({ input }) => input))).toEqual([
      ['images:0', 'a=b'],
      ['images:0', 'a=b'],
    ]);
    expect(profiles[0]?.[0]).toEqual({
      input: 'images:0',
      min: [1, 3, 8, 8],
      opt: [2, 3, 16, 16],
      max: [4, 3, 32, 32],
    });
    expect(shapeProfilesText(profiles)).toBe(text);
  });

  it('have one shape where one is given', () => {
    expect(parseShapeProfiles('x=4x8')).toEqual([[{ input: 'x', min: [4, 8], opt: [4, 8], max: [4, 8] }]]);
  });

  it.each(['', 'x', 'x=', 'x=1:2', 'x=1:2:3:4', 'x=0', 'x=1;', 'x=1x', '=4'])('refuses %j', (text) => {
    expect(() => parseShapeProfiles(text)).toThrow('Expected profiles INPUT=MIN:OPT:MAX');
  });
});
