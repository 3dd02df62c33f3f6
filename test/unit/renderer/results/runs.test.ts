import { describe, expect, it } from 'vitest';
import { decisionsOfRun, isOfProject } from '../../../../src-renderer/features/results/runs';
import { RECORD } from './records';

describe('isOfProject', () => {
  const run = RECORD;
  const file = decisionsOfRun(run);

  it('is true for what the run was made with', () => {
    expect(isOfProject(run, file)).toBe(true);
  });

  it('is false once plan, method or thresholds differ', () => {
    expect(isOfProject(run, { ...file, plan: { layers: { head: 'fp16' } } })).toBe(false);
    expect(isOfProject(run, { ...file, method: 'mse' })).toBe(false);
    expect(isOfProject(run, { ...file, tensorMethods: { a: 'minmax' } })).toBe(false);
  });
});
