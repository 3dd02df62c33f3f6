import { describe, expect, it } from 'vitest';
import { isPathAllowed } from '../../../src-main/base/path-policy';
import { confineApi } from '../../../src-main/transport/confined-api';
import { PathGrants } from '../../../src-main/transport/path-grants';
import { API_METHODS, type WorkbenchApi } from '../../../src-shared/contract/api';
import { requestPaths, type ProjectEdit } from '../../../src-shared/contract/requests';

/** An application that records what reaches it; projects refer to /data/model.onnx and /data/images. */
function recordingApi(references = { model: '/data/model.onnx', images: '/data/images' }): {
  readonly api: WorkbenchApi;
  readonly calls: string[];
  readonly remembered: string[];
} {
  const calls: string[] = [];
  const remembered: string[] = [];
  const view = (path: string): object => ({
    path,
    calibrated: false,
    file: {
      model: { path: references.model },
      calibrationSet: { path: references.images, labels: null },
      validationSet: null,
    },
  });
  const methods = API_METHODS.map((method) => [
    method,
    async (request: { readonly projectPath?: string; readonly remembers?: boolean }) => {
      calls.push(method);
      if (method === 'openProject' && request.remembers !== false) remembered.push(request.projectPath ?? '');
      if (method === 'listRecentProjects') return [{ path: '/old/p.calib', name: 'p', openedAt: '', exists: true }];
      return view(method === 'openSample' ? '/sample/s.calib' : (request.projectPath ?? ''));
    },
  ]);
  return {
    api: {
      ...(Object.fromEntries(methods) as unknown as Omit<WorkbenchApi, 'subscribe'>),
      subscribe: () => () => undefined,
    },
    calls,
    remembered,
  };
}

const refused = { name: 'WorkbenchError', code: 'usage', hint: 'HINT' };

describe('requestPaths', () => {
  it('finds paths at any depth, in lists, edits and restored sets', () => {
    const merge = { kind: 'merge', projectPath: '/p', shardPaths: ['/s1', '/s2'] };
    const edits = [
      { kind: 'sets', calibrationPath: '/c', validationPath: null },
      { kind: 'restore', decisions: { calibrationSet: { path: '/r', labels: '/l.csv' }, validationSet: null } },
      { kind: 'threshold', tensor: '/not/a/path', thresholdReal: 1 },
    ];
    const found = [...requestPaths('startJob', merge), ...requestPaths('editProject', { edits })];
    expect(found.map(({ path }) => path)).toEqual(['/p', '/s1', '/s2', '/c', '/r', '/l.csv']);
  });
});

