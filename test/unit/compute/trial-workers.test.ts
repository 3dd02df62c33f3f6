import { expect, it } from 'vitest';
import { divideEqually, keptBytes } from '../../../src-main/compute/trials/trial-workers';

const GB = 1e9;

it('keeps two versions of a model open only where they fit into a fifth of what is left of the limit', () => {
  const limit = (leftBytes: number): number => process.memoryUsage.rss() + leftBytes;
  const small = keptBytes(2, 0.02 * GB, limit(1 * GB));
  expect(small.sessionBytes).toBeGreaterThan(0.04 * GB);
  expect(small.sessionBytes).toBeLessThan(0.11 * GB);
  expect(keptBytes(1, 3 * GB, limit(4 * GB)).sessionBytes).toBe(3 * GB);
  expect(keptBytes(1, 3 * GB, limit(-1 * GB))).toEqual({ valueBytes: 0, sessionBytes: 3 * GB });
});

it('moves as few images as make the lists of all workers equally long', () => {
  const lists = [[1, 2, 3, 4, 5, 6, 7, 8], [], [9]];
  expect(divideEqually(lists)).toHaveLength(5);
  expect(lists.map(({ length }) => length)).toEqual([3, 3, 3]);
  expect(lists.flat().toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(divideEqually([[1, 2], [3]])).toEqual([]);
  expect(divideEqually([[1, 2, 3], [4]])).toEqual([{ item: 3, to: 1 }]);
  expect(divideEqually([])).toEqual([]);
});
