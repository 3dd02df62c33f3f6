import { formatBytes, formatCount, formatDuration, formatRate } from '../../src-shared/base/units';
import type { JobSnapshot } from '../../src-shared/contract/jobs';
import type { RateState } from '../../src-shared/contract/progress-rate';
import { hasMessage, t } from '../i18n';

/** The progress of a running job as separate texts for the job bar; a text is empty if its value is unknown. */
export interface JobText {
  readonly kind: string;
  readonly phase: string;
  /** `212 / 400 images` */
  readonly count: string;
  /** `38.2 images/s` */
  readonly rate: string;
  /** `5 s left` */
  readonly eta: string;
}

export function jobText(job: JobSnapshot, rate: RateState | undefined): JobText {
  const isRunning = job.state === 'running';
  const perSecond = rate?.phase === job.phase ? rate.perSecond : null;
  return {
    kind: t(`jobs.kind.${job.kind}`),
    phase: job.state === 'queued' ? t('jobs.state.queued') : phaseText(job.phase),
    count: isRunning && job.total > 0 ? countText(job) : '',
    rate: isRunning && perSecond !== null && perSecond > 0 ? rateText(perSecond, job.unit) : '',
    eta: isRunning && job.total > 0 ? etaText(job.etaSeconds) : '',
  };
}

/** `212 / 400 images`, `3 / 12 MB` */
export function countText({ done, total, unit }: Pick<JobSnapshot, 'done' | 'total' | 'unit'>): string {
  if (unit === 'bytes') return `${formatBytes(done)} / ${formatBytes(total)}`;
  return `${formatCount(done)} / ${formatCount(total)} ${unitText(unit)}`;
}

/** `38.2 images/s` */
export function rateText(perSecond: number, unit: string): string {
  return unit === 'bytes' ? `${formatBytes(perSecond)}/s` : formatRate(perSecond, unitText(unit));
}

function etaText(etaSeconds: number | null): string {
  if (etaSeconds === null || !Number.isFinite(etaSeconds)) return '';
  // The time left is an estimate, so that it is shown without decimals.
  return t('jobs.left', { time: formatDuration(Math.max(1, Math.ceil(etaSeconds))).replace(/\.0 s$/, ' s') });
}

/** The end of a job as one sentence. */
export function endText(job: JobSnapshot): string {
  const kind = t(`jobs.kind.${job.kind}`);
  if (job.state === 'failed') return t('jobs.failed', { kind, message: job.error?.message ?? '' });
  if (job.state === 'cancelled') return t(job.forced ? 'jobs.cancelledForced' : 'jobs.cancelled', { kind });
  return t('jobs.done', { kind });
}

/** The name of a job's phase in the current language; a phase without a message is returned unchanged. */
export function phaseText(phase: string): string {
  // `search: benchmarking` is a phase of an analysis within a run.
  const [name, within] = phase.split(': ', 2);
  if (within !== undefined) return `${messageOr(`jobs.phase.${name}`, name ?? '')}: ${phaseText(within)}`;
  return messageOr(`jobs.phase.${phase.replaceAll(' ', '-')}`, phase);
}

/** The unit that a job counts, in the current language. */
export function unitText(unit: string): string {
  return messageOr(`jobs.unit.${unit}`, unit);
}

function messageOr(key: string, fallback: string): string {
  return hasMessage(key) ? t(key) : fallback;
}
