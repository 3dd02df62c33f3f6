import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createProject } from '../../../src-main/app/projects/create-project';
import { applyEdits } from '../../../src-main/app/projects/project-edits';
import { loadSet, openWorkspace, workspaceOf, type Workspace } from '../../../src-main/app/projects/workspace';
import { prepare } from '../../../src-main/compute/tasks/prepare';
import type { Compute, PrepareParams } from '../../../src-main/compute/pool/protocol';
import type { ProjectEdit } from '../../../src-shared/contract/requests';
import { useTempDirs } from '../../support/temp-dir';
import { writeProjectFiles, type ProjectFiles } from '../../support/project-fixture';

const tempDir = useTempDirs();

/** Prepares in this process; nothing else is asked. */
const compute = {
  request: (method: string, params: unknown) => {
    if (method !== 'prepare') throw new Error(`unexpected ${method}`);
    return prepare(params as PrepareParams, {});
  },
  dispose: () => undefined,
} as unknown as Compute;

let files: ProjectFiles;
let labels: string;
let names: string;

beforeEach(async () => {
  files = await writeProjectFiles(tempDir(), { images: 2 });
  labels = join(files.dir, 'boxes');
  names = join(files.dir, 'animals.txt');
  mkdirSync(labels);
  for (const image of readdirSync(files.images, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.png$/.test(file),
  ))
    writeFileSync(join(labels, basename(image).replace(/\.png$/, '.txt')), '1 .5 .5 .5 .5\n');
  writeFileSync(names, 'cat\ndog\n');
});

async function created(options: { readonly labelsCsv?: string; readonly classNamesPath?: string }): Promise<Workspace> {
  const path = await createProject({
    modelPath: files.model,
    calibrationPath: files.images,
    validationPath: files.images,
    projectPath: files.project,
    preprocessing: {},
    ...options,
  });
  return openWorkspace(path);
}

async function edited(workspace: Workspace, ...edits: readonly ProjectEdit[]): Promise<Workspace> {
  return workspaceOf(workspace.path, await applyEdits(workspace, edits, compute));
}

describe('labels of a project', () => {
  it('are read from the folder that was named, with the names, and stored relative to the project', async () => {
    const project = await created({ labelsCsv: labels, classNamesPath: names });
    const text = readFileSync(join(files.project, 'project.json'), 'utf8');
    expect(text).toContain('"labels": "../boxes"');
    expect(text).toContain('"classNames": "../animals.txt"');
    expect(await loadSet(project, 'validation', undefined)).toMatchObject({
      labelSource: 'yolo',
      classNames: ['cat', 'dog'],
      truthFacts: { boxes: 2 },
    });
  });
  it('can be named later, are kept by other edits, and are dropped with their folder', async () => {
    const project = await created({});
    const named = await edited(project, { kind: 'sets', labelsPath: labels, classNamesPath: names });
    const other = await edited(named, { kind: 'sets', labelOrder: 'numeric' });
    expect(other.file.validationSet).toMatchObject({ labels, classNames: names, labelOrder: 'numeric' });
    const nameless = await edited(named, { kind: 'sets', classNamesPath: null });
    expect(nameless.file.validationSet).toEqual({ path: files.images, labels });
    const moved = await edited(named, { kind: 'sets', validationPath: files.images });
    expect(moved.file.validationSet).toEqual({ path: files.images, labels: null });
  });
  it('that are wrong are refused before they are written down', async () => {
    writeFileSync(names, 'cat\ncat\n');
    await expect(created({ classNamesPath: names })).rejects.toThrow('"cat" twice');
    const project = await created({});
    writeFileSync(join(labels, readdirSync(labels)[0] ?? ''), '1 2 3\n');
    await expect(edited(project, { kind: 'sets', labelsPath: labels })).rejects.toThrow(/\.txt/);
    const none = await edited(project, { kind: 'sets', validationPath: null });
    await expect(edited(none, { kind: 'sets', labelsPath: labels })).rejects.toThrow('belong to a validation set');
  });
});
