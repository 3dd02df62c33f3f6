import type { AnalysisCost } from '../../../src-shared/contract/views';
import type { Progress } from '../../../src-shared/contract/progress';
import type { JobContext } from '../job-context';

/**
 * Two steps of a job that run trials one after the other, with one total and one time left. The first one may be
 * missing. Other progress, such as that of images, stays as it is.
 * @param expected passes and seconds of both steps
 * @param secondsAfter of work that follows them
 */
export function joinTrials(
  job: JobContext,
  expected: Pick<AnalysisCost, 'passes' | 'seconds'>,
  secondsAfter: number,
): { readonly first: JobContext; readonly last: JobContext } {
  const { onProgress } = job;
  if (!onProgress) return { first: job, last: job };
  let ofFirst: { readonly expected: number; readonly total: number } | null = null;
  const after = (progress: Progress, seconds: number): Pick<Progress, 'secondsLeft'> => ({
    secondsLeft: typeof progress.secondsLeft === 'number' ? progress.secondsLeft + seconds : null,
  });
  const first = (progress: Progress): void => {
    if (!isOfTrials(progress)) return onProgress(progress);
    ofFirst = { expected: ofFirst?.expected ?? progress.total, total: progress.total };
    const passes = Math.max(0, expected.passes - ofFirst.expected);
    const seconds = (expected.seconds ?? 0) * (passes / Math.max(1, expected.passes));
    onProgress({ ...progress, total: progress.total + passes, ...after(progress, seconds + secondsAfter) });
  };
  const last = (progress: Progress): void => {
    if (!isOfTrials(progress)) return onProgress(progress);
    const before = ofFirst?.total ?? 0;
    const { done, total } = progress;
    onProgress({ ...progress, done: before + done, total: before + total, ...after(progress, secondsAfter) });
  };
  return { first: { ...job, onProgress: first }, last: { ...job, onProgress: last } };
}

function isOfTrials({ unit }: Progress): boolean {
  return unit === 'passes';
}
