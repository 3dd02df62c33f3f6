import { useCallback, useEffect, useState } from 'react';
import type { RunSummary } from '../../../src-shared/contract/views';
import { useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';

export type RunsState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'ready'; readonly runs: readonly RunSummary[] };

interface Loaded {
  readonly projectPath: string;
  readonly state: RunsState;
}

/** The runs of a project, newest first; read again when a run ends. What is shown stays until the new list is there. */
export function useRuns(projectPath: string): { readonly state: RunsState; readonly reload: () => void } {
  const api = useSession((state) => state.api);
  const finishedRuns = useJobs(
    (state) =>
      state.jobs.filter((job) => job.kind === 'run' && job.state === 'done' && job.projectPath === projectPath).length,
  );
  const [attempt, setAttempt] = useState(0);
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  useEffect(() => {
    let isCurrent = true;
    const show = (state: RunsState): void => {
      if (isCurrent) setLoaded({ projectPath, state });
    };
    api.listRuns({ projectPath }).then(
      (runs) => show({ kind: 'ready', runs }),
      (error: unknown) => show({ kind: 'failed', error }),
    );
    return () => {
      isCurrent = false;
    };
  }, [api, projectPath, finishedRuns, attempt]);
  const reload = useCallback(() => setAttempt((count) => count + 1), []);
  return { state: loaded?.projectPath === projectPath ? loaded.state : { kind: 'loading' }, reload };
}
