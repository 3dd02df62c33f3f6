import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import {
  PROJECT_VERSION,
  projectFileSchema,
  type ModelReference,
  type ProjectFile,
  type SetReference,
} from '../../../src-shared/domain/project/project';
import type { Task } from '../../../src-shared/domain/tasks/task';
import { advise } from '../../../src-shared/base/advice';
import { WorkbenchError } from '../../../src-shared/base/errors';
import { parse, SchemaError } from '../../../src-shared/base/schema';
import { writeFileAtomic } from '../../base/atomic-file';
import { errnoOf, messageOf, readError, writeError } from '../../base/file-errors';
import { sha256OfStoredFile } from '../../base/file-hash';
import type { Model } from '../../onnx/graph/model';
import { artifactPaths } from './artifact-paths';

/** Conversions from version N to N + 1: one entry for each released version before the current one. */
const MIGRATIONS: ReadonlyMap<number, (project: object) => object> = new Map();

/**
 * Creates the project's folder and writes its file.
 * @throws WorkbenchError unwritable if the folder exists and is not empty; disk-full
 */
export async function createProjectFolder(projectDir: string, file: ProjectFile): Promise<void> {
  const dir = resolve(projectDir);
  const isTaken = existsSync(dir) && !((await stat(dir)).isDirectory() && (await readdir(dir)).length === 0);
  if (isTaken) {
    throw new WorkbenchError('unwritable', `Expected a new folder for the project, but ${dir} exists already`, {
      hint: 'Choose another name with -o NAME.calib, or delete the old folder.',
    });
  }
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw writeError(error, dir);
  }
  await saveProject(dir, file);
}

/**
 * Writes project.json atomically. Paths beside or below the project's folder are written relative to it, so that the
 * project and its images can be moved together. @throws WorkbenchError unwritable, disk-full
 */
export async function saveProject(projectDir: string, file: ProjectFile): Promise<void> {
  const dir = resolve(projectDir);
  const stored = mapPaths(file, (path) => storedPath(dir, path));
  await writeFileAtomic(artifactPaths(dir).projectFile, `${JSON.stringify(stored, null, 2)}\n`);
}

/**
 * Reads a project and makes its paths absolute.
 * @throws WorkbenchError not-found; project-invalid, which names the file and the field; project-newer
 */
