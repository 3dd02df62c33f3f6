import { create } from 'zustand';
import { WorkbenchError } from '../../src-shared/base/errors';
import { API_METHODS, type Unsubscribe, type WorkbenchApi } from '../../src-shared/contract/api';
import type { ProjectEdit } from '../../src-shared/contract/requests';
import type { ModelView, ProjectView, ThresholdTable } from '../../src-shared/contract/views';
import type { ConnectionStatus } from '../api/connection';
import { decisionsOf, isSame } from '../../src-shared/domain/project/decisions';
import { type EditHistory, EMPTY_HISTORY, keepHistory, keptHistory, recordStep } from './decision-history';
import { reportError } from './notices';
import {
  changedMeanwhile,
  decisionsBefore,
  isPrecisionOnly,
  layersOf,
  pendingChoicesOf,
  rebased,
  changingEdits,
  withBases,
  withoutChanged,
  type EditConflict,
  type PendingChoices,
  type ScreenEdit,
} from './precision-edits';

interface SessionState {
  readonly api: WorkbenchApi;
  readonly project: ProjectView | null;
  readonly model: ModelView | null;
  /** Null until the project is calibrated. */
  readonly thresholds: ThresholdTable | null;
  readonly connection: ConnectionStatus;
  readonly history: EditHistory;
  /** Edits that the application has not answered yet; undo waits for them. */
  readonly pendingEdits: number;
  /** Precision edits that the application has not answered yet, oldest first; the screens show them as applied. */
  readonly pendingChoices: readonly PendingChoices[];
  /** An edit of layers that were changed meanwhile; null unless the user has to decide about it. */
  readonly conflict: EditConflict | null;
  /** Path of the project that is being opened. */
  readonly opening: string | null;
  /** Incremented when the calibration of the project may have changed; histograms of a smaller number are outdated. */
  readonly calibrationRevision: number;

  /** Starts using an application; the returned function disconnects it. */
  readonly connect: (api: WorkbenchApi) => Unsubscribe;
  readonly setConnection: (connection: ConnectionStatus) => void;
  /** Never rejects: errors are shown as notices. Returns true if the project was opened. */
  readonly openProject: (projectPath: string) => Promise<boolean>;
  readonly openSample: () => Promise<boolean>;
  /** Shows a project that the application has just returned. */
  readonly showProject: (project: ProjectView) => Promise<void>;
  readonly closeProject: () => void;
  /** Loads project, model and thresholds again. With `isCalibrationNew`, histograms are also loaded again. */
  readonly refresh: (options?: { readonly isCalibrationNew?: boolean }) => Promise<void>;
  /**
   * Applies edits as one named step that can be undone. Never rejects; returns false if the application refused it (a
   * notice shows why).
   */
  readonly edit: (name: string, edits: readonly ScreenEdit[]) => Promise<boolean>;
  /**
   * Resolves the conflict. `mine`: the whole edit is applied to the current project; `theirs`: the layers that were
   * changed meanwhile are kept and the other edits are applied; `none`: the edit is dropped.
   */
  readonly resolveConflict: (keep: 'mine' | 'theirs' | 'none') => Promise<boolean>;
  readonly undo: () => Promise<boolean>;
  readonly redo: () => Promise<boolean>;
}

const NO_PROJECT = {
  project: null,
  model: null,
  thresholds: null,
  history: EMPTY_HISTORY,
  pendingChoices: [],
  conflict: null,
  opening: null,
} as const;

/** Edits are sent one after the other, so that each is validated against the result of the previous one. */
let lastEdit: Promise<unknown> = Promise.resolve();
/** Incremented with every project that is shown, so that a late answer about an earlier one is dropped. */
let projectTurn = 0;
/**
 * Incremented with every request to open a project, so that a slow one does not replace a project that was opened
 * later.
 */
let openTurn = 0;

