import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { questionOf, sensitivityOf, useAnalysesStore } from '../../../../src-renderer/state/analyses';
import { useJobs } from '../../../../src-renderer/state/jobs';
import { useSession } from '../../../../src-renderer/state/session';
import type { AnalysesView } from '../../../../src-shared/contract/views';
import { NO_ANALYSES, sensitivityResult } from '../analysis-results';
import { fakeApi, jobSnapshot, projectView, type FakeApi } from './fake-api';

let fake: FakeApi;
let stored: AnalysesView;
const store = useAnalysesStore.getState;
const readings = (): number => fake.calls.filter((call) => call === 'getAnalyses').length;

beforeEach(async () => {
  stored = NO_ANALYSES;
  fake = fakeApi();
  fake.answers.getAnalyses = () => stored;
  useSession.setState({ ...useSession.getInitialState(), api: fake.api });
  useSession.getState().connect(fake.api);
  useJobs.setState({ jobs: [], rates: {} });
  await useSession.getState().openProject('/data/a.calib');
});
afterEach(() => useSession.getState().closeProject());

describe('analyses of the open project', () => {
  it('reads nothing before somebody asks', async () => {
    await useSession.getState().edit('a name', [{ kind: 'method', method: 'mse' }]);
    expect(readings()).toBe(0);
    await store().load();
    expect(store()).toMatchObject({ projectPath: '/data/a.calib', view: NO_ANALYSES, error: null });
  });

  it('follows an edit, which puts results out of date', async () => {
    stored = { ...NO_ANALYSES, sensitivity: { release: { isCurrent: true, result: sensitivityResult() } } };
    await store().load();
    stored = { ...NO_ANALYSES, sensitivity: { release: { isCurrent: false, result: sensitivityResult() } } };
    await useSession.getState().edit('conv_1 to FP16', [{ kind: 'precision', layer: 'conv_1', precision: 'fp16' }]);
    await vi.waitFor(() => expect(store().view?.sensitivity.release?.isCurrent).toBe(false));
  });

  it('reads again when an analysis is done, and not for other jobs', async () => {
    await store().load();
    useJobs.setState({ jobs: [jobSnapshot({ kind: 'validate', state: 'done' })] });
    expect(readings()).toBe(1);
    useJobs.setState({ jobs: [jobSnapshot({ kind: 'sensitivity', state: 'running' })] });
    expect(readings()).toBe(1);
    useJobs.setState({ jobs: [jobSnapshot({ kind: 'sensitivity', state: 'done' })] });
    expect(readings()).toBe(2);
  });

  it('keeps what it has when a reading fails, and says why', async () => {
    await store().load();
    fake.answers.getAnalyses = () => {
      throw new Error('disk');
    };
    await store().load();
    expect(store().view).toBe(NO_ANALYSES);
    expect(store().error).toMatchObject({ message: 'disk' });
  });

  it('drops everything with the project, also an answer on its way', async () => {
    let answer: (view: AnalysesView) => void = () => undefined;
    fake.answers.getAnalyses = () => new Promise<AnalysesView>((resolve) => (answer = resolve));
    const late = store().load();
    await vi.waitFor(() => expect(readings()).toBe(1));
    await useSession.getState().showProject(projectView('/data/b.calib'));
    answer(NO_ANALYSES);
    await late;
    expect(store()).toMatchObject({ projectPath: null, view: null });
  });
});

describe('the question in force', () => {
  const answers: AnalysesView = {
    ...NO_ANALYSES,
    sensitivity: {
      cause: { isCurrent: true, result: sensitivityResult({ kind: 'cause', createdAt: '2026-11-20T12:00:00.000Z' }) },
      release: { isCurrent: true, result: sensitivityResult({ createdAt: '2026-11-19T12:00:00.000Z' }) },
    },
  };

  it('is the chosen one, else that of the newest answer, else release', () => {
    expect(questionOf({ view: null, question: null })).toBe('release');
    expect(questionOf({ view: answers, question: null })).toBe('cause');
    expect(questionOf({ view: answers, question: 'visible' })).toBe('visible');
  });

  it('shows only the answer to that question', () => {
    expect(sensitivityOf({ view: answers, question: null })?.result.kind).toBe('cause');
    expect(sensitivityOf({ view: answers, question: 'visible' })).toBeNull();
  });
});
