// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest';
import { EMPTY_HISTORY, keepHistory, keptHistory } from '../../../../src-renderer/state/decision-history';
import { useSession } from '../../../../src-renderer/state/session';
import { fakeApi, projectView } from './fake-api';

const PATH = '/data/a.calib';

describe('undo across a reload of the page', () => {
  beforeEach(() => sessionStorage.clear());

  it('keeps the steps of the open project with their names, and undoes them', async () => {
    const fake = fakeApi();
    const session = (): ReturnType<typeof useSession.getState> => useSession.getState();
    session().connect(fake.api);
    await session().showProject(projectView());
    await session().edit('method to MinMax', [{ kind: 'method', method: 'minmax' }]);
    // As after a reload: everything in memory is gone, the project is opened again.
    useSession.setState({ project: null, history: EMPTY_HISTORY });
    await session().openProject(PATH);
    expect(session().history.undoable.map(({ name }) => name)).toEqual(['method to MinMax']);
    expect(await session().undo()).toBe(true);
    expect(fake.project.file.method).toBe('entropy');
    useSession.setState({ project: null, history: EMPTY_HISTORY });
    await session().openProject(PATH);
    expect(session().history.redoable.map(({ name }) => name)).toEqual(['method to MinMax']);
  });

  it('is empty for another project and for what cannot be read', () => {
    const { file } = projectView();
    keepHistory(PATH, { undoable: [{ name: 'x', before: file, after: { ...file, method: 'mse' } }], redoable: [] });
    expect(keptHistory(PATH).undoable[0]).toMatchObject({ name: 'x', after: { method: 'mse' } });
    expect(keptHistory('/data/other.calib')).toEqual(EMPTY_HISTORY);
    sessionStorage.setItem('calib.history', '{"projectPath":"/data/a.calib","undoable":[{"name":3}]}');
    expect(keptHistory(PATH)).toEqual(EMPTY_HISTORY);
  });

  it('keeps fewer steps where the storage is small', () => {
    const { file } = projectView();
    const steps = Array.from({ length: 40 }, (_, i) => ({
      name: `${i} ${'x'.repeat(400_000)}`,
      before: file,
      after: file,
    }));
    keepHistory(PATH, { undoable: steps, redoable: [] });
    const kept = keptHistory(PATH).undoable;
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.at(-1)?.name.startsWith('39 ')).toBe(true);
  });
});