describe('confineApi', () => {
  it('lets granted paths through and stops others before they reach the application', async () => {
    const { api, calls } = recordingApi();
    const confined = confineApi(api, { grants: new PathGrants(['/data']), checksReferences: false, hint: 'HINT' });
    await confined.inspectModel({ modelPath: '/data/model.onnx' });
    await expect(confined.inspectModel({ modelPath: '/etc/passwd' })).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('/etc/passwd is not among') as string,
    });
    await expect(confined.openProject({ projectPath: '/data/../etc' })).rejects.toMatchObject(refused);
    const edits: readonly ProjectEdit[] = [{ kind: 'sets', calibrationPath: '/etc' }];
    await expect(confined.editProject({ projectPath: '/data/p.calib', edits })).rejects.toMatchObject(refused);
    await expect(
      confined.startJob({
        kind: 'quantize',
        projectPath: '/data/p.calib',
        target: 'tensorrt',
        variant: 'int8',
        outPath: '/etc/x.onnx',
      }),
    ).rejects.toMatchObject(refused);
    expect(calls).toEqual(['inspectModel']);
  });

  it('lets a project be made beside a granted model, and nothing else be read there', async () => {
    const { api } = recordingApi();
    const grants = new PathGrants();
    grants.grant('/data/model.onnx');
    grants.grant('/images');
    const confined = confineApi(api, { grants, checksReferences: false, hint: 'HINT' });
    const request = {
      modelPath: '/data/model.onnx',
      calibrationPath: '/images',
      projectPath: '/data/model.calib',
      preprocessing: {},
    };
    await expect(confined.createProject(request)).resolves.toMatchObject({ path: '/data/model.calib' });
    await expect(confined.createProject({ ...request, calibrationPath: '/data' })).rejects.toMatchObject(refused);
    // Made here, so that it may be opened from now on.
    await expect(confined.openProject({ projectPath: '/data/model.calib' })).resolves.toBeDefined();
  });

  it('on the desktop grants what opened and recent projects refer to', async () => {
    const { api } = recordingApi();
    const grants = new PathGrants(['/home/p.calib']);
    const confined = confineApi(api, { grants, checksReferences: false, hint: 'HINT' });
    await expect(confined.openProject({ projectPath: '/old/p.calib' })).rejects.toMatchObject(refused);
    expect(await confined.listRecentProjects()).toHaveLength(1);
    await confined.openProject({ projectPath: '/old/p.calib' });
    expect(grants.isGranted('/data/images/day')).toBe(true);
    expect(grants.isGranted('/data/other')).toBe(false);
  });

  it('in a confined server refuses projects that lead out of it, and hides recent ones outside', async () => {
    const { api, calls, remembered } = recordingApi({ model: '/root/m.onnx', images: '/etc' });
    const confined = confineApi(api, { grants: new PathGrants(['/root']), checksReferences: true, hint: 'HINT' });
    await expect(confined.getImageSet({ projectPath: '/root/p.calib', set: 'calibration' })).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('/etc') as string,
    });
    await expect(confined.openProject({ projectPath: '/root/p.calib' })).rejects.toMatchObject(refused);
    expect(calls).not.toContain('getImageSet');
    expect(remembered).toEqual([]);
    expect(await confined.listRecentProjects()).toEqual([]);
  });

  it('gives no picture of an image that a list or a link leads out to', async () => {
    const { api, calls } = recordingApi({ model: '/data/model.onnx', images: '/data/list.txt' });
    const confined = confineApi(api, { grants: new PathGrants(['/data']), checksReferences: true, hint: 'HINT' });
    const request = { projectPath: '/data/p.calib', set: 'calibration', size: 64 } as const;
    await expect(confined.getThumbnail({ ...request, imageId: '../private/secret.png' })).rejects.toMatchObject(
      refused,
    );
    await expect(confined.getPreview({ ...request, imageId: '../private/secret.npy#3' })).rejects.toMatchObject(
      refused,
    );
    await expect(
      confined.getImageAnswers({
        projectPath: request.projectPath,
        set: request.set,
        imageId: '../private/secret.png',
        variants: [],
      }),
    ).rejects.toMatchObject(refused);
    expect(calls).not.toContain('getThumbnail');
    expect(calls).not.toContain('getImageAnswers');
    await confined.getThumbnail({ ...request, imageId: 'images/a.png' });
    expect(calls).toContain('getThumbnail');
  });

  it('always allows the sample, with all it refers to', async () => {
    const { api: recording } = recordingApi();
    const reached: boolean[] = [];
    // Its images are files of the application's own, outside of the root.
    const api: WorkbenchApi = {
      ...recording,
      openSample: () => (reached.push(isPathAllowed('/application/resources/sample')), recording.openSample()),
    };
    const confined = confineApi(api, { grants: new PathGrants(['/root']), checksReferences: true, hint: 'HINT' });
    await expect(confined.getModel({ projectPath: '/sample/s.calib' })).rejects.toMatchObject(refused);
    await confined.openSample();
    expect(reached).toEqual([true]);
    await expect(confined.getModel({ projectPath: '/sample/s.calib' })).resolves.toBeDefined();
  });
});
