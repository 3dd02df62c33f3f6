import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { createProject } from '../../src-main/app/projects/create-project';
import { loadProject, saveProject } from '../../src-main/app/projects/project-store';
import { openWorkspace, type Workspace } from '../../src-main/app/projects/workspace';
import type { Model } from '../../src-main/onnx/graph/model';
import { writeModel } from '../../src-main/onnx/wire/wire-writer';
import type { ProjectFile } from '../../src-shared/domain/project/project';
import { calibJson } from './calib-process';
import { tinyModel, writeTinyImages } from './tiny-project';

/** The files of a small project in one folder. */
export interface ProjectFiles {
  readonly dir: string;
  readonly model: string;
  /** Calibration images, which are the validation images as well unless others are named. */
  readonly images: string;
  readonly project: string;
}

export interface ProjectFileOptions {
  /** Number of images to write; see writeTinyImages. */
  readonly images: number;
  /** The tiny model unless given. */
  readonly model?: Model;
}

function filesIn(dir: string): ProjectFiles {
  return {
    dir,
    model: join(dir, 'tiny.onnx'),
    images: join(dir, 'images'),
    project: join(dir, 'tiny.calib'),
  };
}

/** Writes a model and images into `dir`; the project itself is not created. */
export async function writeProjectFiles(dir: string, options: ProjectFileOptions): Promise<ProjectFiles> {
  const files = filesIn(dir);
  await writeModel(options.model ?? tinyModel(), files.model);
  await writeTinyImages(files.images, options.images);
  return files;
}

export interface ProjectSets {
  readonly model: string;
  readonly images: string;
  /** Null: the project has no validation set. `images` unless given. */
  readonly validation?: string | null;
  readonly project: string;
}

/** The arguments of `calib init` for a project. */
export function initArguments(sets: ProjectSets, ...flags: readonly string[]): string[] {
  const { model, images, validation = images, project } = sets;
  return [
    'init',
    model,
    '--calibration',
    images,
    ...(validation === null ? [] : ['--validation', validation]),
    ...flags,
    '-o',
    project,
  ];
}

/**
 * Creates a project in this process, without the command line, and opens it.
 * @param changes of the project's file, as `calib set` would make them
 */
export async function createTestProject(sets: ProjectSets, changes: Partial<ProjectFile> = {}): Promise<Workspace> {
  const { model, images, validation = null, project } = sets;
  const path = await createProject({
    modelPath: model,
    calibrationPath: images,
    ...(validation === null ? {} : { validationPath: validation }),
    projectPath: project,
    preprocessing: {},
  });
  if (Object.keys(changes).length > 0) await saveProject(path, { ...(await loadProject(path)), ...changes });
  return openWorkspace(path);
}

export interface CalibratedProjectOptions extends ProjectFileOptions {
  /** More arguments of `calib calibrate`. */
  readonly calibrate?: readonly string[];
  /** Runs a command that must succeed; calibJson unless given. */
  readonly run?: (...args: readonly string[]) => Promise<unknown>;
  /** Work that must be done first. */
  readonly before?: () => Promise<void>;
}

/**
 * A calibrated project for all tests of the current file or `describe`: made by the command line in a temporary folder
 * before the first of them, removed after the last one.
 */
export function useCalibratedProject(options: CalibratedProjectOptions): ProjectFiles {
  const { images, model, calibrate = [], run = calibJson, before } = options;
  const files = filesIn(join(tmpdir(), `calib-project-${randomUUID()}`));
  beforeAll(async () => {
    mkdirSync(files.dir);
    await before?.();
    await writeProjectFiles(files.dir, { images, ...(model === undefined ? {} : { model }) });
    await run(...initArguments(files));
    await run('calibrate', files.project, ...calibrate);
  }, 600_000);
  afterAll(() => rmSync(files.dir, { recursive: true, force: true }));
  return files;
}
