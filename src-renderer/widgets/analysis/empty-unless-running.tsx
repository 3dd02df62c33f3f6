import type { ReactNode } from 'react';
import type { JobKind } from '../../../src-shared/contract/job-specs';
import { t } from '../../i18n';
import { openJobs, useJobs } from '../../state/jobs';
import { EmptyState } from '../empty-state';
import { Running } from './analysis-start';

interface EmptyUnlessRunningProps {
  readonly projectPath: string;
  /** The jobs that will give this screen something to show. */
  readonly kinds: readonly JobKind[];
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

/** What a screen shows before it has something to show: the job that makes it, while one runs or waits, else the next step. */
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
