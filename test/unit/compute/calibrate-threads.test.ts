import { expect, it } from 'vitest';
import { affordableThreads } from '../../../src-main/compute/tasks/calibrate';

it('takes as many workers as their histograms leave room for, and at least one', () => {
  expect(affordableThreads(16, 50)).toBe(16);
  expect(affordableThreads(16, 500 * 16)).toBe(2);
  expect(affordableThreads(16, 5000 * 16)).toBe(1);
});