export const useSession = create<SessionState>()((set, get) => {
  const loadDetails = async (project: ProjectView, { withThresholds = true } = {}): Promise<void> => {
    const { api } = get();
    const turn = projectTurn;
    const request = { projectPath: project.path };
    const [model, thresholds] = await Promise.allSettled([
      api.getModel(request),
      withThresholds && project.calibrated ? api.getThresholds(request) : Promise.resolve(null),
    ]);
    if (turn !== projectTurn || get().project?.path !== project.path) return;
    for (const outcome of [model, thresholds]) if (outcome.status === 'rejected') reportError(outcome.reason);
    set({
      ...(model.status === 'fulfilled' ? { model: model.value } : {}),
      ...(withThresholds ? { thresholds: thresholds.status === 'fulfilled' ? thresholds.value : null } : {}),
    });
  };

  /** Updates the store with the state of the project that the application returned. */
  const adopt = async (project: ProjectView, isCalibrationNew: boolean): Promise<void> => {
    const known = get().project;
    if (known?.path !== project.path) return;
    const isChanged = !isSame(known, project);
    const isRecalibrated = isCalibrationNew || known.calibrated !== project.calibrated;
    if (isChanged) set({ project });
    if (isRecalibrated) set((state) => ({ calibrationRevision: state.calibrationRevision + 1 }));
    if (isChanged || isRecalibrated)
      await loadDetails(project, {
        withThresholds: isRecalibrated || !isSame(thresholdBasis(known), thresholdBasis(project)),
      });
  };

  const sendEdits = async (projectPath: string, edits: readonly ProjectEdit[]): Promise<ProjectView | null> => {
    const project = await get().api.editProject({ projectPath, edits });
    if (get().project?.path !== projectPath) return null;
    // The details are loaded in the background: the next edit does not wait for them.
    void adopt(project, false);
    return project;
  };

  const inTurn = (action: () => Promise<boolean>): Promise<boolean> => {
    set(({ pendingEdits }) => ({ pendingEdits: pendingEdits + 1 }));
    const result = lastEdit
      .then(action)
      .catch((error: unknown) => {
        reportError(error);
        return false;
      })
      .finally(() => set(({ pendingEdits }) => ({ pendingEdits: pendingEdits - 1 })));
    lastEdit = result;
    return result;
  };

  /**
   * Stores the conflict of a refused edit: loads the current project and finds the layers that were changed meanwhile.
   */
  const showConflict = async (
    projectPath: string,
    refused: { readonly name: string; readonly edits: readonly ProjectEdit[]; readonly error: WorkbenchError },
  ): Promise<void> => {
    const project = await get().api.openProject({ projectPath, remembers: false });
    const changed = changedMeanwhile(refused.edits, project);
    if (changed.size === 0) throw refused.error;
    await adopt(project, false);
    set(({ conflict: open, project: shown }) => {
      if (shown?.path !== projectPath) return {};
      const { name, edits } = refused;
      return {
        conflict: {
          projectPath,
          name: open?.name ?? name,
          edits: [...(open?.edits ?? []), ...edits],
          changed: new Map([...(open?.changed ?? []), ...changed]),
        },
      };
    });
  };

  /** Sends edits; if there is a conflict, it is shown and the result is null. */
  const sendOrShowConflict = async (
    projectPath: string,
    name: string,
    edits: readonly ProjectEdit[],
  ): Promise<ProjectView | null> => {
    try {
      return await sendEdits(projectPath, edits);
    } catch (error) {
      if (!(error instanceof WorkbenchError) || error.code !== 'edit-conflict') throw error;
      await showConflict(projectPath, { name, edits, error });
      return null;
    }
  };

  const step = (direction: 'undo' | 'redo'): Promise<boolean> =>
    inTurn(async () => {
      const { project, history } = get();
      const entry = (direction === 'undo' ? history.undoable : history.redoable).at(-1);
      if (project === null || entry === undefined) return false;
      const [from, to] = direction === 'undo' ? [entry.after, entry.before] : [entry.before, entry.after];
      const edits = changingEdits(decisionsOf(project.file), from, to);
      const restored = await sendOrShowConflict(project.path, entry.name, edits);
      if (restored === null) return false;
      set(({ history: now, pendingChoices }) => ({
        pendingChoices: rebased(pendingChoices, restored, layersOf(edits)),
        history:
          direction === 'undo'
            ? { undoable: now.undoable.slice(0, -1), redoable: [...now.redoable, entry] }
            : { undoable: [...now.undoable, entry], redoable: now.redoable.slice(0, -1) },
      }));
      return true;
    });

  const open = async (path: string, load: () => Promise<ProjectView>): Promise<boolean> => {
    const turn = (openTurn += 1);
    set({ opening: path });
    try {
      const project = await load();
      if (turn !== openTurn) return false;
      // The details are loaded in the background, so that the caller can switch to the screen before the user does.
      void get().showProject(project);
      return true;
    } catch (error) {
      reportError(error);
      return false;
    } finally {
      if (turn === openTurn) set({ opening: null });
    }
  };

  return {
    api: disconnectedApi(),
    ...NO_PROJECT,
    pendingEdits: 0,
    connection: { state: 'connecting' },
    calibrationRevision: 0,
    connect: (api) => {
      set({ api });
      return api.subscribe((event) => {
        if (event.type === 'project' && event.projectPath === get().project?.path) void get().refresh();
      });
    },
    setConnection: (connection) => {
      const wasLost = ['lost', 'refused'].includes(get().connection.state);
      set({ connection });
      if (wasLost && connection.state === 'online') void get().refresh({ isCalibrationNew: true });
    },
    openProject: (projectPath) => open(projectPath, () => get().api.openProject({ projectPath })),
    openSample: () => open('sample', () => get().api.openSample()),
    showProject: async (project) => {
      projectTurn += 1;
      openTurn += 1;
      set((state) => ({
        ...NO_PROJECT,
        project,
        history: keptHistory(project.path),
        calibrationRevision: state.calibrationRevision + 1,
      }));
      await loadDetails(project);
    },
    closeProject: () => {
      projectTurn += 1;
      openTurn += 1;
      set(NO_PROJECT);
    },
    refresh: async ({ isCalibrationNew = false } = {}) => {
      const { project, api } = get();
      if (project === null) return;
      try {
        await adopt(await api.openProject({ projectPath: project.path }), isCalibrationNew);
      } catch (error) {
        reportError(error);
      }
    },
    edit: (name, edits) => {
      const projectPath = get().project?.path;
      if (projectPath === undefined) return Promise.resolve(false);
      const asked = pendingChoicesOf(edits, get());
      if (asked.choices.size > 0) set((state) => ({ pendingChoices: [...state.pendingChoices, asked] }));
      // The bases of a waiting edit may be replaced, see `rebased`; its choices are never replaced.
      const isOwn = (pending: PendingChoices): boolean => pending.choices === asked.choices;
      return inTurn(async () => {
        const { project: before, pendingChoices } = get();
        if (before?.path !== projectPath) return false;
        const own = pendingChoices.find(isOwn) ?? asked;
        const after = await sendOrShowConflict(projectPath, name, withBases(edits, own.bases));
        if (after === null) return false;
        const isAboutLayers = isPrecisionOnly(edits);
        const decisions = decisionsOf(after.file);
        const entry = {
          name,
          before: isAboutLayers ? decisionsBefore(decisions, own) : decisionsOf(before.file),
          after: decisions,
        };
        set((state) => ({
          history: recordStep(state.history, entry),
          ...(isAboutLayers ? {} : { pendingChoices: rebased(state.pendingChoices, after) }),
        }));
        return true;
      }).finally(() => set((state) => ({ pendingChoices: state.pendingChoices.filter((pending) => !isOwn(pending)) })));
    },
    resolveConflict: (keep) => {
      const { conflict, edit } = get();
      set({ conflict: null });
      if (conflict === null || keep === 'none') return Promise.resolve(false);
      const edits = keep === 'mine' ? conflict.edits : withoutChanged(conflict);
      return edits.length === 0 ? Promise.resolve(false) : edit(conflict.name, edits);
    },
    undo: () => step('undo'),
    redo: () => step('redo'),
  };
});

useSession.subscribe(({ project, history }, previous) => {
  if (project !== null && project.path === previous.project?.path && history !== previous.history)
    keepHistory(project.path, history);
});

/**
 * All parts of a project except the precisions of its layers: thresholds do not depend on these, and loading all
 * thresholds takes long.
 */
function thresholdBasis({ file, ...rest }: ProjectView): unknown {
  return { ...rest, file: { ...file, plan: { ...file.plan, layers: {} } } };
}

/** Also true while an edit is pending, so that a key pressed before the answer arrives is not lost. */
export function canStep(direction: 'undo' | 'redo'): boolean {
  const { history, pendingEdits } = useSession.getState();
  return pendingEdits > 0 || (direction === 'undo' ? history.undoable : history.redoable).length > 0;
}

/** The API before the application is connected: every call rejects with that error. */
function disconnectedApi(): WorkbenchApi {
  const refuse = (): Promise<never> =>
    Promise.reject(new WorkbenchError('internal', 'The application is not connected yet'));
  const methods = Object.fromEntries(API_METHODS.map((method) => [method, refuse]));
  return { ...(methods as unknown as Omit<WorkbenchApi, 'subscribe'>), subscribe: () => () => undefined };
}
