import { useEffect, useState } from 'react';
import { ownValue } from '../../../src-shared/base/records';
import { formatDuration } from '../../../src-shared/base/units';
import { fromWireError } from '../../../src-shared/contract/errors';
import { isFinished, type JobSnapshot } from '../../../src-shared/contract/jobs';
import { t } from '../../i18n';
import { countText, phaseText, rateText } from '../../state/job-text';
import { useJobs } from '../../state/jobs';
import { Tag } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { classNames } from '../../widgets/class-names';
import { ErrorBox, Meter } from '../../widgets/states';
import { Icon, type IconName } from '../../widgets/icons';
import { FinishedView } from './finished-view';
import { stepOfPhase } from './run-steps';
import { useTrails } from './run-store';
import { overallFraction, type StepRow, stepRows, type StepState } from './step-list';
import shared from './run.module.css';
import styles from './job-view.module.css';

interface JobViewProps {
  readonly job: JobSnapshot;
  readonly hasValidationSet: boolean;
  /** Starts the same kind of job again; null while it cannot start. */
  readonly onRetry: (() => void) | null;
}

const STATE_TONES = {
  queued: 'neutral',
  running: 'neutral',
  done: 'good',
  failed: 'danger',
  cancelled: 'warning',
} as const;

/** A job as a list of steps, with its result. */
export function JobView({ job, hasValidationSet, onRetry }: JobViewProps) {
  const trail = useTrails((state) => ownValue(state.trails, job.id)) ?? null;
  const rate = useJobs((state) => ownValue(state.rates, job.id)) ?? null;
  const nowMs = useNow(!isFinished(job));
  const rows = stepRows({ snapshot: job, trail, rate, hasValidationSet, nowMs });
  const seconds = trail === null || !trail.fromStart ? null : ((trail.endedAtMs ?? nowMs) - trail.startedAtMs) / 1000;
  return (
    <section className={shared.job} data-testid="run-job" aria-labelledby="run-steps">
      <header className={styles.head}>
        <h2 id="run-steps">{t(`run.kind.${job.kind}`)}</h2>
        <Tag tone={STATE_TONES[job.state]}>{t(`run.job.${job.state}`)}</Tag>
        <span className="dim number">
          {seconds === null
            ? ''
            : isFinished(job)
              ? formatDuration(seconds)
              : t('run.elapsed', { duration: formatDuration(seconds) })}
        </span>
        <span className={shared.grow} />
        {isFinished(job) ? null : <CancelButton job={job} />}
      </header>
      <Overall job={job} fraction={overallFraction(rows)} />
      <ol className={shared.steps}>
        {rows.map((row, index) => (
          <StepRowView key={row.id} row={row} position={index + 1} />
        ))}
      </ol>
      <Outcome job={job} furthest={trail?.furthest ?? null} onRetry={onRetry} />
    </section>
  );
}

function CancelButton({ job }: { readonly job: JobSnapshot }) {
  const cancel = useJobs((state) => state.cancel);
  return (
    <Button tone="danger" icon="stop" onClick={() => void cancel(job.id)}>
      {t('run.cancel')}
    </Button>
  );
}

function Overall({ job, fraction }: { readonly job: JobSnapshot; readonly fraction: number }) {
  if (isFinished(job)) return null;
  const text = `${Math.floor(fraction * 100)} % · ${phaseText(job.phase)}`;
  return (
    <div className={styles.overall}>
      <Meter label={t(`run.kind.${job.kind}`)} value={fraction} total={1} text={text} />
      <span className={styles.overallText} role="status" aria-live="off">
        {text}
      </span>
    </div>
  );
}

interface OutcomeProps {
  readonly job: JobSnapshot;
  readonly furthest: Parameters<typeof stepOfPhase>[2];
  readonly onRetry: (() => void) | null;
}

