import { expect, it } from 'vitest';
import { keptBytes } from '../../../src-main/compute/trials/trial-workers';

const GB = 1e9;

it('keeps two versions of a model open only where they fit into a fifth of what is left of the limit', () => {
  const limit = (leftBytes: number): number => process.memoryUsage.rss() + leftBytes;
  const small = keptBytes(2, 0.02 * GB, limit(1 * GB));
  expect(small.sessionBytes).toBeGreaterThan(0.04 * GB);
  expect(small.sessionBytes).toBeLessThan(0.11 * GB);
  expect(keptBytes(1, 3 * GB, limit(4 * GB)).sessionBytes).toBe(3 * GB);
  expect(keptBytes(1, 3 * GB, limit(-1 * GB))).toEqual({ valueBytes: 0, sessionBytes: 3 * GB });
});
