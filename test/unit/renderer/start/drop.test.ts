import { beforeEach, describe, expect, it } from 'vitest';
import type { DroppedItem } from '../../../../src-renderer/api/connection';
import {
  type DropAction,
  dropKind,
  likelySet,
  nameOfPath,
  planDrop,
  proposedProjectPath,
} from '../../../../src-renderer/features/start/drop-plan';
import { fillEmpty, missingPart, requestOf, setsOf, useDrop } from '../../../../src-renderer/features/start/drop-store';
import { useFieldImages, useFiles } from '../../../../src-renderer/state/files';
import { useNotices } from '../../../../src-renderer/state/notices';
import { useSession } from '../../../../src-renderer/state/session';
import { useView } from '../../../../src-renderer/state/view';
import { fakeApi, projectView } from '../state/fake-api';

const item = (name: string, isFolder = false): DroppedItem => ({ name, isFolder, file: null, entry: null });
const draft = { modelPath: '', calibrationPath: '', validationPath: '', projectPath: '' };

describe('what a drop is', () => {
  it.each([
    ['net.ONNX', false, 'model'],
    ['a.calib', true, 'project'],
    ['a.calib', false, 'unknown'],
    ['net.onnx', true, 'folder'],
    ['trt.cache', false, 'cache'],
    ['cat.PNG', false, 'image'],
    ['tensors.npz', false, 'image'],
    ['net.onnx.data', false, 'data'],
    ['notes.docx', false, 'unknown'],
  ] as const)('%s (folder: %s) is a %s', (name, isFolder, kind) => {
    expect(dropKind(name, isFolder)).toBe(kind);
  });

  it('guesses the set from the name of the folder', () => {
    expect(['train', 'calibration', 'val', 'Test-2', 'holdout'].map(likelySet)).toEqual([
      'calibration',
      'calibration',
      'validation',
      'validation',
      'validation',
    ]);
  });

  it('proposes a project beside the model, with its kind of slashes', () => {
    expect(proposedProjectPath('/data/net.onnx')).toBe('/data/net.calib');
    expect(proposedProjectPath('C:\\data\\net.ONNX')).toBe('C:\\data\\net.calib');
    expect(nameOfPath('C:\\data\\day\\')).toBe('day');
    expect(proposedProjectPath('/tmp/uploads/b1/net.onnx', '/data/')).toBe('/data/net.calib');
    expect(proposedProjectPath('C:\\tmp\\net.onnx', 'C:\\data')).toBe('C:\\data\\net.calib');
  });
});

describe('the form of a new project', () => {
  it('sorts folders that come together by their names', () => {
    expect(setsOf(['/d/val', '/d/train'])).toEqual({ calibrationPath: '/d/train', validationPath: '/d/val' });
    expect(setsOf(['/d/a', '/d/b'])).toEqual({ calibrationPath: '/d/a', validationPath: '/d/b' });
    expect(setsOf(['/d/val', '/d/test'])).toEqual({ calibrationPath: '/d/test', validationPath: '/d/val' });
  });

  it('puts a dropped folder where one is missing', () => {
    expect(fillEmpty(draft, '/d/a')).toEqual({ calibrationPath: '/d/a' });
    expect(fillEmpty({ ...draft, calibrationPath: '/x' }, '/d/a')).toEqual({ validationPath: '/d/a' });
    expect(fillEmpty({ ...draft, calibrationPath: '/x', validationPath: '/y' }, '/d/a')).toEqual({
      calibrationPath: '/d/a',
    });
  });

  it('says what is missing, and asks for what was said', () => {
    expect(missingPart(draft)).toBe('start.modelMissing');
    expect(missingPart({ ...draft, modelPath: '/m.onnx', calibrationPath: ' ' })).toBe('start.calibrationMissing');
    const full = { ...draft, modelPath: ' /m.onnx ', calibrationPath: '/c' };
    expect(missingPart(full)).toBeNull();
    expect(requestOf(full)).toEqual({
      modelPath: '/m.onnx',
      calibrationPath: '/c',
      projectPath: '/m.calib',
      preprocessing: {},
    });
    expect(requestOf({ ...full, validationPath: '/v', projectPath: '/p.calib' })).toMatchObject({
      validationPath: '/v',
      projectPath: '/p.calib',
    });
  });
});

