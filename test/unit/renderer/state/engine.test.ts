import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useEngineStore } from '../../../../src-renderer/state/engine';
import { useJobs } from '../../../../src-renderer/state/jobs';
import { useSession } from '../../../../src-renderer/state/session';
import type { RequestOf } from '../../../../src-shared/contract/requests';
import type { EnginesView } from '../../../../src-shared/contract/views';
import { fakeApi, jobSnapshot, projectView, type FakeApi } from './fake-api';

let fake: FakeApi;
const asked: unknown[] = [];
const store = useEngineStore.getState;
const RUN = '20261202T100000000Z-abcdef';
const NONE: EnginesView = { variants: [], engine: null };

beforeEach(async () => {
  asked.length = 0;
  fake = fakeApi();
  fake.answers.getEngineLayers = ({ variant, runId }: RequestOf<'getEngineLayers'>): EnginesView => {
    asked.push(runId === undefined ? variant : { runId, variant });
    return NONE;
  };
  useSession.setState({ ...useSession.getInitialState(), api: fake.api });
  useSession.getState().connect(fake.api);
  useJobs.setState({ jobs: [], rates: {} });
  await useSession.getState().openProject('/data/a.calib');
});
afterEach(() => useEngineStore.setState({ shown: null, comparedWith: null }));
afterEach(() => useSession.getState().closeProject());

describe('the engine of the open project', () => {
  it('is read when somebody asks, and again for another variant', async () => {
    expect(asked).toEqual([]);
    await store().load();
    store().show('int8');
    expect(asked).toEqual([undefined, 'int8']);
    expect(store()).toMatchObject({ projectPath: '/data/a.calib', shown: 'int8' });
    await vi.waitFor(() => expect(store().view).toEqual(NONE));
  });

  it('loads the engine that it is compared with, until the comparison ends', async () => {
    await store().load();
    store().compareWith('fp16');
    await vi.waitFor(() => expect(asked).toEqual([undefined, undefined, 'fp16']));
    expect(store()).toMatchObject({ comparedWith: 'fp16' });
    store().compareWith(null);
    expect(store()).toMatchObject({ comparedWith: null, compared: null });
    expect(asked).toHaveLength(3);
  });

  it('is not compared with itself, by whatever name', async () => {
    const engine = (variant: string): EnginesView =>
      ({ variants: ['fp32', 'int8'], engine: { variant } }) as unknown as EnginesView;
    fake.answers.getEngineLayers = ({ variant = 'int8' }: RequestOf<'getEngineLayers'>) => engine(variant);
    await store().load();
    store().compareWith('int8');
    await vi.waitFor(() => expect(store()).toMatchObject({ comparedWith: null, compared: null }));
    store().compareWith('fp32');
    await vi.waitFor(() => expect(store().compared).toEqual(engine('fp32')));
    store().compareWith(`${RUN}:int8`);
    await vi.waitFor(() => expect(store().compared).toEqual(engine('int8')));
    expect(store().comparedWith).toBe(`${RUN}:int8`);
  });

  it('is one of a recorded run where its name says so, and stays chosen while jobs run', async () => {
    await store().load();
    store().choose({ shown: `${RUN}:int8`, comparedWith: RUN });
    await vi.waitFor(() => expect(store().compared).toEqual(NONE));
    expect(asked.slice(1)).toEqual([{ runId: RUN, variant: 'int8' }, { runId: RUN }]);
    useJobs.setState({ jobs: [jobSnapshot({ kind: 'run', state: 'done' })] });
    await vi.waitFor(() => expect(asked).toHaveLength(5));
    expect(store()).toMatchObject({ shown: `${RUN}:int8`, comparedWith: RUN });
  });

  it('says of a run that cannot be read that it has none', async () => {
    store().choose({ shown: RUN, comparedWith: null });
    fake.answers.getEngineLayers = () => {
      throw new Error('gone');
    };
    await store().load();
    expect(store().view).toEqual(NONE);
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
    expect(store()).toMatchObject({ projectPath: null, view: null });
  });
});
