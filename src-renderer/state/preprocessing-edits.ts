import { create } from 'zustand';
import type { Preprocessing } from '../../src-shared/domain/project/preprocessing';
import { t } from '../i18n';
import { isSame } from '../../src-shared/domain/project/decisions';
import { useSession } from './session';

/** What to do with changes that were tried out but not applied, before a job starts. */
export type PendingAnswer = 'apply' | 'discard' | 'cancel';

interface PreprocessingEditsState {
  /** The project that `draft` belongs to. */
  readonly projectPath: string | null;
  /** The preprocessing with changes that are not applied; null: there are none. */
  readonly draft: Preprocessing | null;
  readonly isApplying: boolean;
  /** A job waits for an answer; null: none does. */
  readonly ask: ((answer: PendingAnswer) => void) | null;
  /** Keeps changes of the open project, whichever screen is shown. */
  readonly change: (value: Preprocessing) => void;
  readonly discard: () => void;
  /**
   * Applies the changes as one edit. False when the application refused them (a notice says why): they are kept then.
   */
  readonly apply: () => Promise<boolean>;
}

const NOTHING = { projectPath: null, draft: null } as const;

/** Changes of the preprocessing that are tried out on the data screen before they become an edit of the project. */
export const usePreprocessingEdits = create<PreprocessingEditsState>()((set, get) => ({
  ...NOTHING,
  isApplying: false,
  ask: null,
  change: (value) => {
    const { project } = useSession.getState();
    if (project !== null)
      set(isSame(value, project.file.preprocessing) ? NOTHING : { projectPath: project.path, draft: value });
  },
  discard: () => set(NOTHING),
  apply: async () => {
    const { draft, projectPath } = get();
    const { project, edit } = useSession.getState();
    if (draft === null || project?.path !== projectPath) return false;
    set({ isApplying: true });
    const isApplied = await edit(t('data.edit.preprocessing'), [{ kind: 'preprocessing', preprocessing: draft }]);
    // What was typed meanwhile is another change.
    if (isApplied && get().draft === draft) set(NOTHING);
    set({ isApplying: false });
    return isApplied;
  },
}));

/** The changes of a project that are not applied; null when there are none. */
export function pendingPreprocessing(projectPath: string | null): Preprocessing | null {
  const { draft, projectPath: owner } = usePreprocessingEdits.getState();
  return owner === projectPath ? draft : null;
}

/**
 * Before a job of a project starts: when preprocessing was changed and not applied, asks a person whether to apply or
 * to discard the changes. False: the job must not start (the person went back, or the changes were refused).
 */
export async function settlePreprocessing(projectPath: string): Promise<boolean> {
  if (pendingPreprocessing(projectPath) === null) return true;
  // One question at a time: the job that asked before does not start.
  usePreprocessingEdits.getState().ask?.('cancel');
  const answer = await new Promise<PendingAnswer>((resolve) => {
    const ask = (given: PendingAnswer): void => {
      usePreprocessingEdits.setState((state) => (state.ask === ask ? { ask: null } : {}));
      resolve(given);
    };
    usePreprocessingEdits.setState({ ask });
  });
  if (answer === 'discard') usePreprocessingEdits.getState().discard();
  if (answer === 'apply') return usePreprocessingEdits.getState().apply();
  return answer === 'discard';
}
