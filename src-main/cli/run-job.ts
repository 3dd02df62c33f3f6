import type { WorkbenchApi } from '../../src-shared/contract/api';
import { advise } from '../../src-shared/base/advice';
import { WorkbenchError } from '../../src-shared/base/errors';
import { fromWireError } from '../../src-shared/contract/errors';
import type { JobResults } from '../../src-shared/contract/job-results';
import type { AnalysisSpec, JobKind, JobSpec } from '../../src-shared/contract/job-specs';
import { isFinished, type JobSnapshot } from '../../src-shared/contract/jobs';
import { formatCount, formatDuration } from '../../src-shared/base/units';
import { createPartialLines } from './partial-lines';
import { createProgressLine, type ProgressStream } from './progress-line';

/**
 * Starts a job, shows its progress, cancels it on SIGINT or SIGTERM, and returns its result or throws its error. On
 * SIGTERM, a shard first finishes the images that are being processed and stores what it has.
 */
export async function runJobToEnd<S extends JobSpec>(
  api: WorkbenchApi,
  spec: S,
  stream: ProgressStream,
): Promise<JobResults[S['kind'] & JobKind]> {
  const line = createProgressLine({ stream });
  const { jobId } = await api.startJob(spec);
  const linesOf = createPartialLines();
  const ended = waitForEnd(api, jobId, (snapshot) => {
    if (snapshot.state !== 'running') return;
    for (const text of linesOf(snapshot.partial)) line.message(text);
    const { phase, done, total, unit, etaSeconds } = snapshot;
    line.onProgress({ phase, done, total, unit, secondsLeft: etaSeconds });
  });
  // Batch systems send SIGTERM some time before they kill a job: a shard keeps what it has.
  let isStopped = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    isStopped = signal === 'SIGTERM' && isShard(spec);
    line.message(isStopped ? 'finishing the images that are being processed' : 'cancelling');
    void api.cancelJob({ jobId, ...(isStopped ? { finishes: true } : {}) });
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    const snapshot = await ended;
    line.finish();
    if (isStopped && snapshot.error?.code === 'cancelled')
      throw new WorkbenchError('stopped', 'Stopped before the first image of the shard', {
        hint: advise('continue-shard'),
      });
    if (snapshot.error) throw fromWireError(snapshot.error);
    if (snapshot.result === null) throw new WorkbenchError('internal', `Job ${spec.kind} ended without a result`);
    return snapshot.result as JobResults[S['kind'] & JobKind];
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function isShard(spec: JobSpec): boolean {
  return spec.kind === 'shard' || (spec.kind === 'calibrate' && spec.shard !== undefined);
}

async function waitForEnd(
  api: WorkbenchApi,
  jobId: JobSnapshot['id'],
  onChange: (snapshot: JobSnapshot) => void,
): Promise<JobSnapshot> {
  return new Promise((resolve, reject) => {
    const settle = (snapshot: JobSnapshot): void => {
      if (!isFinished(snapshot)) return;
      unsubscribe();
      resolve(snapshot);
    };
    const unsubscribe = api.subscribe((event) => {
      if (event.type !== 'job' || event.job.id !== jobId) return;
      onChange(event.job);
      settle(event.job);
    });
    // The job may have ended before the subscription.
    api.getJob({ jobId }).then(settle, reject);
  });
}

/** Announces the expected number of models, images and passes of an analysis and the time, then runs it. */
export async function runAnalysisToEnd<S extends AnalysisSpec>(
  api: WorkbenchApi,
  spec: S,
  stream: ProgressStream,
): Promise<JobResults[S['kind'] & JobKind]> {
  const { trials, images, passes, seconds } = await api.getAnalysisCost({ spec });
  const time = seconds === null ? '' : `, about ${formatDuration(seconds)}`;
  stream.write(
    `about ${formatCount(trials)} models on ${formatCount(images)} images: ` +
      `the work of ${formatCount(passes)} passes${time}\n`,
  );
  return runJobToEnd(api, spec, stream);
}
