import { useEffect } from 'react';
import { create } from 'zustand';
import type { EnginesView } from '../../src-shared/contract/views';
import type { JobKind } from '../../src-shared/contract/job-specs';
import { parseEngineName } from '../../src-shared/domain/engines/engine-name';
import { followProject, newestRequest } from './follow';
import { useSession } from './session';

interface EngineState {
  /** The project that `view` belongs to; null until the first request. */
  readonly projectPath: string | null;
  /** Null while it is being loaded, and if loading failed. */
  readonly view: EnginesView | null;
  /** The name of the engine that is shown, see `EngineName`; null: the default of the application. */
  readonly shown: string | null;
  /** The name of the engine that it is compared with, and this engine once it is loaded; null: no comparison. */
  readonly comparedWith: string | null;
  readonly compared: EnginesView | null;
  /** Loads what the runtime made of the layers of the open project. */
  readonly load: () => Promise<void>;
  readonly show: (name: string | null) => void;
  /** Compares with another engine; null: no longer. */
  readonly compareWith: (name: string | null) => void;
  /** Chooses both, for links. */
  readonly choose: (choice: Pick<EngineState, 'shown' | 'comparedWith'>) => void;
}

const NOTHING = { projectPath: null, view: null, compared: null } as const;

const beginRequest = newestRequest();

export const useEngineStore = create<EngineState>()((set, get) => ({
  ...NOTHING,
  shown: null,
  comparedWith: null,
  load: async () => {
    const { api, project } = useSession.getState();
    if (project === null) return;
    const isNewest = beginRequest();
    const projectPath = project.path;
    if (get().projectPath !== projectPath) set({ ...NOTHING, projectPath });
    const { shown, comparedWith } = get();
    const engineOf = async (name: string): Promise<EnginesView | null> => {
      const wanted = parseEngineName(name);
      try {
        return await api.getEngineLayers({ projectPath, ...wanted });
      } catch {
        // The engine is optional here: the layers are shown without it. A run that is gone has none.
        return wanted.runId === undefined ? null : { variants: [], engine: null };
      }
    };
    const [view, compared] = await Promise.all([
      engineOf(shown ?? ''),
      comparedWith === null ? null : engineOf(comparedWith),
    ]);
    if (!isNewest()) return;
    // An engine is not compared with itself.
    const isSame = compared !== null && isOne({ name: shown, view }, { name: comparedWith, view: compared });
    set(isSame ? { view, compared: null, comparedWith: null } : { view, compared });
  },
  show: (shown) => get().choose({ shown, comparedWith: get().comparedWith }),
  compareWith: (comparedWith) => {
    if (comparedWith === null) set({ comparedWith, compared: null });
    else get().choose({ shown: get().shown, comparedWith });
  },
  choose: ({ shown, comparedWith }) => {
    const before = get();
    if (shown === before.shown && comparedWith === before.comparedWith) return;
    set({ shown, comparedWith, ...(comparedWith === before.comparedWith ? {} : { compared: null }) });
    if (before.projectPath !== null) void get().load();
  },
}));

interface Named {
  readonly name: string | null;
  readonly view: EnginesView | null;
}

/** Whether two names stand for one engine; a name without a variant stands for the default of its source. */
function isOne(a: Named, b: Named): boolean {
  const [one, other] = [a, b].map(({ name, view }) => {
    const { runId, variant } = parseEngineName(name ?? '');
    return { runId, variant: view?.engine?.variant ?? variant };
  });
  return one?.runId === other?.runId && one?.variant !== undefined && one.variant === other?.variant;
}

const BUILDING: readonly JobKind[] = ['build', 'bench', 'validate', 'run', 'tune'];

// Edits make engines outdated, and jobs build new ones.
const forget = (): void => {
  beginRequest();
  useEngineStore.setState(NOTHING);
};
followProject(useEngineStore.getState, { forget, jobs: BUILDING, edits: true });

/** The engine of the open project, loaded on first use; null if there is none or it is not loaded yet. */
export function useEngine(): Omit<EngineState, 'projectPath' | 'load'> {
  const state = useEngineStore();
  const projectPath = useSession((session) => session.project?.path ?? null);
  const { load } = state;
  const isKnown = state.projectPath === projectPath;
  useEffect(() => {
    // Several components ask at the same time; the first request loads the engine for all of them.
    if (projectPath !== null && useEngineStore.getState().projectPath !== projectPath) void load();
  }, [projectPath, isKnown, load]);
  return isKnown ? state : { ...state, ...NOTHING };
}
