import { useState } from 'react';
import { fromWireError } from '../../../src-shared/contract/errors';
import { ownValue } from '../../../src-shared/base/records';
import type { JobKind } from '../../../src-shared/contract/job-specs';
import { isFinished, neverBegan, type JobSnapshot } from '../../../src-shared/contract/jobs';
import { t } from '../../i18n';
import { openJobs, useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';
import { useView, type ScreenId } from '../../state/view';
import { Button, IconButton } from '../../widgets/button';
import { ErrorBox, Meter } from '../../widgets/states';
import { Icon } from '../../widgets/icons';
import { JobsDialog } from './jobs-dialog';
import { endText, jobText } from '../../state/job-text';
import './jobs.css';

/** Always there and always as high: what runs now, or how the last job ended; on the right what the project is set to. */
export function JobBar() {
  const projectPath = useSession((state) => state.project?.path ?? null);
  const jobs = useJobs((state) => state.jobs);
  const [isListOpen, setListOpen] = useState(false);
  const [seenId, setSeenId] = useState<string | null>(null);
  const [current] = openJobs(jobs, projectPath);
  // Jobs of all projects wait in one queue.
  const waiting = openJobs(jobs, null).filter((job) => job.state === 'queued' && job !== current);
  const last = jobs.findLast(
    (job) => isFinished(job) && !neverBegan(job) && (projectPath === null || job.projectPath === projectPath),
  );
  return (
    <footer className="jobs-bar" aria-label={t('jobs.title')}>
      {current === undefined ? (
        <LastJob job={last?.id === seenId ? undefined : last} onSeen={setSeenId} />
      ) : (
        <RunningJob job={current} />
      )}
      {waiting.length > 0 ? <span className="dim">{t('jobs.waiting', { count: waiting.length })}</span> : null}
      {jobs.length > 0 ? (
        <Button tone="quiet" className="jobs-all" onClick={() => setListOpen(true)}>
          {t('jobs.all', { count: jobs.length })}
        </Button>
      ) : null}
      <ProjectSettings />
      {isListOpen ? <JobsDialog onClose={() => setListOpen(false)} /> : null}
    </footer>
  );
}

/** Where the result of a job will be seen, when that is not the run screen. */
const SCREEN_OF_KIND: Readonly<Partial<Record<JobKind, ScreenId>>> = {
  sensitivity: 'sensitivity',
  auto: 'histogram',
  best: 'histogram',
  search: 'search',
  diagnose: 'results',
  repair: 'precision',
};

function RunningJob({ job }: { readonly job: JobSnapshot }) {
  const rate = useJobs((state) => ownValue(state.rates, job.id));
  const cancel = useJobs((state) => state.cancel);
  const openScreen = useView((state) => state.openScreen);
  const text = jobText(job, rate);
  return (
    <div className="jobs-running">
      <button type="button" className="jobs-link" onClick={() => openScreen(SCREEN_OF_KIND[job.kind] ?? 'run')}>
        <strong>{text.kind}</strong> {text.phase}
      </button>
      <div className="jobs-meter">
        <Meter label={`${text.kind}: ${text.phase}`} value={job.done} total={job.total} text={text.count} />
      </div>
      <span className="jobs-count">{text.count}</span>
      <span className="jobs-rate dim">{text.rate}</span>
      <span className="jobs-eta">{text.eta}</span>
      <Button tone="quiet" icon="stop" className="jobs-cancel" onClick={() => void cancel(job.id)}>
        {t('jobs.cancel')}
      </Button>
    </div>
  );
}

function LastJob({ job, onSeen }: { readonly job: JobSnapshot | undefined; readonly onSeen: (id: string) => void }) {
  const [isErrorShown, setErrorShown] = useState(false);
  if (job === undefined) return <span className="jobs-idle dim">{t('jobs.none')}</span>;
  const error = job.state === 'failed' ? job.error : null;
  return (
    <div className="jobs-idle" role="status">
      <span className={`jobs-icon-${job.state}`}>
        <Icon name={job.state === 'done' ? 'check' : job.state === 'failed' ? 'warning' : 'stop'} size={14} />
      </span>
      <span className="ellipsis">{endText(job)}</span>
      {error === null ? null : (
        <Button
          tone="quiet"
          className="jobs-all"
          aria-expanded={isErrorShown}
          onClick={() => setErrorShown(!isErrorShown)}
        >
          {t('widgets.details')}
        </Button>
      )}
      <IconButton icon="close" label={t('widgets.dismiss')} className="jobs-dismiss" onClick={() => onSeen(job.id)} />
      {isErrorShown && error !== null ? (
        <div className="jobs-error">
          <ErrorBox error={fromWireError(error)} onDismiss={() => setErrorShown(false)} />
        </div>
      ) : null}
    </div>
  );
}

/** Target, method and how many layers get INT8, whatever was asked for: what a run would use. */
function ProjectSettings() {
  const file = useSession((state) => state.project?.file);
  const chosen = useSession((state) => state.project?.chosenMethod);
  const model = useSession((state) => state.model);
  if (file === undefined) return null;
  const layers = model?.layers ?? [];
  const count = layers.filter(({ decision }) => decision.precision === 'int8').length;
  return (
    <span className="jobs-settings dim">
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
