import { fromWireError } from '../../../src-shared/contract/errors';
import { ownValue } from '../../../src-shared/base/records';
import { isFinished, type JobSnapshot } from '../../../src-shared/contract/jobs';
import { t } from '../../i18n';
import { useJobs } from '../../state/jobs';
import { Tag } from '../../widgets/badge';
import { Button } from '../../widgets/button';
import { Dialog } from '../../widgets/dialog';
import { ErrorBox, Meter } from '../../widgets/states';
import { jobText } from '../../state/job-text';
import { classNames } from '../../widgets/class-names';
import styles from './jobs-dialog.module.css';

const TONES = { queued: 'neutral', running: 'neutral', done: 'good', failed: 'danger', cancelled: 'warning' } as const;

/** Every job since the application was started, newest first, of all projects. */
export function JobsDialog({ onClose }: { readonly onClose: () => void }) {
  const jobs = useJobs((state) => state.jobs);
  return (
    <Dialog title={t('jobs.title')} className={styles.root} onClose={onClose}>
      <ul className={styles.list}>
        {jobs.toReversed().map((job) => (
          <JobRow key={job.id} job={job} />
        ))}
      </ul>
    </Dialog>
  );
}

function JobRow({ job }: { readonly job: JobSnapshot }) {
  const rate = useJobs((state) => ownValue(state.rates, job.id));
  const cancel = useJobs((state) => state.cancel);
  const text = jobText(job, rate);
  return (
    <li>
      <div className={styles.row}>
        <strong>{text.kind}</strong>
        <Tag tone={TONES[job.state]}>{t(`jobs.state.${job.state}`)}</Tag>
        <span className={classNames(styles.path, 'dim ellipsis')} title={job.projectPath}>
          {job.projectPath}
        </span>
        {isFinished(job) ? null : (
          <Button tone="quiet" icon="stop" onClick={() => void cancel(job.id)}>
            {t('jobs.cancel')}
          </Button>
        )}
      </div>
      {job.state === 'running' ? (
        <div className={styles.row}>
          <span>{text.phase}</span>
          <div className={styles.meter}>
            <Meter label={`${text.kind}: ${text.phase}`} value={job.done} total={job.total} text={text.count} />
          </div>
          <span className="dim">{[text.count, text.rate, text.eta].filter((part) => part !== '').join('  ')}</span>
        </div>
      ) : null}
      {job.error === null || job.state !== 'failed' ? null : <ErrorBox error={fromWireError(job.error)} />}
    </li>
  );
}
