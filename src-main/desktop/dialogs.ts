import type { OpenDialogOptions, SaveDialogOptions } from 'electron';
import { WorkbenchError } from '../../src-shared/base/errors';
import { DIALOG_KINDS, type DialogKind } from '../../src-shared/contract/desktop-bridge';
import type { PathGrants } from '../transport/path-grants';

export type OpenKind = Exclude<DialogKind, 'save'>;

const OPEN_OPTIONS: Readonly<Record<OpenKind, OpenDialogOptions>> = {
  model: { properties: ['openFile'], filters: [{ name: 'ONNX', extensions: ['onnx'] }] },
  folder: { properties: ['openDirectory', 'openFile'], filters: [{ name: 'Images, list files', extensions: ['*'] }] },
  project: { properties: ['openDirectory'] },
  cache: {
    properties: ['openFile'],
    filters: [
      { name: 'Calibration cache', extensions: ['cache', 'txt'] },
      { name: '*', extensions: ['*'] },
    ],
  },
};

/** On Windows and Linux a dialog can choose either files or folders, not both. */
export function openOptions(kind: OpenKind, platform: NodeJS.Platform): OpenDialogOptions {
  const options = OPEN_OPTIONS[kind];
  return kind === 'folder' && platform !== 'darwin' ? { properties: ['openDirectory'] } : options;
}

/** The parts of the system's dialogs that are used. */
export interface Dialogs {
  showOpenDialog(
    options: OpenDialogOptions,
  ): Promise<{ readonly canceled: boolean; readonly filePaths: readonly string[] }>;
  showSaveDialog(options: SaveDialogOptions): Promise<{ readonly canceled: boolean; readonly filePath: string }>;
}

/** Asks the user for a path and grants it. @returns null if the dialog was cancelled. @throws WorkbenchError usage */
export async function choosePath(request: unknown, dialogs: Dialogs, grants: PathGrants): Promise<string | null> {
  const wished: unknown = typeof request === 'object' && request !== null ? Reflect.get(request, 'kind') : undefined;
  const kind = DIALOG_KINDS.find((candidate) => candidate === wished);
  if (kind === undefined)
    throw new WorkbenchError('usage', `Expected one of ${DIALOG_KINDS.join(', ')} as the kind of dialog`);
  const path = kind === 'save' ? await chooseNew(dialogs) : await chooseExisting(kind, dialogs);
  if (path !== null) grants.grant(path);
  return path;
}

async function chooseNew(dialogs: Dialogs): Promise<string | null> {
  const { canceled, filePath } = await dialogs.showSaveDialog({
    properties: ['createDirectory', 'showOverwriteConfirmation'],
  });
  return canceled || filePath === '' ? null : filePath;
}

async function chooseExisting(kind: OpenKind, dialogs: Dialogs): Promise<string | null> {
  const { canceled, filePaths } = await dialogs.showOpenDialog(openOptions(kind, process.platform));
  return canceled ? null : (filePaths[0] ?? null);
}

/**
 * Grants the paths that were dropped on the window. Only the preload script, which knows the real paths, can call this.
 */
export function grantPaths(request: unknown, grants: PathGrants): readonly string[] {
  const paths: unknown = typeof request === 'object' && request !== null ? Reflect.get(request, 'paths') : undefined;
  if (!isTextList(paths)) throw new WorkbenchError('usage', 'Expected a list of paths');
  for (const path of paths) grants.grant(path);
  return paths;
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
