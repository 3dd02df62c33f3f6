import { useState } from 'react';
import { fromWireError } from '../../../src-shared/contract/errors';
import { ownValue } from '../../../src-shared/base/records';
import type { JobKind } from '../../../src-shared/contract/job-specs';
import { isFinished, neverBegan, type JobSnapshot, type JobState } from '../../../src-shared/contract/jobs';
import { t } from '../../i18n';
import { openJobs, useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
import { useView, type ScreenId } from '../../state/view';
import { Button, IconButton } from '../../widgets/button';
import { ErrorBox, Meter } from '../../widgets/states';
import { Icon } from '../../widgets/icons';
import { JobsDialog } from './jobs-dialog';
import { endText, jobText } from '../../state/job-text';
import { classNames } from '../../widgets/class-names';
import styles from './job-bar.module.css';

/** Colour of the icon of a job that has ended. */
const ICON_STATES: ReadonlyMap<JobState, string | undefined> = new Map([
  ['done', styles.iconDone],
  ['failed', styles.iconFailed],
  ['cancelled', styles.iconCancelled],
]);

/** A bar of constant height: the running or last job on the left, the project's settings on the right. */
export function JobBar() {
  const projectPath = useSession((state) => state.project?.path ?? null);
  const jobs = useJobs((state) => state.jobs);
  const [isListOpen, setListOpen] = useState(false);
  const [seenId, setSeenId] = useState<string | null>(null);
  const [current] = openJobs(jobs, projectPath);
  // The queue contains the jobs of all projects.
  const waiting = openJobs(jobs, null).filter((job) => job.state === 'queued' && job !== current);
  const last = jobs.findLast(
    (job) => isFinished(job) && !neverBegan(job) && (projectPath === null || job.projectPath === projectPath),
  );
  return (
    <footer className={styles.root} aria-label={t('jobs.title')}>
      {current === undefined ? (
        <LastJob job={last?.id === seenId ? undefined : last} onSeen={setSeenId} />
      ) : (
        <RunningJob job={current} />
      )}
      {waiting.length > 0 ? <span className="dim">{t('jobs.waiting', { count: waiting.length })}</span> : null}
      {jobs.length > 0 ? (
        <Button tone="quiet" className={styles.all} onClick={() => setListOpen(true)}>
          {t('jobs.all', { count: jobs.length })}
        </Button>
      ) : null}
      <ProjectSettings />
      {isListOpen ? <JobsDialog onClose={() => setListOpen(false)} /> : null}
    </footer>
  );
}

/** The screen that shows the results of a job, for kinds of jobs whose results are not on the run screen. */
const SCREEN_OF_KIND: Readonly<Partial<Record<JobKind, ScreenId>>> = {
  sensitivity: 'sensitivity',
  auto: 'histogram',
  best: 'histogram',
  search: 'search',
  diagnose: 'results',
  repair: 'precision',
  fix: 'results',
  advise: 'precision',
};

function RunningJob({ job }: { readonly job: JobSnapshot }) {
  const rate = useJobs((state) => ownValue(state.rates, job.id));
  const cancel = useJobs((state) => state.cancel);
  const openScreen = useView((state) => state.openScreen);
  const text = jobText(job, rate);
  return (
    <div className={styles.running} data-testid="jobs-running">
      <button type="button" className={styles.link} onClick={() => openScreen(SCREEN_OF_KIND[job.kind] ?? 'run')}>
        <strong>{text.kind}</strong> {text.phase}
      </button>
      <div className={styles.meter}>
        <Meter label={`${text.kind}: ${text.phase}`} value={job.done} total={job.total} text={text.count} />
      </div>
      <span className={styles.count}>{text.count}</span>
      <span className={classNames(styles.rate, 'dim')}>{text.rate}</span>
      <span className={styles.eta}>{text.eta}</span>
      <Button tone="quiet" icon="stop" className={styles.cancel} onClick={() => void cancel(job.id)}>
        {t('jobs.cancel')}
      </Button>
    </div>
  );
}

function LastJob({ job, onSeen }: { readonly job: JobSnapshot | undefined; readonly onSeen: (id: string) => void }) {
  const [isErrorShown, setErrorShown] = useState(false);
  if (job === undefined) return <span className={classNames(styles.idle, 'dim')}>{t('jobs.none')}</span>;
  const error = job.state === 'failed' ? job.error : null;
  return (
    <div className={styles.idle} role="status" data-testid="jobs-idle">
      <span className={ICON_STATES.get(job.state)}>
        <Icon name={job.state === 'done' ? 'check' : job.state === 'failed' ? 'warning' : 'stop'} size={14} />
      </span>
      <span className="ellipsis">{endText(job)}</span>
      {error === null ? null : (
        <Button
          tone="quiet"
          className={styles.all}
          aria-expanded={isErrorShown}
          onClick={() => setErrorShown(!isErrorShown)}
        >
          {t('widgets.details')}
        </Button>
      )}
      <IconButton icon="close" label={t('widgets.dismiss')} className={styles.dismiss} onClick={() => onSeen(job.id)} />
      {isErrorShown && error !== null ? (
        <div className={styles.error}>
          <ErrorBox error={fromWireError(error)} onDismiss={() => setErrorShown(false)} />
        </div>
      ) : null}
    </div>
  );
}

/** The settings that a run would use: target, method, and the number of layers that would actually get INT8. */
function ProjectSettings() {
  const file = useSession((state) => state.project?.file);
  const chosen = useSession((state) => state.project?.chosenMethod);
  const model = useSession((state) => state.model);
  if (file === undefined) return null;
  const layers = model?.layers ?? [];
  const count = layers.filter(({ decision }) => decision.precision === 'int8').length;
  return (
    <span className={classNames(styles.settings, 'dim')}>
      <span>{t(`jobs.target.${file.target}`)}</span>
      <span>
        {t('jobs.method', {
          method:
            chosen === undefined
              ? t(`jobs.method.${file.method}`)
              : t('jobs.method.chosen', { method: t(`jobs.method.${chosen}`) }),
        })}
      </span>
      {layers.length === 0 ? null : <span>{t('jobs.int8Layers', { count, n: layers.length })}</span>}
    </span>
  );
}
