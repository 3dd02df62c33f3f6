import { describe, expect, it } from 'vitest';
import { linearTicks, logTicks } from '../../../../../src-renderer/widgets/plot/ticks';

describe('logTicks', () => {
  it('names decades, fewer of them when there is little room', () => {
    expect(logTicks(0.7, 60_000, 8).texts).toEqual(['1', '10', '100', '1\u202fk', '10\u202fk']);
    expect(logTicks(0.7, 60_000, 3).values).toEqual([1, 100, 10_000]);
  });

  it('names 1, 2 and 5 where there are few decades', () => {
    expect(logTicks(0.3, 3, 6)).toEqual({ values: [0.5, 1, 2], texts: ['0.5', '1', '2'] });
  });

  it('writes every size in the same way: digits near 1, SI prefixes beyond', () => {
    expect(logTicks(1e-6, 3e-5, 9).texts).toEqual(['1\u202fµ', '2\u202fµ', '5\u202fµ', '10\u202fµ', '20\u202fµ']);
    expect(logTicks(9e-5, 1.1e6, 12).texts).toEqual([
      '100\u202fµ',
      '0.001',
      '0.01',
      '0.1',
      '1',
      '10',
      '100',
      '1\u202fk',
      '10\u202fk',
      '100\u202fk',
      '1\u202fM',
    ]);
  });
});

describe('linearTicks', () => {
  it('has round steps, all with one prefix and as many decimals as the step needs', () => {
    expect(linearTicks(0, 50_000, 5).texts).toEqual([
      '0',
      '10\u202fk',
      '20\u202fk',
      '30\u202fk',
      '40\u202fk',
      '50\u202fk',
    ]);
    expect(linearTicks(0, 2000, 4).texts).toEqual(['0', '0.5\u202fk', '1.0\u202fk', '1.5\u202fk', '2.0\u202fk']);
    expect(linearTicks(-4.12, 4.12, 6).texts).toEqual(['\u22124', '\u22122', '0', '2', '4']);
    expect(linearTicks(0, 1e9, 4).texts.at(-1)).toBe('1.0\u202fG');
  });

  it('tells neighbours apart however near they are', () => {
    const { texts } = linearTicks(5.0001, 5.0009, 5);
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts[0]).toBe('5.0002');
  });

  it.each([
    [0, 1, 12],
    [0, 0.003, 10],
    [-1e-7, 1e-7, 6],
    [3, 97, 2],
  ])('keeps inside %d to %d with at most %d steps', (low, high, most) => {
    const { values } = linearTicks(low, high, most);
    expect(values.length).toBeGreaterThanOrEqual(2);
    expect(values.length).toBeLessThanOrEqual(most + 2);
    for (const value of values) expect(value >= low - 1e-12 && value <= high + 1e-12).toBe(true);
  });

  it('has none where there is no range', () => {
    expect(linearTicks(1, 1, 5).values).toEqual([]);
  });
});
