import { useCallback, useEffect, useState } from 'react';
import type { HistoryView, RunView } from '../../../src-shared/contract/views';
import { useJobs } from '../../state/jobs';
import { useSession } from '../../state/session';

type Loaded<T> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'ready'; readonly value: T };

const LOADING = { kind: 'loading' } as const;

/** The recorded runs of a project; read again when a run ends. The old list stays until the new one is there. */
export function useHistoryView(projectPath: string): {
  readonly state: Loaded<HistoryView>;
  readonly reload: () => void;
} {
  const api = useSession((state) => state.api);
  const finished = useJobs(
    (state) => state.jobs.filter(({ kind, state: own }) => kind === 'run' && own === 'done').length,
  );
  const [attempt, setAttempt] = useState(0);
  const [loaded, setLoaded] = useState<{ readonly path: string; readonly state: Loaded<HistoryView> } | null>(null);
  useEffect(() => {
    let isCurrent = true;
    const show = (state: Loaded<HistoryView>): void => {
      if (isCurrent) setLoaded({ path: projectPath, state });
    };
    api.getHistory({ projectPath }).then(
      (value) => show({ kind: 'ready', value }),
      (error: unknown) => show({ kind: 'failed', error }),
    );
    return () => {
      isCurrent = false;
    };
  }, [api, projectPath, finished, attempt]);
  const reload = useCallback(() => setAttempt((count) => count + 1), []);
  return { state: loaded?.path === projectPath ? loaded.state : LOADING, reload };
}

/** Two runs in full, for their comparison; null while they are read, or if one cannot be read. */
export function useTwoRuns(projectPath: string, from: string, to: string): readonly [RunView, RunView] | null {
  const api = useSession((state) => state.api);
  const [loaded, setLoaded] = useState<{ readonly key: string; readonly runs: readonly [RunView, RunView] } | null>(
    null,
  );
  const key = `${projectPath} ${from} ${to}`;
  useEffect(() => {
    let isCurrent = true;
    Promise.all([api.getRun({ projectPath, runId: from }), api.getRun({ projectPath, runId: to })]).then(
      (runs) => {
        if (isCurrent) setLoaded({ key, runs });
      },
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [api, projectPath, from, to, key]);
  return loaded?.key === key ? loaded.runs : null;
}
