import { useEffect } from 'react';
import { create } from 'zustand';
import type { EnginesView, EngineView } from '../../src-shared/contract/views';
import type { JobKind } from '../../src-shared/contract/job-specs';
import { followProject } from './follow';
import { useSession } from './session';

interface EngineState {
  /** The project that `view` belongs to; null until the first request. */
  readonly projectPath: string | null;
  /** Null while it is being loaded, and if loading failed. */
  readonly view: EnginesView | null;
  /** The variant whose engine is shown; null: the default of the application. */
  readonly variant: string | null;
  /** The variant whose engine it is compared with, and this engine once it is loaded; null: no comparison. */
  readonly comparedVariant: string | null;
  readonly compared: EngineView | null;
  /** Loads what TensorRT made of the layers of the open project. */
  readonly load: () => Promise<void>;
  readonly showVariant: (variant: string) => void;
  /** Compares with the engine of another variant; null: no longer. */
  readonly compareWith: (variant: string | null) => void;
}

const NOTHING = { projectPath: null, view: null, variant: null, comparedVariant: null, compared: null } as const;

/** Incremented with every request, so that outdated answers are dropped. */
let turn = 0;

export const useEngineStore = create<EngineState>()((set, get) => ({
  ...NOTHING,
  load: async () => {
    const { api, project } = useSession.getState();
    if (project === null) return;
    const own = (turn += 1);
    set((state) => (state.projectPath === project.path ? {} : { ...NOTHING, projectPath: project.path }));
    const { variant, comparedVariant } = get();
    const engineOf = (name: string | null): Promise<EnginesView> =>
      api.getEngineLayers({ projectPath: project.path, ...(name === null ? {} : { variant: name }) });
    try {
      const view = await engineOf(variant);
      const compared = comparedVariant === null ? null : (await engineOf(comparedVariant)).engine;
      if (own === turn) set({ view, compared });
    } catch {
      // The engine is optional here: the layers are shown without it.
      if (own === turn) set({ view: null, compared: null });
    }
  },
  showVariant: (variant) => {
    set({ variant });
    void get().load();
  },
  compareWith: (comparedVariant) => {
    set({ comparedVariant, compared: null });
    if (comparedVariant !== null) void get().load();
  },
}));

const BUILDING: readonly JobKind[] = ['build', 'bench', 'validate', 'run', 'tune'];

// Edits make engines outdated, and jobs build new ones.
const forget = (): void => {
  turn += 1;
  useEngineStore.setState(NOTHING);
};
followProject(useEngineStore.getState, forget, BUILDING);

/** The engine of the open project, loaded on first use; null if there is none or it is not loaded yet. */
export function useEngine(): Pick<
  EngineState,
  'view' | 'showVariant' | 'compared' | 'comparedVariant' | 'compareWith'
> {
  const state = useEngineStore();
  const projectPath = useSession((session) => session.project?.path ?? null);
  const { load, view, showVariant, compared, comparedVariant, compareWith } = state;
  const isKnown = state.projectPath === projectPath;
  useEffect(() => {
    // Several components ask at the same time; the first request loads the engine for all of them.
    if (projectPath !== null && useEngineStore.getState().projectPath !== projectPath) void load();
  }, [projectPath, isKnown, load]);
  return isKnown
    ? { view, showVariant, compared, comparedVariant, compareWith }
    : { view: null, showVariant, compared: null, comparedVariant: null, compareWith };
}
