import { type ReactNode, type RefObject, useLayoutEffect, useRef, useState } from 'react';
import type { JobId } from '../../../src-shared/base/brand';
import { ownValue } from '../../../src-shared/base/records';
import { formatCount, formatDuration } from '../../../src-shared/base/units';
import { fromWireError, toWireError } from '../../../src-shared/contract/errors';
import type { AnalysisSpec, JobKind } from '../../../src-shared/contract/job-specs';
import { isFinished, type JobSnapshot, neverBegan } from '../../../src-shared/contract/jobs';
import { t } from '../../i18n';
import { type CostAnswer, useAnalysisCost } from '../../state/analysis-cost';
import { jobText } from '../../state/job-text';
import { openJobs, useJobs } from '../../state/jobs';
import { classNames } from '../../widgets/class-names';
import styles from './analysis.module.css';
import { PartialTable } from './partial-result';
import { Button } from '../../widgets/button';
import { EmptyState, ErrorBox, hintOf, Meter } from '../../widgets/states';

/**
 * The running or queued job with the kind and project of a spec, otherwise the one that ended last. `jobs` must be
 * ordered from oldest to newest.
 */
export function lastJob(
  jobs: readonly JobSnapshot[],
  spec: { readonly kind: JobKind; readonly projectPath: string },
): JobSnapshot | null {
  const own = jobs.filter((job) => job.kind === spec.kind && job.projectPath === spec.projectPath);
  return own.find((job) => !isFinished(job)) ?? own.findLast((job) => !neverBegan(job)) ?? null;
}

/** The expected cost of an analysis, such as `About 26 models on 64 images: the work of 820 passes, ~42 s`. */
export function CostLine({ cost }: { readonly cost: CostAnswer }) {
  return (
    <p className={styles.cost} role="status">
      {cost === undefined ? <span className="dim">{t('analysis.cost.asking')}</span> : null}
      {cost instanceof Error ? <Problem error={cost} /> : null}
      {cost === undefined || cost instanceof Error ? null : (
        <>
          {t('analysis.cost', { trials: cost.trials, images: cost.images, passes: formatCount(cost.passes) })}
          {cost.seconds === null ? (
            <span className="dim"> {t('analysis.cost.noTime')}</span>
          ) : (
            <em className="modelled">
              {' '}
              ~{formatDuration(Math.max(1, Math.round(cost.seconds))).replace(/\.0 s$/, ' s')}
            </em>
          )}
        </>
      )}
    </p>
  );
}

/** The error from computing the cost, which also prevents the start, with a hint on how to fix it. */
function Problem({ error }: { readonly error: Error }) {
  const wire = toWireError(error);
  const hint = hintOf(wire);
  return (
    <span className={styles.problem}>
      {wire.message}
      {hint === undefined ? '' : `. ${hint}`}
    </span>
  );
}

interface AnalysisStartProps {
  readonly spec: AnalysisSpec;
  /** The label of the start button. */
  readonly label: string;
  /** The reason why the analysis cannot be started, as a sentence; null if it can be started. */
  readonly problem?: string | null;
  /** True if starting the analysis is the primary action of the screen. */
  readonly isPrimary?: boolean;
}

/** The cost of an analysis, its start button and, while it runs, its progress and what was found so far. */
export function AnalysisStart({ spec, label, problem = null, isPrimary = true }: AnalysisStartProps) {
  const cost = useAnalysisCost(problem === null ? spec : null);
  const start = useJobs((state) => state.start);
  const job = useJobs((state) => lastJob(state.jobs, spec));
  const isOpen = job !== null && !isFinished(job);
  // Jobs of the same kind may analyse different things, so the outcome of a job is shown only where it was started.
  const [startedId, setStartedId] = useState<JobId | null>(null);
  const ended = job !== null && job.id === startedId ? job : null;
  return (
    <section className={styles.start} aria-label={label}>
      {problem === null ? <CostLine cost={cost} /> : <p className={styles.problem}>{problem}</p>}
      {isOpen ? (
        <Running job={job} />
      ) : (
        <Button
          tone={isPrimary ? 'primary' : 'normal'}
          icon="play"
          data-starts={spec.kind}
          disabled={problem !== null || cost instanceof Error}
          onClick={() => void start(spec).then(setStartedId)}
        >
          {label}
        </Button>
      )}
      {ended?.state === 'failed' && ended.error !== null ? (
        <ErrorBox error={fromWireError(ended.error)} title={t('analysis.failed')} />
      ) : null}
      {ended?.state === 'cancelled' ? <p className="dim">{t('analysis.cancelled')}</p> : null}
    </section>
  );
}

/**
 * The progress of a job and the button that cancels it. When it goes away with the focus, the focus moves to the
 * nearest button with the job's kind in `data-starts`, which starts it again.
 */
export function Running({ job }: { readonly job: JobSnapshot }) {
  const root = useRef<HTMLDivElement>(null);
  useFocusOnStart(root, job.kind);
  const rate = useJobs((state) => ownValue(state.rates, job.id));
  const cancel = useJobs((state) => state.cancel);
  const text = jobText(job, rate);
  return (
    <div ref={root} className={styles.running}>
      <div className={styles.line}>
        <span className="ellipsis">{text.phase}</span>
        <Button tone="quiet" icon="stop" onClick={() => void cancel(job.id)}>
          {t('jobs.cancel')}
        </Button>
      </div>
      <Meter label={`${text.kind}: ${text.phase}`} value={job.done} total={job.total} text={text.count} />
      <p className={classNames(styles.line, 'dim')}>
        <span>{text.count}</span>
        <span>{text.eta}</span>
      </p>
      {job.partial === undefined ? null : <PartialTable partial={job.partial} />}
    </div>
  );
}

function useFocusOnStart(root: RefObject<HTMLElement | null>, kind: JobKind): void {
  useLayoutEffect(() => {
    const panel = root.current;
    return () => {
      if (panel === null || !panel.contains(document.activeElement)) return;
      const places: HTMLElement[] = [];
      for (let place = panel.parentElement; place !== null; place = place.parentElement) places.push(place);
      // React puts the button in the place of the panel before this task ends.
      queueMicrotask(() => {
        const button = places
          .filter((place) => place.isConnected)
          .map((place) => place.querySelector<HTMLElement>(`[data-starts="${kind}"]:not(:disabled)`))
          .find((found) => found !== null);
        button?.focus();
      });
    };
  }, [root, kind]);
}

interface EmptyUnlessRunningProps {
  readonly projectPath: string;
  /** The kinds of jobs whose results this screen shows. */
  readonly kinds: readonly JobKind[];
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

/**
 * The content of a screen without results: the progress of a running or queued job that will provide them, otherwise
 * the suggested next step.
 */
export function EmptyUnlessRunning({ projectPath, kinds, title, children, action }: EmptyUnlessRunningProps) {
  const job = useJobs((state) => openJobs(state.jobs, projectPath).find(({ kind }) => kinds.includes(kind)) ?? null);
  if (job === null) {
    return (
      <EmptyState title={title} action={action}>
        {children}
      </EmptyState>
    );
  }
  return (
    <EmptyState
      title={t(job.state === 'running' ? 'analysis.underWay' : 'analysis.waiting', {
        kind: t(`jobs.kind.${job.kind}`),
      })}
    >
      <Running job={job} />
    </EmptyState>
  );
}
