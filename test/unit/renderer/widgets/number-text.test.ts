import { describe, expect, it } from 'vitest';
import { parseNumber } from '../../../../src-renderer/widgets/number-text';

describe('parseNumber', () => {
  it.each([
    ['1.5', 1.5],
    [' 1,5 ', 1.5],
    ['\u22122', -2],
    ['1e-3', 1e-3],
    ['.5', 0.5],
    ['12\u202f000', 12000],
    ['1/255', 1 / 255],
    ['+3', 3],
  ])('reads %j', (text, value) => {
    expect(parseNumber(text)).toBe(value);
  });

  it.each(['', ' ', 'abc', '1/0', '1/2/3', '1e999', '--1', '0x10', '1.2.3', 'NaN', '/', '1/'])('refuses %j', (text) => {
    expect(parseNumber(text)).toBeNull();
  });
});
