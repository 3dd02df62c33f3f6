import { useEffect } from 'react';
import { create } from 'zustand';
import type { AnalysesView, Dated } from '../../src-shared/contract/views';
import type { AnalysisSpec, JobKind } from '../../src-shared/contract/job-specs';
import {
  SENSITIVITY_KINDS,
  type SensitivityKind,
  type SensitivityResult,
} from '../../src-shared/domain/analysis/analysis';
import { followProject, newestRequest } from './follow';
import { useSession } from './session';

interface AnalysesState {
  /** The project that `view` and `error` belong to; null until the first request. */
  readonly projectPath: string | null;
  /** Null while it is being loaded, and if loading failed. */
  readonly view: AnalysesView | null;
  readonly error: unknown;
  /** The question whose answer the graph and the tables show; null: the question of the newest answer. */
  readonly question: SensitivityKind | null;
  /** Loads the analyses of the open project. */
  readonly load: () => Promise<void>;
  readonly ask: (question: SensitivityKind) => void;
}

const NOTHING = { projectPath: null, view: null, error: null, question: null } as const;

const beginRequest = newestRequest();

export const useAnalysesStore = create<AnalysesState>()((set) => ({
  ...NOTHING,
  load: async () => {
    const { api, project } = useSession.getState();
    if (project === null) return;
    const isNewest = beginRequest();
    set((state) => (state.projectPath === project.path ? {} : { ...NOTHING, projectPath: project.path }));
    try {
      const view = await api.getAnalyses({ projectPath: project.path });
      if (isNewest()) set({ view, error: null });
    } catch (error) {
      if (isNewest()) set({ error });
    }
  },
  ask: (question) => set({ question }),
}));

const ANALYSES: readonly JobKind[] = [
  'sensitivity',
  'auto',
  'search',
  'diagnose',
  'repair',
  'smooth',
  'learn',
  'advise',
  'fix',
] satisfies readonly (AnalysisSpec['kind'] | 'repair' | 'smooth' | 'learn' | 'fix')[];

// Edits make results outdated, and jobs create new ones.
const forget = (): void => {
  beginRequest();
  useAnalysesStore.setState(NOTHING);
};
followProject(useAnalysesStore.getState, { forget, jobs: ANALYSES, edits: true });

/** The analyses of the open project, loaded on first use. */
export function useAnalyses(): AnalysesState {
  const state = useAnalysesStore();
  const projectPath = useSession((session) => session.project?.path ?? null);
  const { load } = state;
  const isKnown = state.projectPath === projectPath;
  useEffect(() => {
    if (projectPath !== null && !isKnown) void load();
  }, [projectPath, isKnown, load]);
  return isKnown ? state : { ...state, ...NOTHING };
}

/** The current question: the chosen one, else that of the newest answer, else release. */
export function questionOf({ view, question }: Pick<AnalysesState, 'view' | 'question'>): SensitivityKind {
  if (question !== null) return question;
  const made = (kind: SensitivityKind): string => view?.sensitivity[kind]?.result.createdAt ?? '';
  return SENSITIVITY_KINDS.reduce((newest, kind) => (made(kind) > made(newest) ? kind : newest), 'release');
}

/** The answer to the current question; null if it was not computed yet. */
export function sensitivityOf(state: Pick<AnalysesState, 'view' | 'question'>): Dated<SensitivityResult> | null {
  return state.view?.sensitivity[questionOf(state)] ?? null;
}
