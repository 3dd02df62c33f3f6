// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { startAddress } from '../../../../src-renderer/app/address-sync';
import { useData } from '../../../../src-renderer/features/data/data-store';
import { useHistogramTab } from '../../../../src-renderer/state/histogram-tab';
import { useResults } from '../../../../src-renderer/features/results/results-store';
import { useSelection } from '../../../../src-renderer/state/selection';
import { useSession } from '../../../../src-renderer/state/session';
import { useView } from '../../../../src-renderer/state/view';
import { fakeApi, projectView } from '../state/fake-api';

const fake = fakeApi();
fake.answers.openProject = ({ projectPath }: { projectPath: string }) => {
  if (projectPath.includes('missing')) throw new Error('There is no project here');
  return projectView(projectPath);
};
useSession.getState().connect(fake.api);
history.replaceState(null, '', '/?project=/data/a.calib#/histogram?tensor=conv_1');
startAddress();

const goTo = (hash: string): void => {
  history.pushState(null, '', hash);
  window.dispatchEvent(new HashChangeEvent('hashchange'));
};

describe('address', () => {
  beforeEach(() => vi.waitFor(() => expect(useSession.getState().opening).toBeNull()));

  it('opens what the link names, and cleans the query', async () => {
    await vi.waitFor(() => expect(useSession.getState().project?.path).toBe('/data/a.calib'));
    expect(useSelection.getState().tensor).toBe('conv_1');
    expect(location.hash).toBe('#/histogram?project=/data/a.calib&tensor=conv_1');
    expect(location.search).toBe('');
  });

  /** What one action did to the history: the number of new steps. */
  const stepsOf = async (action: () => void): Promise<number> => {
    const before = history.length;
    action();
    await Promise.resolve();
    return history.length - before;
  };

  it('makes one step of all that one action changes', async () => {
    const steps = await stepsOf(() => {
      useView.getState().openScreen('results');
      useSelection.getState().selectTensor('conv_2');
    });
    expect(steps).toBe(1);
    expect(location.hash).toBe('#/results?project=/data/a.calib&tensor=conv_2');
  });

  it('makes a step of a run, of a compared run, of a tab and of a tensor', async () => {
    const { showRun, compareWith } = useResults.getState();
    expect(await stepsOf(() => showRun('r2'))).toBe(1);
    expect(await stepsOf(() => compareWith('r1'))).toBe(1);
    expect(location.hash).toBe('#/results?project=/data/a.calib&run=r2&compare=r1&tensor=conv_2');
    await stepsOf(() => useView.getState().openScreen('data'));
    expect(await stepsOf(() => useData.getState().show('health'))).toBe(1);
    expect(location.hash).toBe('#/data?project=/data/a.calib&tab=health&tensor=conv_2');
    await stepsOf(() => useView.getState().openScreen('histogram'));
    expect(await stepsOf(() => useHistogramTab.getState().showTab('all'))).toBe(1);
    expect(await stepsOf(() => useSelection.getState().selectTensor('conv_5'))).toBe(1);
    expect(location.hash).toBe('#/histogram?project=/data/a.calib&tab=all&tensor=conv_5');
  });

  it('walks back and forth through them, adding no step', async () => {
    const back = async (move: () => void, hash: string): Promise<void> => {
      const before = history.length;
      move();
      await vi.waitFor(() => expect(location.hash).toBe(hash));
      // jsdom says so by itself only for addresses that were typed.
      window.dispatchEvent(new HashChangeEvent('hashchange'));
      await Promise.resolve();
      expect([history.length, location.hash]).toEqual([before, hash]);
    };
    await back(() => history.back(), '#/histogram?project=/data/a.calib&tab=all&tensor=conv_2');
    expect(useSelection.getState().tensor).toBe('conv_2');
    await back(() => history.back(), '#/histogram?project=/data/a.calib&tensor=conv_2');
    expect(useHistogramTab.getState().tab).toBe('inspect');
    await back(() => history.go(-3), '#/results?project=/data/a.calib&run=r2&compare=r1&tensor=conv_2');
    expect([useResults.getState().runId, useResults.getState().compareId]).toEqual(['r2', 'r1']);
    await back(() => history.back(), '#/results?project=/data/a.calib&run=r2&tensor=conv_2');
    expect(useResults.getState().compareId).toBeNull();
    await back(() => history.go(5), '#/histogram?project=/data/a.calib&tab=all&tensor=conv_2');
    expect([useView.getState().screen, useHistogramTab.getState().tab]).toEqual(['histogram', 'all']);
  });

  it('makes one step of a walk with a key that is held down', async () => {
    await stepsOf(() => useSelection.getState().selectTensor('conv_1'));
    const press = (repeat: boolean): void =>
      void window.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', repeat }));
    press(false);
    expect(await stepsOf(() => useSelection.getState().selectTensor('conv_2'))).toBe(1);
    press(true);
    expect(await stepsOf(() => useSelection.getState().selectTensor('conv_3'))).toBe(0);
    expect(location.hash).toContain('tensor=conv_3');
    window.dispatchEvent(new KeyboardEvent('keyup', { key: 'ArrowDown' }));
  });

  it('follows an address that a person goes back to', () => {
    goTo('#/model?project=/data/a.calib&layer=conv_3');
    expect([useView.getState().screen, useSelection.getState().tensor, useSelection.getState().layer]).toEqual([
      'model',
      null,
      'conv_3',
    ]);
  });

  it('opens another project with its own selection', async () => {
    goTo('#/histogram?project=/data/b.calib&tensor=conv_9');
    await vi.waitFor(() => expect(useSession.getState().project?.path).toBe('/data/b.calib'));
    expect(useSelection.getState().tensor).toBe('conv_9');
  });

  it('drops the selection when another project is opened from the window', async () => {
    useSelection.getState().selectTensor('conv_9');
    useResults.getState().showRun('of-b');
    await useSession.getState().openProject('/data/c.calib');
    expect(useSelection.getState().tensor).toBeNull();
    expect(useResults.getState().runId).toBeNull();
    expect(location.hash).toContain('project=/data/c.calib');
  });

  it('goes back to the start screen when the project of a link is gone', async () => {
    goTo('#/results?project=/data/missing.calib');
    await vi.waitFor(() => expect(useView.getState().screen).toBe('start'));
    expect(useSession.getState().project?.path).toBe('/data/c.calib');
    expect(location.hash).toBe('#/start?project=/data/c.calib');
  });
});
