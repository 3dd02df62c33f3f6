import { create } from 'zustand';
import type { Preprocessing } from '../../src-shared/domain/project/preprocessing';
import { t } from '../i18n';
import { isSame } from '../../src-shared/domain/project/decisions';
import { useSession } from './session';

/** What to do with changes of the preprocessing that are not applied, before a job starts. */
export type PendingAnswer = 'apply' | 'discard' | 'cancel';

interface PreprocessingEditsState {
  /** The project that `draft` belongs to. */
  readonly projectPath: string | null;
  /** The preprocessing with the changes that are not applied; null if there are none. */
  readonly draft: Preprocessing | null;
  readonly isApplying: boolean;
  /** Answers the question that a job waits for; null if no job waits. */
  readonly ask: ((answer: PendingAnswer) => void) | null;
  /** Stores changes of the open project until they are applied; they survive a change of the screen. */
  readonly change: (value: Preprocessing) => void;
  readonly discard: () => void;
  /**
   * Applies the changes as one edit. Returns false if the application refused them (a notice shows why); the changes
   * are kept then.
   */
  readonly apply: () => Promise<boolean>;
}

const NOTHING = { projectPath: null, draft: null } as const;

/**
 * Changes of the preprocessing that the user tries out on the data screen before they become an edit of the project.
 */
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
    // A draft that was changed meanwhile is not applied yet, so that it is kept.
    if (isApplied && get().draft === draft) set(NOTHING);
    set({ isApplying: false });
    return isApplied;
  },
}));

/** The changes of a project that are not applied; null if there are none. */
export function pendingPreprocessing(projectPath: string | null): Preprocessing | null {
  const { draft, projectPath: owner } = usePreprocessingEdits.getState();
  return owner === projectPath ? draft : null;
}

/**
 * Called before a job of a project starts. If preprocessing was changed and not applied, asks the user whether to apply
 * or to discard the changes. Returns false if the job must not start (the user cancelled, or the changes were refused).
 */
export async function settlePreprocessing(projectPath: string): Promise<boolean> {
  if (pendingPreprocessing(projectPath) === null) return true;
  // Only one question is open at a time: the job that asked before is cancelled.
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
