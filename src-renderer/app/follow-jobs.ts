import { isFinished, type JobSnapshot } from '../../src-shared/contract/jobs';
import { t } from '../i18n';
import { endText } from '../state/job-text';
import { openJobs, useJobs } from '../state/jobs';
import { useView } from '../state/view';

/** The title of the tab: how far the running job is, then the application. */
export function titleText(jobs: readonly JobSnapshot[]): string {
  const running = openJobs(jobs, null).find((job) => job.state === 'running');
  if (running === undefined) return t('app.name');
  const share = running.total > 0 ? `${Math.floor((100 * running.done) / running.total)} % ` : '';
  return `${share}${t(`jobs.kind.${running.kind}`)} · ${t('app.name')}`;
}

/** Tells of jobs while another tab or window is in front: by the title, and by a notification at the end. */
export function followJobs(): void {
  const showTitle = (): void => {
    document.title = useView.getState().follow === 'none' ? t('app.name') : titleText(useJobs.getState().jobs);
  };
  useJobs.subscribe((state, previous) => {
    showTitle();
    for (const job of state.jobs) {
      const before = previous.jobs.find(({ id }) => id === job.id);
      if (before !== undefined && !isFinished(before) && isFinished(job)) notify(job);
    }
  });
  useView.subscribe(showTitle);
  showTitle();
}

function notify(job: JobSnapshot): void {
  const isWanted = useView.getState().follow === 'notify' && document.hidden && job.state !== 'cancelled';
  if (isWanted && 'Notification' in window && Notification.permission === 'granted')
    new Notification(t('app.name'), { body: endText(job) });
}
