// @vitest-environment jsdom
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { startAddress } from '../../../../src-renderer/app/address-sync';
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

  it('makes a step of a screen and replaces the step for a selection', () => {
    const before = history.length;
    useView.getState().openScreen('results');
    useSelection.getState().selectTensor('conv_2');
    expect(history.length).toBe(before + 1);
    expect(location.hash).toBe('#/results?project=/data/a.calib&tensor=conv_2');
  });

  it('follows an address that a person goes back to', () => {
    goTo('#/model?project=/data/a.calib&layer=conv_3');
    expect([useView.getState().screen, useSelection.getState().tensor, useSelection.getState().layer]).toEqual(['model', null, 'conv_3']);
  });

  it('opens another project with its own selection', async () => {
    goTo('#/histogram?project=/data/b.calib&tensor=conv_9');
    await vi.waitFor(() => expect(useSession.getState().project?.path).toBe('/data/b.calib'));
    expect(useSelection.getState().tensor).toBe('conv_9');
  });

  it('drops the selection when another project is opened from the window', async () => {
    useSelection.getState().selectTensor('conv_9');
    await useSession.getState().openProject('/data/c.calib');
    expect(useSelection.getState().tensor).toBeNull();
    expect(location.hash).toContain('project=/data/c.calib');
  });

  it('goes back to the start screen when the project of a link is gone', async () => {
    goTo('#/results?project=/data/missing.calib');
    await vi.waitFor(() => expect(useView.getState().screen).toBe('start'));
    expect(useSession.getState().project?.path).toBe('/data/c.calib');
    expect(location.hash).toBe('#/start?project=/data/c.calib');
  });
});
