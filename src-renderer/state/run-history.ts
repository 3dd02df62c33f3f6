import { useEffect } from 'react';
import { create } from 'zustand';
import type { HistoryView, RunView } from '../../src-shared/contract/views';
import { followProject, newestRequest } from './follow';
import { useSession } from './session';

export type Loaded<T> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'ready'; readonly value: T };

const LOADING = { kind: 'loading' } as const;

interface RunHistory {
  /** The project that `state` belongs to; null until the first request. */
  readonly projectPath: string | null;
  readonly state: Loaded<HistoryView>;
  /** Reads the runs of the open project. What was read before stays until the new answer has arrived. */
  readonly load: () => Promise<void>;
  /** The runs that were shown last, in full, by id. A recorded run never changes. */
  readonly runs: ReadonlyMap<string, Loaded<RunView>>;
  readonly loadRun: (runId: string) => Promise<void>;
}

const NOTHING = { projectPath: null, state: LOADING, runs: new Map<string, Loaded<RunView>>() } as const;
const KEPT_RUNS = 16;

const beginRequest = newestRequest();

/** The recorded runs of the open project in short, for all screens that list them. */
export const useRunHistoryStore = create<RunHistory>()((set, get) => ({
  ...NOTHING,
  load: async () => {
    const { api, project } = useSession.getState();
    if (project === null) return;
    const isNewest = beginRequest();
    const projectPath = project.path;
    if (get().projectPath !== projectPath) set({ ...NOTHING, projectPath });
    const state: Loaded<HistoryView> = await api.getHistory({ projectPath }).then(
      (value) => ({ kind: 'ready', value }),
      (error: unknown) => ({ kind: 'failed', error }),
    );
    if (isNewest()) set({ state });
  },
  loadRun: async (runId) => {
    const { api } = useSession.getState();
    const { projectPath } = get();
    if (projectPath === null) return;
    const keep = (run: Loaded<RunView>): void => {
      if (get().projectPath !== projectPath) return;
      const others = [...get().runs].filter(([other]) => other !== runId);
      set({ runs: new Map([...others, [runId, run] as const].slice(-KEPT_RUNS)) });
    };
    keep(
      await api.getRun({ projectPath, runId }).then(
        (value) => ({ kind: 'ready', value }) as const,
        (error: unknown) => ({ kind: 'failed', error }) as const,
      ),
    );
  },
}));

const forget = (): void => {
  beginRequest();
  useRunHistoryStore.setState(NOTHING);
};
followProject(useRunHistoryStore.getState, { forget, jobs: ['run'], edits: false });

/**
 * The recorded runs of the open project, read on first use and when a run ends.
 * @param isFresh reads them again when the component appears, because other programs may have recorded runs
 */
export function useRunHistory(isFresh = false): Pick<RunHistory, 'state' | 'load'> {
  const projectPath = useSession((session) => session.project?.path ?? null);
  const { projectPath: known, state, load } = useRunHistoryStore();
  useEffect(() => {
    if (isFresh || useRunHistoryStore.getState().projectPath !== projectPath) void load();
  }, [projectPath, isFresh, load]);
  return { state: known === projectPath ? state : LOADING, load };
}

/** A recorded run of the open project in full, read on first use; null while none is asked for. */
export function useRun(runId: string | null): Loaded<RunView> | null {
  const projectPath = useSession((session) => session.project?.path ?? null);
  const known = useRunHistoryStore((store) => (runId === null ? null : (store.runs.get(runId) ?? LOADING)));
  const isOfProject = useRunHistoryStore((store) => store.projectPath === projectPath);
  useEffect(() => {
    const { runs, loadRun } = useRunHistoryStore.getState();
    if (runId !== null && isOfProject && runs.get(runId)?.kind !== 'ready') void loadRun(runId);
  }, [runId, isOfProject]);
  return isOfProject || known === null ? known : LOADING;
}
