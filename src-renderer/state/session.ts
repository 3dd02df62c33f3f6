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
  /** Precision edits that the application has not answered yet, oldest first; screens show them as done. */
  readonly pendingChoices: readonly PendingChoices[];
  /** An edit of layers that were changed meanwhile, until a person decides. */
  readonly conflict: EditConflict | null;
  /** A project is being opened: its path. */
  readonly opening: string | null;
  /** Grows whenever the calibration of the project may have changed: histograms of an older number are stale. */
  readonly calibrationRevision: number;

  /** Starts using an application; call the result to stop. */
  readonly connect: (api: WorkbenchApi) => Unsubscribe;
  readonly setConnection: (connection: ConnectionStatus) => void;
  /** Never rejects: what fails is shown as a notice. True when the project is open. */
  readonly openProject: (projectPath: string) => Promise<boolean>;
  readonly openSample: () => Promise<boolean>;
  /** Shows a project that the application has just handed out. */
  readonly showProject: (project: ProjectView) => Promise<void>;
  readonly closeProject: () => void;
  /** Reads project, model and thresholds again. `isCalibrationNew`: histograms too. */
  readonly refresh: (options?: { readonly isCalibrationNew?: boolean }) => Promise<void>;
  /** One undoable step under one name. Never rejects; false when the application refused (a notice says why). */
  readonly edit: (name: string, edits: readonly ScreenEdit[]) => Promise<boolean>;
  /**
   * Ends the conflict. `mine`: the whole edit is applied to the project as it is now; `theirs`: the layers that were
   * changed meanwhile stay as they are and the other edits are applied; `none`: the edit is dropped.
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

/** Edits go to the application one after the other, so that each is judged by what the one before it left. */
let lastEdit: Promise<unknown> = Promise.resolve();
/** Grows with every project that is shown, so that a late answer about an earlier one is dropped. */
let projectTurn = 0;
/** Grows with every wish to see another project, so that one that took long does not replace what was opened since. */
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

  /** Takes over what the application says the project is now. */
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
    // The details follow by themselves: the next edit need not wait for them.
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

  /** What the project is now that an edit was refused, and which layers of the edit were changed meanwhile. */
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

  /** Sends edits; a conflict is shown and answered with null. */
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
      // Its details follow: whoever asked may choose the screen before a person does.
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
      // Its bases may be replaced while it waits, see `rebased`; its choices stay.
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

/** All of a project but the precisions of its layers: no threshold depends on them, and reading them all takes long. */
function thresholdBasis({ file, ...rest }: ProjectView): unknown {
  return { ...rest, file: { ...file, plan: { ...file.plan, layers: {} } } };
}

/** True also while an edit is on its way: a key pressed between the edit and its answer must not be lost. */
export function canStep(direction: 'undo' | 'redo'): boolean {
  const { history, pendingEdits } = useSession.getState();
  return pendingEdits > 0 || (direction === 'undo' ? history.undoable : history.redoable).length > 0;
}

/** What answers before the application is reached: every call says so. */
function disconnectedApi(): WorkbenchApi {
  const refuse = (): Promise<never> =>
    Promise.reject(new WorkbenchError('internal', 'The application is not connected yet'));
  const methods = Object.fromEntries(API_METHODS.map((method) => [method, refuse]));
  return { ...(methods as unknown as Omit<WorkbenchApi, 'subscribe'>), subscribe: () => () => undefined };
}
