import { isFinished, type JobSnapshot } from '../../src-shared/contract/jobs';
import { paletteDeclarations, THEMES } from '../../src-shared/domain/palette';
import type { Connection } from '../api/connection';
import { t } from '../i18n';
import { useFiles } from '../state/files';
import { endText } from '../state/job-text';
import { openJobs, useJobs } from '../state/jobs';
import { useSession } from '../state/session';
import { useView } from '../state/view';

/** Connects the stores to the application, and reads everything again after a lost connection is restored. */
export function bindApplication(connection: Connection): void {
  useFiles.getState().connect(connection);
  useSession.getState().connect(connection.api);
  useJobs.getState().connect(connection.api);
  let isFirst = true;
  connection.onStatus((status) => {
    useSession.getState().setConnection(status);
    if (status.state !== 'online') return;
    // The first list was requested already.
    if (!isFirst) void useJobs.getState().reload();
    isFirst = false;
  });
}

/** Sets the colours that the screens share with the report as CSS properties; called once per page. */
export function applyPalette(): void {
  const style = document.createElement('style');
  style.textContent = THEMES.map((theme) => `[data-theme='${theme}']{${paletteDeclarations(theme)}}`).join('\n');
  document.head.append(style);
}

/** Applies theme, motion and language to the document, at once and after every change. */
export function applyLook(): void {
  applyPalette();
  const apply = (): void => {
    const { resolvedTheme, motion, language } = useView.getState();
    const { dataset } = document.documentElement;
    dataset['theme'] = resolvedTheme;
    dataset['motion'] = motion;
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  };
  apply();
  useView.subscribe(apply);
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => useView.getState().followSystem());
}

/** The title of the tab: the progress of the running job, then the name of the application. */
export function titleText(jobs: readonly JobSnapshot[]): string {
  const running = openJobs(jobs, null).find((job) => job.state === 'running');
  if (running === undefined) return t('app.name');
  const share = running.total > 0 ? `${Math.floor((100 * running.done) / running.total)} % ` : '';
  return `${share}${t(`jobs.kind.${running.kind}`)} · ${t('app.name')}`;
}

/** Reports on jobs while another tab or window is in front: progress in the title, and a notification at the end. */
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