describe('a drop on the window', () => {
  const drop = (...items: readonly DroppedItem[]) => useDrop.getState().drop(items);
  const refusals = (): readonly string[] =>
    useDrop.getState().refused.map(({ name, reasonKey }) => `${name} ${reasonKey.replace('start.refused.', '')}`);
  beforeEach(() => {
    useDrop.getState().close();
    useSession.getState().closeProject();
    useNotices.setState({ notices: [] });
    useFiles.getState().connect({
      host: 'desktop',
      files: { choose: null, pathsOf: async (items) => items.map(({ name }) => `/d/${name}`) },
    });
  });

  it('starts a project with a model and the folders beside it', async () => {
    await drop(item('val', true), item('net.onnx'), item('train', true));
    expect(useDrop.getState().step).toEqual({
      kind: 'new-project',
      draft: { modelPath: '/d/net.onnx', calibrationPath: '/d/train', validationPath: '/d/val', projectPath: '' },
    });
    await drop(item('other.onnx'));
    expect(useDrop.getState().step).toMatchObject({
      draft: { modelPath: '/d/other.onnx', calibrationPath: '/d/train' },
    });
  });

  it('proposes a project elsewhere when the model was sent', async () => {
    useFiles.getState().connect({
      host: 'browser',
      files: {
        choose: null,
        projectsFolder: () => '/data',
        pathsOf: async (items) => items.map(({ name }) => `/tmp/up/${name}`),
      },
    });
    await drop(item('net.onnx'));
    expect(useDrop.getState().step).toMatchObject({
      draft: { modelPath: '/tmp/up/net.onnx', projectPath: '/data/net.calib' },
    });
  });

  it('asks which set a folder is when a project is open, and sets it with one edit', async () => {
    const fake = fakeApi(projectView());
    const edits: unknown[] = [];
    fake.answers.editProject = (request: { edits: readonly unknown[] }) => {
      edits.push(...request.edits);
      return projectView('/data/a.calib', { validationSet: { path: '/d/night', labels: null } });
    };
    useSession.getState().connect(fake.api);
    await useSession.getState().openProject('/data/a.calib');
    await drop(item('night', true));
    expect(useDrop.getState().step).toEqual({ kind: 'ask-set', path: '/d/night' });
    await useDrop.getState().useAs('validation');
    expect(edits).toEqual([{ kind: 'sets', validationPath: '/d/night' }]);
    expect(useDrop.getState().step).toBeNull();
    expect(useView.getState().screen).toBe('data');
    expect(useSession.getState().history.undoable.map((step) => step.name)).toEqual(['validation set night']);
  });

  it('takes a folder as images from the field, which plans are judged by, without changing the project', async () => {
    const fake = fakeApi(projectView());
    useSession.getState().connect(fake.api);
    await useSession.getState().openProject('/data/a.calib');
    useView.getState().openScreen('model');
    await drop(item('night-shift', true));
    await useDrop.getState().useAs('field');
    expect(useFieldImages.getState().path).toBe('/d/night-shift');
    expect(useView.getState().screen).toBe('search');
    expect(useDrop.getState().step).toBeNull();
    expect(fake.calls).not.toContain('editProject');
  });

  it('opens a project, and shows its histograms when there are some', async () => {
    useSession.getState().connect(fakeApi(projectView('/d/a.calib')).api);
    await drop(item('a.calib', true));
    expect(useSession.getState().project?.path).toBe('/d/a.calib');
    expect(useView.getState().screen).toBe('histogram');
  });

  it('refuses each thing that it cannot use by its name', async () => {
    await drop(item('cat.png'), item('readme.md'));
    expect(refusals()).toEqual(['cat.png imageByFolder', 'readme.md unknown']);
    expect(useDrop.getState().step).toBeNull();
    useDrop.getState().close();
    expect(useDrop.getState().refused).toEqual([]);
  });

  it('sends single images as one folder in a browser, all of them, and asks which set they are', async () => {
    const sent: DroppedItem[] = [];
    useFiles.getState().connect({
      host: 'browser',
      files: {
        choose: null,
        pathsOf: async (items) => (sent.push(...items), items.map(({ name }) => `/up/${name}`)),
      },
    });
    useSession.getState().connect(fakeApi(projectView()).api);
    await useSession.getState().openProject('/data/a.calib');
    await drop(item('1.png'), item('2.JPG'), item('1.png'), item('notes.txt'));
    expect(sent.map(({ name, content }) => [name, content?.map((image) => image.name)])).toEqual([
      ['images', ['1.png', '2.JPG', '1-2.png']],
    ]);
    expect(useDrop.getState().step).toEqual({ kind: 'ask-set', path: '/up/images' });
    expect(refusals()).toEqual(['notes.txt unknown']);
  });

  it('takes the first of several models, and names the others', async () => {
    await drop(item('a.onnx'), item('b.onnx'), item('a.data'), item('c.onnx'), item('trt.cache'));
    expect(useDrop.getState().step).toMatchObject({ kind: 'new-project', draft: { modelPath: '/d/a.onnx' } });
    expect(refusals()).toEqual(['b.onnx oneModel', 'c.onnx oneModel', 'trt.cache cacheLater']);
  });

  it('takes two folders, and names the third', async () => {
    await drop(item('train', true), item('val', true), item('more', true));
    expect(useDrop.getState().step).toMatchObject({ draft: { calibrationPath: '/d/train', validationPath: '/d/val' } });
    expect(refusals()).toEqual(['more twoSets']);
  });

  it('opens one project, and names what was dropped with it', async () => {
    useSession.getState().connect(fakeApi(projectView('/d/a.calib')).api);
    await drop(item('b.onnx'), item('a.calib', true), item('c.calib', true));
    expect(useSession.getState().project?.path).toBe('/d/a.calib');
    expect(refusals()).toEqual(['b.onnx besideProject', 'c.calib besideProject']);
  });

  it('does not import a cache without a project', async () => {
    await drop(item('trt.cache'), item('more.cache'));
    expect(useDrop.getState().refused).toEqual([
      { name: 'trt.cache', reasonKey: 'start.cacheNeedsProject' },
      { name: 'more.cache', reasonKey: 'start.refused.oneCache' },
    ]);
  });

  it('loses nothing: every item is used or refused', () => {
    const names = [
      item('p.calib', true),
      item('m.onnx'),
      item('n.onnx'),
      item('t.cache'),
      item('u.cache'),
      item('d', true),
      item('e', true),
      item('f', true),
      item('i.png'),
      item('w.data'),
      item('x.zip'),
    ];
    const used = (action: DropAction | null): number => {
      switch (action?.kind) {
        case 'model':
          return 1 + sets(action.sets) + action.data.length;
        case 'sets':
          return sets(action.sets);
        default:
          return action === null ? 0 : 1;
      }
    };
    const sets = (folders: readonly DroppedItem[]): number =>
      folders.reduce((sum, folder) => sum + (folder.content?.length ?? 1), 0);
    for (let mask = 0; mask < 2 ** names.length; mask++) {
      const items = names.filter((_, i) => (mask >> i) % 2 === 1);
      for (const host of ['browser', 'desktop'] as const) {
        for (const hasProject of [true, false]) {
          const { action, refused } = planDrop(items, { host, hasProject });
          if (used(action) + refused.length !== items.length)
            expect([host, hasProject, items.map(({ name }) => name), action, refused]).toBe('every item once');
        }
      }
    }
  });

  it('tells when files cannot be named', async () => {
    useFiles
      .getState()
      .connect({ host: 'desktop', files: { choose: null, pathsOf: () => Promise.reject(new Error('No access')) } });
    await drop(item('net.onnx'));
    expect(useNotices.getState().notices[0]).toMatchObject({ tone: 'error', message: 'No access' });
    expect(useDrop.getState().step).toBeNull();
  });
});
