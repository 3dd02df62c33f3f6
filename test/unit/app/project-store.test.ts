import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checkProjectModel,
  createProjectFolder,
  loadProject,
  modelReference,
  saveProject,
} from '../../../src-main/app/projects/project-store';
import { readModel } from '../../../src-main/onnx/wire/wire-reader';
import { writeModel } from '../../../src-main/onnx/wire/wire-writer';
import { useTempDirs } from '../../support/temp-dir';
import { REPO_ROOT } from '../../support/shared';
import { tinyModel } from '../../support/tiny-project';
import { projectIn } from './project-files';

const tempDir = useTempDirs();

async function created(): Promise<{ readonly parent: string; readonly dir: string; readonly file: string }> {
  const parent = tempDir();
  const dir = join(parent, 'plates.calib');
  await createProjectFolder(dir, projectIn(parent));
  return { parent, dir, file: join(dir, 'project.json') };
}

function edit(file: string, change: (project: Record<string, unknown>) => void): void {
  const project = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  change(project);
  writeFileSync(file, JSON.stringify(project));
}

describe('project folder', () => {
  it('comes back as it was saved', async () => {
    const { parent, dir } = await created();
    expect(await loadProject(dir)).toEqual(projectIn(parent));
    await saveProject(dir, { ...projectIn(parent), method: 'mse', validationSet: null });
    expect(await loadProject(dir)).toMatchObject({ method: 'mse', validationSet: null });
    expect(readdirSync(dir)).toEqual(['project.json']);
  });
  it('keeps a task, and the module of its metric beside the project', async () => {
    const { parent, dir, file } = await created();
    const task = { kind: 'custom', metric: { kind: 'module', path: join(parent, 'metric.mjs') } } as const;
    await saveProject(dir, { ...projectIn(parent), task });
    expect(readFileSync(file, 'utf8')).toContain('"../metric.mjs"');
    expect((await loadProject(dir)).task).toEqual(task);
  });
  it('can be moved together with what lies beside it', async () => {
    const { parent, file } = await created();
    expect(readFileSync(file, 'utf8')).toContain('"../model.onnx"');
    const moved = join(tempDir(), 'elsewhere');
    renameSync(parent, moved);
    expect(await loadProject(join(moved, 'plates.calib'))).toEqual(projectIn(moved));
    mkdirSync(parent);
  });
  it('keeps paths outside of its parent absolute', async () => {
    const { parent, dir, file } = await created();
    await saveProject(dir, { ...projectIn(parent), model: { path: '/models/net.onnx', sha256: 'x' } });
    expect(readFileSync(file, 'utf8')).toContain('"/models/net.onnx"');
    expect((await loadProject(dir)).model.path).toBe('/models/net.onnx');
  });
  it('is not made over another one', async () => {
    const { parent, dir } = await created();
    await expect(createProjectFolder(dir, projectIn(parent))).rejects.toMatchObject({
      code: 'unwritable',
      message: `Expected a new folder for the project, but ${dir} exists already`,
    });
  });
  it('keeps the old file when the new one cannot be written', async () => {
    const { parent, dir, file } = await created();
    const before = readFileSync(file, 'utf8');
    const cyclic = { ...projectIn(parent), preprocessingNotes: [1n as unknown as string] };
    await expect(saveProject(dir, cyclic)).rejects.toThrow();
    expect(readFileSync(file, 'utf8')).toBe(before);
    await expect(saveProject(join(dir, 'gone'), projectIn(parent))).rejects.toMatchObject({ code: 'unwritable' });
  });
});

