import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import { keepUploads } from '../../../src-main/serve/keep-uploads';
import { Uploads } from '../../../src-main/serve/uploads';
import { API_METHODS, type WorkbenchApi } from '../../../src-shared/contract/api';
import type { CreateProjectRequest, ProjectEdit } from '../../../src-shared/contract/requests';
import { useTempDirs } from '../../support/temp-dir';

const request = (content: Uint8Array | string): IncomingMessage =>
  Object.assign(Readable.from([Buffer.from(content)]), {
    headers: {},
    setTimeout: () => undefined,
  }) as unknown as IncomingMessage;

describe('what is uploaded for a project', () => {
  const tempDir = useTempDirs();
  let root = '';
  let uploads: Uploads;
  let asked: { create: CreateProjectRequest[]; edits: ProjectEdit[] };
  let failure: Error | null = null;
  let api: WorkbenchApi;

  beforeEach(() => {
    root = tempDir();
    uploads = new Uploads(tempDir(), 1e9, root);
    asked = { create: [], edits: [] };
    failure = null;
    const methods = Object.fromEntries(API_METHODS.map((method) => [method, async () => ({ method })]));
    const answer = async (take: () => void): Promise<never> => {
      take();
      if (failure !== null) throw failure;
      return { path: 'p' } as never;
    };
    const fake = {
      ...methods,
      subscribe: () => () => undefined,
      createProject: (created: CreateProjectRequest) => answer(() => asked.create.push(created)),
      editProject: ({ edits }: { edits: readonly ProjectEdit[] }) => answer(() => asked.edits.push(...edits)),
    } as unknown as WorkbenchApi;
    api = keepUploads(fake, uploads);
  });

  const upload = async (path: string, content: Uint8Array | string, batch = 'b1'): Promise<string> => {
    const { path: place } = await uploads.receive(request(content), new URLSearchParams({ batch, path }));
    return place;
  };
  const create = (
    modelPath: string,
    calibrationPath = '/images',
    projectPath = join(root, 'p.calib'),
  ): Promise<unknown> => api.createProject({ modelPath, calibrationPath, projectPath, preprocessing: {} });

  it('lies beside the project afterwards, and no longer among the uploads', async () => {
    const model = await upload('m.onnx', 'model');
    const image = await upload('train/day/a.png', 'image');
    await create(model, join(uploads.dir, 'b1/train'));
    expect(asked.create[0]).toMatchObject({ modelPath: join(root, 'm.onnx'), calibrationPath: join(root, 'train') });
    expect(readFileSync(join(root, 'm.onnx'), 'utf8')).toBe('model');
    expect(readFileSync(join(root, 'train/day/a.png'), 'utf8')).toBe('image');
    expect([existsSync(model), existsSync(image)]).toEqual([false, false]);
    // Nothing is left that a restart of the server could lose.
    expect(await uploads.close()).toBe(false);
  });

  it('brings the weights files of a model along', async () => {
    const uploaded = await upload('big.onnx', 'model');
    await upload('big.data', Buffer.alloc(16, 7));
    await create(uploaded);
    expect(readdirSync(root).sort()).toEqual(['big.data', 'big.onnx']);
    expect(readFileSync(join(root, 'big.data'))).toEqual(Buffer.alloc(16, 7));
    expect(await uploads.close()).toBe(false);
  });

  it('never replaces what has its name: the same model is taken, another one gets a folder', async () => {
    writeFileSync(join(root, 'm.onnx'), 'model');
    mkdirSync(join(root, 'train'));
    await create(await upload('m.onnx', 'model'));
    expect(asked.create[0]?.modelPath).toBe(join(root, 'm.onnx'));
    await upload('train/x.png', 'new', 'b2');
    await create(await upload('m.onnx', 'other', 'b2'), join(uploads.dir, 'b2/train'));
    expect(asked.create[1]).toMatchObject({
      modelPath: join(root, 'm/m.onnx'),
      calibrationPath: join(root, 'train-2'),
    });
    expect(readFileSync(join(root, 'm.onnx'), 'utf8')).toBe('model');
    expect(readdirSync(join(root, 'train'))).toEqual([]);
  });

  it('stays among the uploads, and leaves nothing beside the project, when the project cannot be made', async () => {
    failure = new Error('no model');
    const model = await upload('m.onnx', 'model');
    await upload('train/a.png', 'image');
    await expect(create(model, join(uploads.dir, 'b1/train'))).rejects.toThrow('no model');
    expect(readdirSync(root)).toEqual([]);
    expect(existsSync(model)).toBe(true);
  });

  it('is refused for a project among the uploads, which would be lost with them', async () => {
    await expect(create(await upload('m.onnx', 'model'), '/images', join(uploads.dir, 'b1/m.calib'))).rejects.toThrow(
      /would lie in the folder of uploaded files/,
    );
  });

  it('is moved as well when a set of an open project is replaced', async () => {
    await upload('field/a.png', 'image');
    await api.editProject({
      projectPath: join(root, 'p.calib'),
      edits: [
        { kind: 'sets', validationPath: join(uploads.dir, 'b1/field') },
        { kind: 'method', method: 'mse' },
      ],
    });
    expect(asked.edits).toEqual([
      { kind: 'sets', validationPath: join(root, 'field') },
      { kind: 'method', method: 'mse' },
    ]);
  });

  it('leaves paths alone that were not uploaded', async () => {
    await create('/models/m.onnx', '/images');
    expect(asked.create[0]).toMatchObject({ modelPath: '/models/m.onnx', calibrationPath: '/images' });
  });
});
