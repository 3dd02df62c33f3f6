import { expect, it } from 'vitest';
import { fitTrials } from '../../../src-main/compute/trials/trial-memory';

const MB = 1e6;
/** One worker takes 220 MB with 20 MB of images, and up to 200 MB that trials add; each other one 300 MB. */
const needs = { count: 4, held: 20 * MB, programBytes: 30 * MB };
const measured = { workerBytes: 100 * MB, peakBytes: 200 * MB };

it('starts as many workers as the limit has room for, with what trials add to each', () => {
  const counts = [220, 719, 720, 1_020, 9_000].map((limit) => fitTrials(needs, measured, limit * MB).count);
  expect(counts).toEqual([1, 1, 2, 3, 4]);
});

it('keeps no more between runs than is left', () => {
  expect(fitTrials(needs, measured, 220 * MB).kept).toEqual({ valueBytes: 0, sessionBytes: 30 * MB });
  const { kept } = fitTrials(needs, measured, 620 * MB);
  expect(kept.valueBytes + kept.sessionBytes).toBeLessThanOrEqual(200 * MB);
  expect(kept.valueBytes).toBeGreaterThan(0);
});

it('refuses a limit that one worker exceeds with FP32, and says how much it takes', () => {
  expect(() => fitTrials(needs, measured, 219 * MB)).toThrow(/with its images takes 220 MB.* limit of 219 MB/);
});