function Outcome({ job, furthest, onRetry }: OutcomeProps) {
  if (job.state === 'cancelled') {
    return (
      <p className={classNames(shared.outcome, 'dim')}>{t(job.forced ? 'run.cancelled.forced' : 'run.cancelled')}</p>
    );
  }
  if (job.error !== null) {
    const step = stepOfPhase(job, job.phase, furthest);
    const kind = t(`run.kind.${job.kind}`);
    const title =
      step === null ? t('run.failed.start', { kind }) : t('run.failed', { kind, step: t(`run.step.${step}`) });
    const retry =
      onRetry === null ? undefined : (
        <Button icon="refresh" onClick={onRetry}>
          {t('run.retry')}
        </Button>
      );
    return (
      <div className={shared.outcome}>
        <ErrorBox title={title} error={fromWireError(job.error)} action={retry} />
      </div>
    );
  }
  return job.state === 'done' && job.result !== null ? <FinishedView result={job.result} /> : null;
}

const STATE_ICONS: Readonly<Record<StepState, IconName | null>> = {
  waiting: null,
  active: 'play',
  done: 'check',
  kept: 'check',
  'not-needed': 'minus',
  'left-out': 'minus',
  failed: 'cross',
  cancelled: 'stop',
};

const STEP_STATES: Readonly<Record<StepState, string | undefined>> = {
  waiting: shared.stepWaiting,
  active: styles.stepActive,
  done: shared.stepDone,
  kept: shared.stepKept,
  'not-needed': styles.stepIdle,
  'left-out': styles.stepIdle,
  failed: shared.stepFailed,
  cancelled: undefined,
};

interface StepRowProps {
  readonly row: StepRow;
  readonly position: number;
}

/** One step with its state, name, progress bar and numbers. Every row has the same height in every state. */
function StepRowView({ row, position }: StepRowProps) {
  const icon = STATE_ICONS[row.state];
  const name = t(`run.step.${row.id}`);
  const color = row.state === 'done' ? 'var(--line-strong)' : row.state === 'failed' ? 'var(--danger)' : undefined;
  const ended = row.state === 'active' ? leftText(row) : stateText(row);
  return (
    <li
      className={classNames(shared.step, STEP_STATES[row.state])}
      aria-current={row.state === 'active' ? 'step' : undefined}
    >
      <span className={shared.stepMark}>
        {icon === null ? <span className={shared.stepNumber}>{position}</span> : <Icon name={icon} size={14} />}
      </span>
      <span className={shared.stepName} title={name}>
        {name}
      </span>
      <span>
        {row.counted === null || row.state === 'kept' ? null : (
          <Meter
            label={name}
            value={row.counted.done}
            total={row.counted.total}
            text={countText(row.counted)}
            {...(color === undefined ? {} : { color })}
          />
        )}
      </span>
      <span className={classNames(styles.stepCount, 'number')}>
        {row.counted === null ? '' : countText(row.counted)}
      </span>
      <span className={classNames(styles.stepRate, 'number dim')}>{speedText(row)}</span>
      <span className={classNames(shared.stepLeft, 'number')} title={ended}>
        {ended}
      </span>
    </li>
  );
}

function speedText({ perSecond, counted }: StepRow): string {
  return perSecond === null || perSecond <= 0 || counted === null ? '' : rateText(perSecond, counted.unit);
}

function leftText(row: StepRow): string {
  if (row.etaSeconds !== null && Number.isFinite(row.etaSeconds))
    return t('run.left', { duration: formatDuration(Math.max(1, Math.ceil(row.etaSeconds))).replace(/\.0 s$/, ' s') });
  return row.seconds === null ? t('run.state.active') : t('run.elapsed', { duration: formatDuration(row.seconds) });
}

function stateText(row: StepRow): string {
  if (row.state === 'done' && row.seconds !== null) return formatDuration(row.seconds);
  return t(`run.state.${row.state}`);
}

const TICK_MS = 500;

/** The current time (Date.now()), updated twice a second while `isTicking` is true. */
function useNow(isTicking: boolean): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    if (!isTicking) return undefined;
    const tick = (): void => setNowMs(Date.now());
    const first = setTimeout(tick);
    const timer = setInterval(tick, TICK_MS);
    return () => {
      clearTimeout(first);
      clearInterval(timer);
    };
  }, [isTicking]);
  return nowMs;
}
