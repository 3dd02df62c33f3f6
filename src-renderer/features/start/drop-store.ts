import { create } from 'zustand';
import type { DroppedItem, UploadProgress } from '../../api/connection';
import { t } from '../../i18n';
import { useFieldImages, useFiles } from '../../state/files';
import { reportError, tell } from '../../state/notices';
import { useSession } from '../../state/session';
import { useView } from '../../state/view';
import { type DropAction, likelySet, nameOfPath, planDrop, proposedProjectPath, type Refusal } from './drop-plan';

/**
 * Shows the first screen of a project that was just opened: the histograms if it is calibrated, otherwise the model.
 */
export function showLanding(): void {
  useView.getState().openScreen(useSession.getState().project?.calibrated === true ? 'histogram' : 'model');
}

/** The contents of the form for a new project; texts that are not filled in yet are empty. */
export interface ProjectDraft {
  readonly modelPath: string;
  readonly calibrationPath: string;
  readonly validationPath: string;
  /** Empty: the project is created beside the model. */
  readonly projectPath: string;
}

export type DropStep =
  | { readonly kind: 'sending'; readonly progress: UploadProgress; readonly cancel: () => void }
  /** Asks which set of the open project the dropped folder is. */
  | { readonly kind: 'ask-set'; readonly path: string }
  | { readonly kind: 'new-project'; readonly draft: ProjectDraft };

interface DropState {
  readonly step: DropStep | null;
  /** Dropped items that are not used, with reasons; shown until the step is closed. */
  readonly refused: readonly Refusal[];
  readonly drop: (items: readonly DroppedItem[]) => Promise<void>;
  readonly startProject: (draft?: Partial<ProjectDraft>) => void;
  readonly changeDraft: (changes: Partial<ProjectDraft>) => void;
  /** Uses the dropped folder as a set of the project, or as field images. */
  readonly useAs: (which: 'calibration' | 'validation' | 'field') => Promise<void>;
  readonly close: () => void;
}

const EMPTY_DRAFT: ProjectDraft = { modelPath: '', calibrationPath: '', validationPath: '', projectPath: '' };

export const useDrop = create<DropState>()((set, get) => {
  /**
   * The paths of the items for the application. In a browser the items are uploaded first; the upload shows its
   * progress and can be cancelled.
   */
  const pathsOf = async (items: readonly DroppedItem[]): Promise<readonly string[]> => {
    const { files, host } = useFiles.getState();
    const before = get().step;
    const abort = new AbortController();
    const onProgress = (progress: UploadProgress): void =>
      set({ step: { kind: 'sending', progress, cancel: () => abort.abort() } });
    try {
      return await files.pathsOf(items, host === 'browser' ? { onProgress, signal: abort.signal } : {});
    } catch (error) {
      if (abort.signal.aborted) return [];
      throw error;
    } finally {
      set({ step: before });
    }
  };

  const takeModel = async ({ model, sets, data }: Extract<DropAction, { kind: 'model' }>): Promise<void> => {
    const paths = await pathsOf([model, ...sets, ...data]);
    const [modelPath] = paths;
    if (modelPath === undefined) return;
    const folder = useFiles.getState().files.projectsFolder?.() ?? null;
    const draft = get().step?.kind === 'new-project' ? {} : EMPTY_DRAFT;
    // An uploaded model is in a folder that may be deleted, so its project is created elsewhere.
    const place = folder === null ? {} : { projectPath: proposedProjectPath(modelPath, folder) };
    get().startProject({ ...draft, modelPath, ...place, ...setsOf(paths.slice(1, 1 + sets.length)) });
  };

  const takeFolders = async (folders: readonly DroppedItem[]): Promise<void> => {
    const { step } = get();
    const { project } = useSession.getState();
    const paths = await pathsOf(folders);
    const [path] = paths;
    if (path === undefined) return;
    if (step?.kind === 'new-project') get().changeDraft(fillEmpty(step.draft, path));
    else if (project === null || paths.length > 1) get().startProject(setsOf(paths));
    else set({ step: { kind: 'ask-set', path } });
  };

  const takeCache = async (item: DroppedItem): Promise<void> => {
    const { project, api, refresh } = useSession.getState();
    if (project === null) return;
    const [cachePath] = await pathsOf([item]);
    if (cachePath === undefined) return;
    const report = await api.importCache({ projectPath: project.path, cachePath });
    await refresh();
    tell(
      t('start.cacheImported', {
        mapped: report.mapped.length,
        unmapped: report.unmapped.length,
        ignored: report.ignored.length,
      }),
    );
  };

  const takeProject = async (item: DroppedItem): Promise<void> => {
    const [path] = await pathsOf([item]);
    if (path !== undefined && (await useSession.getState().openProject(path))) showLanding();
  };

  return {
    step: null,
    refused: [],
    drop: async (items) => {
      const { action, refused } = planDrop(items, {
        host: useFiles.getState().host,
        hasProject: useSession.getState().project !== null,
      });
      set({ refused });
      try {
        if (action?.kind === 'project') await takeProject(action.project);
        else if (action?.kind === 'model') await takeModel(action);
        else if (action?.kind === 'sets') await takeFolders(action.sets);
        else if (action?.kind === 'cache') await takeCache(action.cache);
      } catch (error) {
        reportError(error);
      }
    },
    startProject: (draft = {}) =>
      set({ step: { kind: 'new-project', draft: { ...currentDraft(get().step), ...draft } } }),
    changeDraft: (changes) =>
      set(({ step }) =>
        step?.kind === 'new-project' ? { step: { ...step, draft: { ...step.draft, ...changes } } } : {},
      ),
    useAs: async (which) => {
      const { step } = get();
      if (step?.kind !== 'ask-set') return;
      set({ step: null, refused: [] });
      if (which === 'field') {
        useFieldImages.getState().setPath(step.path);
        // The health view on the data screen uses the same folder, so that it does not need to be left.
        if (useView.getState().screen !== 'data') useView.getState().openScreen('search');
        return;
      }
      const edit =
        which === 'calibration'
          ? { kind: 'sets' as const, calibrationPath: step.path }
          : { kind: 'sets' as const, validationPath: step.path };
      const name = t(which === 'calibration' ? 'start.editCalibration' : 'start.editValidation', {
        folder: nameOfPath(step.path),
      });
      if (await useSession.getState().edit(name, [edit])) useView.getState().openScreen('data');
    },
    close: () => set({ step: null, refused: [] }),
  };
});

