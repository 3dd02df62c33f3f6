import { describe, expect, it } from 'vitest';
import { matchGlob } from '../../../src-shared/domain/glob';

describe('matchGlob', () => {
  it.each([
    ['*', '', true],
    ['*', '/a/b', true],
    ['/f/*/Conv', '/f/f.0/Conv', true],
    ['/f/*/Conv', '/f/f.0/c1/Conv', true],
    ['/f/*/Conv', '/f/f.0/Conv_1', false],
    ['Conv_?', 'Conv_1', true],
    ['Conv_?', 'Conv_12', false],
    ['Conv_?', 'Conv_', false],
    ['*ab*ab', 'abab', true],
    ['*aab', 'aaab', true],
    ['a*b*c', 'axxbyybzzc', true],
    ['a*b*c', 'axxbyybzz', false],
    ['', '', true],
    ['', 'a', false],
    ['f.0', 'fx0', false],
    ['[a]', 'a', false],
    ['[a]', '[a]', true],
  ])('%s on %s is %s', (pattern, text, expected) => {
    expect(matchGlob(pattern, text)).toBe(expected);
  });

  it('stays fast on a pattern of many stars', () => {
    expect(matchGlob('*a'.repeat(40) + 'b', 'a'.repeat(400))).toBe(false);
  });
});
