import { describe, expect, it } from 'vitest';
import { formatNumberList, formatScale, parseNumberList } from '../../../../src-renderer/widgets/number-text';

describe('number lists', () => {
  it('reads what a person types', () => {
    expect(parseNumberList('0.485, 0.456 ,0.406')).toEqual([0.485, 0.456, 0.406]);
    expect(parseNumberList('1 2 3')).toEqual([1, 2, 3]);
    expect(parseNumberList('1/255')).toEqual([1 / 255]);
    expect(parseNumberList(' −1; 2e-3 ')).toEqual([-1, 0.002]);
    for (const text of ['', ' , ', 'a', '1,b', '1/0', '1,,x']) expect(parseNumberList(text)).toBeNull();
  });

  it('writes a fraction where the value is exactly one, and all digits where it is not', () => {
    expect(formatScale(1 / 255)).toBe('1/255');
    expect(formatScale(0.00392)).toBe('0.00392');
    expect(formatScale(1)).toBe('1');
    expect(formatScale(0.5)).toBe('0.5');
    expect(formatScale(0)).toBe('0');
    expect(formatScale(1 / 127.5)).toBe(String(1 / 127.5));
  });

  it('reads back exactly what it wrote', () => {
    for (const values of [[1 / 255], [0.1 + 0.2, -3, 1e-7], [1 / 65_535], [123_456.789]])
      expect(parseNumberList(formatNumberList(values))).toEqual(values);
  });
});