function currentDraft(step: DropStep | null): ProjectDraft {
  return step?.kind === 'new-project' ? step.draft : EMPTY_DRAFT;
}

/**
 * Assigns folders that were dropped together: each goes to the set that its name suggests, or to the other set if that
 * is taken.
 */
export function setsOf(paths: readonly string[]): Partial<ProjectDraft> {
  let draft: { calibrationPath?: string; validationPath?: string } = {};
  for (const path of paths) {
    const isCalibration = likelySet(nameOfPath(path)) === 'calibration';
    if (isCalibration && draft.calibrationPath === undefined) draft = { ...draft, calibrationPath: path };
    else if (draft.validationPath === undefined) draft = { ...draft, validationPath: path };
    else draft = { calibrationPath: path, ...draft };
  }
  return draft;
}

/** Puts a folder into an empty field of the form, preferably the one that its name suggests. */
export function fillEmpty(draft: ProjectDraft, path: string): Partial<ProjectDraft> {
  const likely = likelySet(nameOfPath(path));
  const [first, second] =
    likely === 'calibration'
      ? (['calibrationPath', 'validationPath'] as const)
      : (['validationPath', 'calibrationPath'] as const);
  return draft[first] === '' || draft[second] !== '' ? { [first]: path } : { [second]: path };
}

/** The reason why the form cannot be submitted yet, as a message key; null if it can. */
export function missingPart(draft: ProjectDraft): string | null {
  if (draft.modelPath.trim() === '') return 'start.modelMissing';
  if (draft.calibrationPath.trim() === '') return 'start.calibrationMissing';
  return null;
}

/** The request for creating the project. */
export function requestOf(draft: ProjectDraft): {
  readonly modelPath: string;
  readonly calibrationPath: string;
  readonly validationPath?: string;
  readonly projectPath: string;
  readonly preprocessing: Record<string, never>;
} {
  const modelPath = draft.modelPath.trim();
  const validationPath = draft.validationPath.trim();
  return {
    modelPath,
    calibrationPath: draft.calibrationPath.trim(),
    ...(validationPath === '' ? {} : { validationPath }),
    projectPath: draft.projectPath.trim() === '' ? proposedProjectPath(modelPath) : draft.projectPath.trim(),
    preprocessing: {},
  };
}