export async function loadProject(projectDir: string): Promise<ProjectFile> {
  const dir = resolve(projectDir);
  const { projectFile } = artifactPaths(dir);
  const text = await readFile(projectFile, 'utf8').catch((error: unknown) => {
    throw missingProject(error, dir, projectFile);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new WorkbenchError('project-invalid', `${projectFile} is not valid JSON: ${messageOf(error)}`, {
      hint: advise('make-project-again'),
      cause: error,
    });
  }
  const project = parseProject(migrate(value, projectFile), projectFile);
  return mapPaths(project, (path) => resolve(dir, path));
}

/** The identity of a model: the hashes of its file and of the files that its weights lie in. */
export async function modelReference(path: string, model: Model): Promise<ModelReference> {
  const dir = dirname(path);
  const files = new Set(
    model.graph.initializer.flatMap(({ data }) =>
      data.kind === 'file' && data.path !== path ? [relative(dir, data.path).split(sep).join('/')] : [],
    ),
  );
  const weights: { file: string; sha256: string }[] = [];
  for (const file of [...files].sort()) weights.push({ file, sha256: await sha256OfStoredFile(join(dir, file)) });
  return { path, sha256: await sha256OfStoredFile(path), ...(weights.length === 0 ? {} : { weights }) };
}

/**
 * Checks that the model file exists and that its content, and that of its weight files, is what the project was created
 * for. Files that did not change since their last check are not read again. @throws WorkbenchError not-found,
 * project-invalid
 */
export async function checkProjectModel(file: ProjectFile, signal?: AbortSignal): Promise<void> {
  const { path, sha256, weights = [] } = file.model;
  await checkFile(path, sha256, { project: file.name, what: 'Model', signal });
  for (const part of weights)
    await checkFile(join(dirname(path), part.file), part.sha256, { project: file.name, what: 'Weights file', signal });
}

interface FileCheck {
  readonly project: string;
  readonly what: string;
  readonly signal: AbortSignal | undefined;
}

async function checkFile(path: string, sha256: string, { project, what, signal }: FileCheck): Promise<void> {
  const found = await sha256OfStoredFile(path, signal).catch((error: unknown) => {
    throw readError(error, path, what, advise('move-model'));
  });
  if (found === sha256) return;
  throw new WorkbenchError(
    'project-invalid',
    `${what} ${path} has changed since the project ${project} was made: ` +
      `expected sha256 ${sha256.slice(0, 12)}…, found ${found.slice(0, 12)}…`,
    {
      hint: advise('make-project-for-model'),
    },
  );
}

function missingProject(error: unknown, dir: string, projectFile: string): unknown {
  const errno = errnoOf(error);
  if (errno !== 'ENOENT' && errno !== 'ENOTDIR') return readError(error, projectFile, 'Project file');
  const what = existsSync(dir)
    ? `Expected a project in ${dir}, but it has no project.json`
    : `Project ${dir} does not exist`;
  return new WorkbenchError('not-found', what, {
    hint: advise('name-project'),
    cause: error,
  });
}

function migrate(value: unknown, projectFile: string): unknown {
  if (typeof value !== 'object' || value === null || !('version' in value) || typeof value.version !== 'number')
    return value;
  if (value.version > PROJECT_VERSION) {
    throw new WorkbenchError(
      'project-newer',
      `${projectFile} has version ${value.version}; this program reads up to version ${PROJECT_VERSION}`,
      {
        hint: 'Update Calibration Workbench.',
      },
    );
  }
  let project: object = value;
  for (let version = value.version; version < PROJECT_VERSION; version += 1) {
    const step = MIGRATIONS.get(version);
    if (step === undefined) return project; // parseProject reports a version that no release wrote
    project = step(project);
  }
  return project;
}

/**
 * Checks a project file of the current version; unknown fields are dropped. `source` is the name of the file for
 * messages.
 * @throws WorkbenchError project-invalid with the path of the field, such as `preprocessing.resize.width`, and what was
 * expected and found
 */
export function parseProject(value: unknown, source: string): ProjectFile {
  try {
    return parse(projectFileSchema, value);
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new WorkbenchError('project-invalid', `${source}: ${error.message}`, {
      hint: advise('make-project-again'),
    });
  }
}

function mapPaths(file: ProjectFile, map: (path: string) => string): ProjectFile {
  const mapSet = (set: SetReference): SetReference => ({
    ...set,
    path: map(set.path),
    labels: set.labels === null ? null : map(set.labels),
    ...(set.classNames === undefined ? {} : { classNames: map(set.classNames) }),
  });
  return {
    ...file,
    model: { ...file.model, path: map(file.model.path) },
    calibrationSet: mapSet(file.calibrationSet),
    validationSet: file.validationSet === null ? null : mapSet(file.validationSet),
    ...(file.task === undefined ? {} : { task: mapTaskPaths(file.task, map) }),
  };
}

function mapTaskPaths(task: Task, map: (path: string) => string): Task {
  if (task.kind !== 'custom' || task.metric.kind !== 'module') return task;
  return { ...task, metric: { ...task.metric, path: map(task.metric.path) } };
}

/**
 * The path relative to the project, with forward slashes, if it lies below the folder that holds the project; else
 * absolute.
 */
export function storedPath(dir: string, path: string): string {
  const absolute = resolve(dir, path);
  const fromParent = relative(dirname(dir), absolute);
  if (fromParent === '..' || fromParent.startsWith(`..${sep}`) || isAbsolute(fromParent)) return absolute;
  return relative(dir, absolute).split(sep).join('/') || '.';
}
