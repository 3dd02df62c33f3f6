/** A server that is confined to a folder, with the real application behind it: what files name is confined too. */
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createProject } from '../../../src-main/app/projects/create-project';
import { Workbench } from '../../../src-main/app/workbench';
import { loadImageSet } from '../../../src-main/calibration/images/image-set';
import { confineApi } from '../../../src-main/transport/confined-api';
import { PathGrants } from '../../../src-main/transport/path-grants';
import type { WorkbenchApi } from '../../../src-shared/contract/api';
import type { CreateProjectRequest } from '../../../src-shared/contract/requests';
import { useTempDirs } from '../../support/temp-dir';
import { writeTinyImages, writeTinyModel } from '../../support/tiny-project';

const tempDir = useTempDirs();
let dir = '';
let root = '';
let api: WorkbenchApi;

beforeEach(async () => {
  dir = tempDir();
  root = join(dir, 'root');
  mkdirSync(join(dir, 'private'));
  await writeTinyModel(join(dir, 'model.onnx'));
  mkdirSync(root);
  await writeTinyModel(join(root, 'model.onnx'));
  await writeTinyImages(join(root, 'images'), 4);
  await writeTinyImages(join(dir, 'private'), 4, 2);
  const workbench = new Workbench({
    compute: { request: () => Promise.reject(new Error('nothing is computed here')), dispose: () => undefined },
    toolVersion: '0',
    onnxruntimeVersion: '0',
    userDataDir: join(dir, 'data'),
  });
  api = confineApi(workbench, { grants: new PathGrants([root]), checksReferences: true, hint: 'HINT' });
});

const request = (change: Partial<CreateProjectRequest> = {}): CreateProjectRequest => ({
  modelPath: join(root, 'model.onnx'),
  calibrationPath: join(root, 'images'),
  projectPath: join(root, 'p.calib'),
  preprocessing: {},
  ...change,
});
const refused = { code: 'usage', hint: 'HINT' };

describe('a confined server', () => {
  it('makes projects below its folder only, not beside it', async () => {
    await expect(api.createProject(request({ projectPath: join(dir, 'p.calib') }))).rejects.toMatchObject(refused);
    expect(readdirSync(dir)).not.toContain('p.calib');
    await expect(api.createProject(request())).resolves.toMatchObject({ path: join(root, 'p.calib') });
  });

  it('reads no image that a list or a link leads out to, and names it', async () => {
    const [outside = ''] = (await loadImageSet({ path: join(dir, 'private') })).entries.map(({ path }) => path);
    const [inside = ''] = (await loadImageSet({ path: join(root, 'images') })).entries.map(({ path }) => path);
    writeFileSync(
      join(root, 'list.txt'),
      `${outside}\n../private/${outside.slice(join(dir, 'private').length + 1)}\n${inside}\n`,
    );
    symlinkSync(join(dir, 'private'), join(root, 'images/linked'));
    symlinkSync(outside, join(root, 'images/one.png'));
    await api.createProject(request({ calibrationPath: join(root, 'list.txt'), validationPath: join(root, 'images') }));
    const list = await api.getImageSet({ projectPath: join(root, 'p.calib'), set: 'calibration' });
    expect(list.images.map(({ file }) => join(root, file))).toEqual([inside]);
    expect(list.skipped).toEqual([expect.objectContaining({ reason: expect.stringContaining('outside') as string })]);
    const folder = await api.getImageSet({ projectPath: join(root, 'p.calib'), set: 'validation' });
    expect(folder.images).toHaveLength(4);
    expect(folder.skipped.map(({ file }) => file)).toEqual(['linked', 'one.png']);
  });

  it('reads no labels file that a link leads out to', async () => {
    writeFileSync(join(dir, 'private/labels.csv'), 'file,label\n');
    symlinkSync(join(dir, 'private/labels.csv'), join(root, 'images/labels.csv'));
    await expect(api.createProject(request())).rejects.toMatchObject(refused);
  });

  it('opens no project that holds links which lead out: a report, a folder that is written to', async () => {
    for (const link of ['runs/20261121T070812345Z-a1b2c3/report.html', 'prepared', 'project.lock']) {
      const projectPath = join(root, `${link.replaceAll(/\W/g, '')}.calib`);
      await createProject(request({ projectPath }));
      await expect(api.openProject({ projectPath })).resolves.toBeDefined();
      mkdirSync(join(projectPath, link, '..'), { recursive: true });
      symlinkSync(join(dir, 'private'), join(projectPath, link));
      await expect(api.openProject({ projectPath })).rejects.toMatchObject({
        ...refused,
        message: expect.stringContaining(link) as string,
      });
      await expect(api.getReport({ projectPath, runId: '20261121T070812345Z-a1b2c3' })).rejects.toMatchObject(refused);
    }
  });
});