describe('loadProject', () => {
  it('says what is not there', async () => {
    await expect(loadProject('/no/such.calib')).rejects.toMatchObject({
      code: 'not-found',
      message: 'Project /no/such.calib does not exist',
    });
    const dir = tempDir();
    await expect(loadProject(dir)).rejects.toThrow(`Expected a project in ${dir}, but it has no project.json`);
  });
  it('names a newer version', async () => {
    const { dir, file } = await created();
    edit(file, (project) => (project['version'] = 99));
    await expect(loadProject(dir)).rejects.toMatchObject({
      code: 'project-newer',
      message: `${file} has version 99; this program reads up to version 1`,
      hint: 'Update Calibration Workbench.',
    });
  });
  it('names broken JSON', async () => {
    const { dir, file } = await created();
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 100));
    await expect(loadProject(dir)).rejects.toMatchObject({
      code: 'project-invalid',
      message: expect.stringMatching(/project\.json is not valid JSON: /) as string,
    });
  });
  it.each<readonly [string, unknown, string]>([
    ['version', 0, 'expected 1 at version, found 0'],
    ['version', '1', 'expected 1 at version, found "1"'],
    ['model', null, 'expected an object at model, found null'],
    ['name', '', 'expected a text at name, found ""'],
    ['method', 'loudest', 'at method, found "loudest"'],
    ['percentile', 0, 'expected a percentile above 0 and up to 100 at percentile, found 0'],
    ['tensorMethods', { a: 'x' }, 'at tensorMethods.a, found "x"'],
    ['manualThresholds', { a: -1 }, 'expected a threshold above 0 at manualThresholds.a, found -1'],
    ['plan', { layers: { l: 'int4' } }, 'expected "int8" or "fp16" or "fp32" at plan.layers.l, found "int4"'],
    ['validationSet', { path: 'x' }, 'at validationSet.labels, found nothing'],
    ['preprocessingNotes', [1], 'expected a string at preprocessingNotes[0], found 1'],
    ['model', { path: 'a\0b', sha256: 'x' }, 'expected a path at model.path, found "a\\u0000b"'],
    ['calibrationSet', { path: 5, labels: null }, 'expected a string at calibrationSet.path, found 5'],
    [
      'calibrationSet',
      { path: 'x', labels: null, labelOrder: 'reverse' },
      'expected "text" or "numeric" at calibrationSet.labelOrder, found "reverse"',
    ],
    ['gates', { maxTop1Drop: -1 }, 'expected a limit of at least 0 at gates.maxTop1Drop, found -1'],
    ['gates', {}, 'expected a number at gates.maxTop1Drop, found nothing'],
    [
      'preprocessing',
      { resize: { kind: 'stretch', width: 0 } },
      'expected a whole number of pixels above 0 at preprocessing.resize.width, found 0',
    ],
  ])('names the field: %s = %j', async (key, value, message) => {
    const { dir, file } = await created();
    edit(file, (project) => (project[key] = value));
    await expect(loadProject(dir)).rejects.toMatchObject({
      code: 'project-invalid',
      message: expect.stringContaining(message) as string,
    });
    await expect(loadProject(dir)).rejects.toThrow(file);
  });
  it('reads the fixture of version 1', async () => {
    const project = await loadProject(join(REPO_ROOT, 'test/fixtures/projects/version-1.calib'));
    expect(project).toEqual(projectIn(join(REPO_ROOT, 'test/fixtures/projects')));
  });
});

describe('a project file that names the fallback precision rest', () => {
  it('is read, and written with the present name', async () => {
    const { dir, file } = await created();
    edit(file, (project) => (project['plan'] = { layers: { '/head/Gemm': 'fp16' }, rest: 'fp32' }));
    const project = await loadProject(dir);
    expect(project.plan).toEqual({ layers: { '/head/Gemm': 'fp16' }, fallbackPrecision: 'fp32' });
    await saveProject(dir, project);
    const written = JSON.parse(readFileSync(file, 'utf8')) as { readonly plan: object };
    expect(written.plan).toEqual({ layers: { '/head/Gemm': 'fp16' }, fallbackPrecision: 'fp32' });
  });
});

describe('checkProjectModel', () => {
  it('accepts the same model, names a changed or missing one', async () => {
    const parent = tempDir();
    const project = projectIn(parent);
    await expect(checkProjectModel(project)).rejects.toMatchObject({
      code: 'not-found',
      message: `Model ${project.model.path} does not exist`,
    });
    writeFileSync(project.model.path, 'model');
    await expect(checkProjectModel(project)).rejects.toMatchObject({
      code: 'project-invalid',
      message: expect.stringContaining('has changed since') as string,
    });
    const sha256 = createHash('sha256').update('model').digest('hex');
    await checkProjectModel({ ...project, model: { ...project.model, sha256 } });
    expect(existsSync(project.model.path)).toBe(true);
  });

  it('takes the weights beside the model for a part of it', async () => {
    const dir = tempDir();
    const path = join(dir, 'net.onnx');
    await writeModel(tinyModel(), path, {}, { maxInlineBytes: 100 });
    const model = await modelReference(path, readModel(path));
    expect(model.weights).toEqual([
      {
        file: 'net.onnx.data',
        sha256: createHash('sha256')
          .update(readFileSync(join(dir, 'net.onnx.data')))
          .digest('hex'),
      },
    ]);
    const project = { ...projectIn(dir), model };
    await checkProjectModel(project);
    writeFileSync(
      join(dir, 'net.onnx.data'),
      readFileSync(join(dir, 'net.onnx.data')).map((byte) => byte ^ 1),
    );
    await expect(checkProjectModel(project)).rejects.toMatchObject({
      code: 'project-invalid',
      message: expect.stringContaining('net.onnx.data has changed since') as string,
    });
    rmSync(join(dir, 'net.onnx.data'));
    await expect(checkProjectModel(project)).rejects.toMatchObject({ code: 'not-found' });
  });
});
