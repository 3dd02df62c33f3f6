import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useEngineStore } from '../../../../src-renderer/state/engine';
import { useJobs } from '../../../../src-renderer/state/jobs';
import { useSession } from '../../../../src-renderer/state/session';
import type { EnginesView } from '../../../../src-shared/contract/views';
import { fakeApi, jobSnapshot, projectView, type FakeApi } from './fake-api';

let fake: FakeApi;
const asked: (string | undefined)[] = [];
const store = useEngineStore.getState;
const NONE: EnginesView = { variants: [], engine: null };

beforeEach(async () => {
  asked.length = 0;
  fake = fakeApi();
  fake.answers.getEngineLayers = ({ variant }: { readonly variant?: string }): EnginesView => {
    asked.push(variant);
    return NONE;
  };
  useSession.setState({ ...useSession.getInitialState(), api: fake.api });
  useSession.getState().connect(fake.api);
  useJobs.setState({ jobs: [], rates: {} });
  await useSession.getState().openProject('/data/a.calib');
});
afterEach(() => useSession.getState().closeProject());

describe('the engine of the open project', () => {
  it('is read when somebody asks, and again for another variant', async () => {
    expect(asked).toEqual([]);
    await store().load();
    store().showVariant('int8');
    expect(asked).toEqual([undefined, 'int8']);
    expect(store()).toMatchObject({ projectPath: '/data/a.calib', view: NONE, variant: 'int8' });
  });

  it('loads the engine that it is compared with, until the comparison ends', async () => {
    await store().load();
    store().compareWith('fp16');
    await vi.waitFor(() => expect(asked).toEqual([undefined, undefined, 'fp16']));
    expect(store()).toMatchObject({ comparedVariant: 'fp16' });
    store().compareWith(null);
    expect(store()).toMatchObject({ comparedVariant: null, compared: null });
    expect(asked).toHaveLength(3);
  });

  it('follows edits, which put it out of date, and jobs that build engines', async () => {
    await store().load();
    await useSession.getState().edit('a name', [{ kind: 'method', method: 'mse' }]);
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    useJobs.setState({ jobs: [jobSnapshot({ kind: 'build', state: 'running' })] });
    expect(asked).toHaveLength(2);
    useJobs.setState({ jobs: [jobSnapshot({ kind: 'build', state: 'done' })] });
    expect(asked).toHaveLength(3);
    useJobs.setState({
      jobs: [jobSnapshot({ kind: 'calibrate', state: 'done' }), jobSnapshot({ kind: 'build', state: 'done' })],
    });
    expect(asked).toHaveLength(3);
  });

  it('forgets it with the project, and is quiet about one that cannot be read', async () => {
    await store().load();
    fake.answers.getEngineLayers = () => {
      throw new Error('disk');
    };
    await store().load();
    expect(store().view).toBeNull();
    fake.project = projectView('/data/b.calib');
    await useSession.getState().openProject('/data/b.calib');
    expect(store()).toMatchObject({ projectPath: null, view: null, variant: null });
  });
});
