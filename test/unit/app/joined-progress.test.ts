import { describe, expect, it } from 'vitest';
import { joinTrials } from '../../../src-main/app/jobs/joined-progress';
import type { JobContext } from '../../../src-main/app/job-context';
import type { Progress } from '../../../src-shared/contract/progress';

function joined() {
  const seen: Progress[] = [];
  const job = { onProgress: (progress: Progress) => seen.push(progress) } as unknown as JobContext;
  const steps = joinTrials(job, { passes: 400, seconds: 40 }, 5);
  const trials = (done: number, total: number, secondsLeft: number | null): Progress => ({
    phase: 'comparing',
    unit: 'passes',
    done,
    total,
    secondsLeft,
  });
  return { ...steps, trials, last: () => seen.at(-1), step: steps.last };
}

describe('joinTrials', () => {
  it('counts the passes and the time of both steps as one', () => {
    const { first, step, trials, last } = joined();
    first.onProgress?.(trials(0, 100, null));
    expect(last()).toMatchObject({ done: 0, total: 400, secondsLeft: null });
    first.onProgress?.(trials(50, 90, 4));
    // Three quarters of the passes, and of 40 s, belong to the second step.
    expect(last()).toMatchObject({ done: 50, total: 390, secondsLeft: 4 + 30 + 5 });
    step.onProgress?.(trials(10, 300, 20));
    expect(last()).toMatchObject({ done: 100, total: 390, secondsLeft: 25 });
  });

  it('passes other progress on, and does without the first step', () => {
    const { first, step, trials, last } = joined();
    const images = { phase: 'reading images', unit: 'images', done: 3, total: 8 };
    first.onProgress?.(images);
    expect(last()).toEqual(images);
    step.onProgress?.(trials(10, 400, 20));
    expect(last()).toMatchObject({ done: 10, total: 400, secondsLeft: 25 });
  });
});
