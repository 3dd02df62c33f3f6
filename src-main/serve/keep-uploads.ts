import { randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { WorkbenchError } from '../../src-shared/base/errors';
import { API_METHODS, type WorkbenchApi } from '../../src-shared/contract/api';
import type { CreateProjectRequest, ProjectEdit } from '../../src-shared/contract/requests';
import { writeError } from '../base/file-errors';
import { sha256OfFile } from '../base/file-hash';
import type { Uploads } from './uploads';

/**
 * The API of a server with uploads. The folder of uploads is removed with the server, so the uploaded files that a
 * project refers to are moved to a place beside the project. A model keeps its name and its weights files; if another
 * file already has the name, the model gets a separate folder. A set of images gets a number after its name if
 * necessary.
 */
export function keepUploads(api: WorkbenchApi, uploads: Pick<Uploads, 'dir' | 'contains' | 'discard'>): WorkbenchApi {
  const methods = Object.fromEntries(
    API_METHODS.map((method) => [
      method,
      (request: unknown) => (api[method] as (request: unknown) => Promise<unknown>).call(api, request),
    ]),
  );
  return {
    ...(methods as unknown as Omit<WorkbenchApi, 'subscribe'>),
    subscribe: (listener) => api.subscribe(listener),
    createProject: (request) =>
      moved(request.projectPath, uploads, async (move) => api.createProject(await withPaths(request, move))),
    editProject: (request) =>
      moved(request.projectPath, uploads, async (move) => {
        const edits: ProjectEdit[] = [];
        for (const edit of request.edits) edits.push(await withEditedPaths(edit, move));
        return api.editProject({ ...request, edits });
      }),
  };
}

type Move = (path: string, what: 'model' | 'set') => Promise<string>;

async function withPaths(request: CreateProjectRequest, move: Move): Promise<CreateProjectRequest> {
  const { modelPath, calibrationPath, validationPath, labelsCsv, classNamesPath } = request;
  return {
    ...request,
    modelPath: await move(modelPath, 'model'),
    calibrationPath: await move(calibrationPath, 'set'),
    ...(validationPath === undefined ? {} : { validationPath: await move(validationPath, 'set') }),
    ...(labelsCsv === undefined ? {} : { labelsCsv: await move(labelsCsv, 'set') }),
    ...(classNamesPath === undefined ? {} : { classNamesPath: await move(classNamesPath, 'set') }),
  };
}

async function withEditedPaths(edit: ProjectEdit, move: Move): Promise<ProjectEdit> {
  if (edit.kind === 'model') return { ...edit, modelPath: await move(edit.modelPath, 'model') };
  if (edit.kind !== 'sets') return edit;
  const moved = { ...edit };
  for (const field of ['calibrationPath', 'validationPath', 'labelsPath', 'classNamesPath'] as const) {
    const path = edit[field];
    if (typeof path === 'string') Object.assign(moved, { [field]: await move(path, 'set') });
  }
  return moved;
}

/**
 * Copies the files before `act` uses them. If `act` succeeds, the uploads are removed; if it fails, the copies are
 * removed.
 */
async function moved<T>(
  projectPath: string,
  uploads: Pick<Uploads, 'dir' | 'contains' | 'discard'>,
  act: (move: Move) => Promise<T>,
): Promise<T> {
  const folder = dirname(resolve(projectPath));
  const made: string[] = [];
  /** Uploaded path -> its copy. The same folder may be used as calibration and validation set. */
  const copies = new Map<string, string>();
  const sources: string[] = [];
  const move: Move = async (path, what) => {
    if (!uploads.contains(path)) return path;
    if (uploads.contains(projectPath)) {
      throw new WorkbenchError(
        'usage',
        `The project ${projectPath} would lie in the folder of uploaded files, which is removed when the server ends`,
        { hint: 'Name another folder for the project.' },
      );
    }
    const known = copies.get(path);
    if (known !== undefined) return known;
    const weights = what === 'model' ? await filesBeside(path) : [];
    const copy =
      what === 'model' ? await copyModel(path, weights, { folder, made }) : await copySet(path, { folder, made });
    copies.set(path, copy);
    sources.push(path, ...weights.map((file) => join(dirname(path), file)));
    return copy;
  };
  try {
    const result = await act(move);
    for (const path of sources) await uploads.discard(path);
    return result;
  } catch (error) {
    for (const path of made) await rm(path, { recursive: true, force: true });
    throw error;
  }
}

interface Place {
  /** The folder of the project. */
  readonly folder: string;
  /** Collects the paths that were created, so that they can be removed after a failure. */
  readonly made: string[];
}

/**
 * Copies the model and its weights files beside the project, or into a separate folder if other files have these names.
 */
async function copyModel(path: string, weights: readonly string[], { folder, made }: Place): Promise<string> {
  const files = [basename(path), ...weights];
  const own = join(folder, basename(path, extname(path)));
  for (let attempt = 1; ; attempt++) {
    const target = attempt === 1 ? folder : attempt === 2 ? own : `${own}-${attempt - 1}`;
    if (!(await areFree(files, dirname(path), target))) continue;
    for (const file of files)
      if (!existsSync(join(target, file))) await copy(join(dirname(path), file), join(target, file), made);
    return join(target, basename(path));
  }
}

/** The files that were uploaded together with a model into its folder: its weights. */
async function filesBeside(path: string): Promise<readonly string[]> {
  const entries = await readdir(dirname(path), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name !== basename(path) && extname(entry.name).toLowerCase() !== '.onnx')
    .map(({ name }) => name);
}

/** Whether every file can be copied into `target`: no other file has its name, or that file has the same content. */
async function areFree(files: readonly string[], source: string, target: string): Promise<boolean> {
  for (const file of files) {
    const place = join(target, file);
    if (existsSync(place) && !(await isSameFile(join(source, file), place))) return false;
  }
  return true;
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [sizeA, sizeB] = await Promise.all([stat(a), stat(b)]);
  return (
    sizeA.isFile() && sizeB.isFile() && sizeA.size === sizeB.size && (await sha256OfFile(a)) === (await sha256OfFile(b))
  );
}

/** Copies a folder of images or a list under its own name, with a number after it if necessary. */
async function copySet(path: string, { folder, made }: Place): Promise<string> {
  const extension = extname(path);
  const base = join(folder, basename(path, extension));
  let target = `${base}${extension}`;
  for (let number = 2; existsSync(target); number++) target = `${base}-${number}${extension}`;
  await copy(path, target, made);
  return target;
}

/**
 * Copies a file or folder completely or not at all. The copy shares blocks with the original if the file system can do
 * this.
 */
async function copy(from: string, to: string, made: string[]): Promise<void> {
  const unfinished = `${to}.unfinished-${randomBytes(6).toString('hex')}`;
  try {
    const isNewFolder = !existsSync(dirname(to));
    await mkdir(dirname(to), { recursive: true });
    made.push(isNewFolder ? dirname(to) : to);
    await cp(from, unfinished, { recursive: true, mode: constants.COPYFILE_FICLONE });
    await rename(unfinished, to);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw writeError(error, to);
  }
}
