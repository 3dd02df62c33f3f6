import type { WorkbenchApi } from '../../src-shared/contract/api';
import { isFinished } from '../../src-shared/contract/jobs';

/** Calls back as soon as no job is queued or running, which may be immediately. */
export async function whenIdle(api: Pick<WorkbenchApi, 'listJobs' | 'subscribe'>, onIdle: () => void): Promise<void> {
  const isIdle = async (): Promise<boolean> => (await api.listJobs()).every(isFinished);
  if (await isIdle()) {
    onIdle();
    return;
  }
  const unsubscribe = api.subscribe((event) => {
    if (event.type !== 'job' || !isFinished(event.job)) return;
    void isIdle().then((idle) => {
      if (!idle) return;
      unsubscribe();
      onIdle();
    });
  });
}
