import { beforeEach, describe, expect, it, vi } from 'vitest';
import { WorkbenchError } from '../../../../src-shared/base/errors';
import { useNotices } from '../../../../src-renderer/state/notices';
import { canStep, useSession } from '../../../../src-renderer/state/session';
import { fakeApi, projectView, type FakeApi } from './fake-api';

const session = () => useSession.getState();
let fake: FakeApi;

beforeEach(async () => {
  session().closeProject();
  useNotices.setState({ notices: [] });
  fake = fakeApi();
  session().connect(fake.api);
  await session().openProject('/data/a.calib');
  await vi.waitFor(() => expect(session().thresholds).not.toBeNull());
  fake.calls.length = 0;
});

describe('session', () => {
  it('loads model and thresholds with the project', () => {
    expect(session().project?.path).toBe('/data/a.calib');
    expect(session().model?.layers).toEqual([]);
    expect(session().thresholds?.method).toBe('entropy');
  });

  it('does not ask for thresholds of a project that is not calibrated', async () => {
    fake.project = projectView('/data/b.calib', {}, false);
    await session().openProject('/data/b.calib');
    await vi.waitFor(() => expect(session().model).not.toBeNull());
    expect(fake.calls).toEqual(['openProject', 'getModel']);
    expect(session().thresholds).toBeNull();
  });

  it('reads the thresholds again after an edit that they depend on, not after one of the precisions of layers', async () => {
    await session().edit('conv to FP16', [{ kind: 'precision', layer: 'conv', precision: 'fp16' }]);
    await vi.waitFor(() => expect(fake.calls).toContain('getModel'));
    expect(fake.calls).not.toContain('getThresholds');
    expect(session().thresholds).not.toBeNull();
    await session().edit('a', [{ kind: 'threshold', tensor: 'a', thresholdReal: 1 }]);
    await vi.waitFor(() => expect(fake.calls).toContain('getThresholds'));
  });

  it('undoes and redoes an edit under its name', async () => {
    expect(await session().edit('conv to FP16', [{ kind: 'precision', layer: 'conv', precision: 'fp16' }])).toBe(true);
    expect(session().history.undoable.map((step) => step.name)).toEqual(['conv to FP16']);
    await session().undo();
    expect(fake.project.file.plan.layers).toEqual({});
    expect(session().history.redoable.map((step) => step.name)).toEqual(['conv to FP16']);
    await session().redo();
    expect(fake.project.file.plan.layers).toEqual({ conv: 'fp16' });
    expect(session().project?.file.plan.layers).toEqual({ conv: 'fp16' });
  });

  it('sends edits one after the other, however fast they come', async () => {
    await Promise.all([
      session().edit('a', [{ kind: 'threshold', tensor: 'a', thresholdReal: 1 }]),
      session().edit('b', [{ kind: 'threshold', tensor: 'b', thresholdReal: 2 }]),
      session().undo(),
    ]);
    expect(fake.project.file.manualThresholds).toEqual({ a: 1 });
    expect(session().history.undoable.map((step) => step.name)).toEqual(['a']);
  });

  it('takes back an edit that is still on its way', async () => {
    const edit = session().edit('a', [{ kind: 'threshold', tensor: 'a', thresholdReal: 1 }]);
    expect(canStep('undo')).toBe(true);
    await Promise.all([edit, session().undo()]);
    expect(fake.project.file.manualThresholds).toEqual({});
    await vi.waitFor(() => expect(session().pendingEdits).toBe(0));
    expect(canStep('undo')).toBe(false);
  });

  it('says why an edit was refused, and records nothing', async () => {
    fake.answers.editProject = () => {
      throw new WorkbenchError('usage', 'There is no tensor "x"', { hint: 'Look at the list.' });
    };
    expect(await session().edit('x', [{ kind: 'threshold', tensor: 'x', thresholdReal: 1 }])).toBe(false);
    expect(session().history.undoable).toEqual([]);
    expect(useNotices.getState().notices.map(({ message, hint, code }) => ({ message, hint, code }))).toEqual([
      { message: 'There is no tensor "x"', hint: 'Look at the list.', code: 'usage' },
    ]);
    delete fake.answers.editProject;
    expect(await session().edit('mse', [{ kind: 'method', method: 'mse' }])).toBe(true);
  });

  it('follows a change that another window made, and reads nothing twice for its own', async () => {
    fake.project = projectView('/data/a.calib', { method: 'mse' });
    fake.emit({ type: 'project', projectPath: '/data/a.calib' });
    await vi.waitFor(() => expect(session().thresholds?.method).toBe('mse'));
    fake.calls.length = 0;
    await session().refresh();
    expect(fake.calls).toEqual(['openProject']);
    fake.emit({ type: 'project', projectPath: '/data/other.calib' });
    expect(fake.calls).toEqual(['openProject']);
  });

  it('drops what arrives late about the project that was open before', async () => {
    let answerModel: (model: unknown) => void = () => undefined;
    fake.answers.getModel = () => new Promise((resolve) => (answerModel = resolve));
    const first = session().openProject('/data/a.calib');
    await vi.waitFor(() => expect(fake.calls).toContain('getModel'));
    delete fake.answers.getModel;
    fake.project = projectView('/data/b.calib');
    await session().openProject('/data/b.calib');
    await vi.waitFor(() => expect(session().model).not.toBeNull());
    answerModel({ inputs: ['late'], outputs: [], layers: [], calibrationTensors: [] });
    await first;
    expect(session().project?.path).toBe('/data/b.calib');
    expect(session().model?.inputs).toEqual([]);
  });

  it('does not replace what was opened since by what took long to open', async () => {
    let answerOpen: (project: unknown) => void = () => undefined;
    fake.answers.openSample = () => new Promise((resolve) => (answerOpen = resolve));
    const sample = session().openSample();
    await session().showProject(projectView('/data/new.calib'));
    answerOpen(projectView('/data/sample.calib'));
    expect(await sample).toBe(false);
    expect(session().project?.path).toBe('/data/new.calib');
    expect(session().opening).toBeNull();
  });

  it('reads everything again when the connection is back', async () => {
    const revision = session().calibrationRevision;
    session().setConnection({ state: 'lost', retryAtMs: 0 });
    session().setConnection({ state: 'online' });
    await vi.waitFor(() =>
      expect(fake.calls).toEqual(expect.arrayContaining(['openProject', 'getModel', 'getThresholds'])),
    );
    expect(session().calibrationRevision).toBe(revision + 1);
  });

  it('stays with the open project when another cannot be opened', async () => {
    fake.answers.openProject = () => {
      throw new WorkbenchError('not-found', 'There is no project at /nowhere');
    };
    expect(await session().openProject('/nowhere')).toBe(false);
    expect(session().project?.path).toBe('/data/a.calib');
    expect(session().opening).toBeNull();
  });
});
