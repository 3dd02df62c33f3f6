// @vitest-environment jsdom
import { act, createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { describe, expect, it } from 'vitest';
import { jobId } from '../../../../src-shared/base/brand';
import { useJobs } from '../../../../src-renderer/state/jobs';
import { EmptyUnlessRunning } from '../../../../src-renderer/panels/analysis/analysis-start';
import { jobSnapshot } from '../state/fake-api';

describe('EmptyUnlessRunning', () => {
  it('shows the job that fills the screen, else that there is nothing yet', async () => {
    Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);
    const host = document.body.appendChild(document.createElement('div'));
    const root = createRoot(host);
    const show = async (jobs: ReturnType<typeof jobSnapshot>[]): Promise<string> => {
      await act(async () => {
        useJobs.setState({ jobs });
        root.render(
          createElement(EmptyUnlessRunning, {
            projectPath: '/data/a.calib',
            kinds: ['calibrate'],
            title: 'No histograms yet',
          }),
        );
      });
      return host.textContent;
    };
    expect(await show([])).toBe('No histograms yet');
    const running = await show([jobSnapshot()]);
    for (const text of ['Calibrate is under way', 'collecting histograms', '10 / 100 images', '9 s left', 'Cancel'])
      expect(running).toContain(text);
    expect(running).not.toContain('No histograms yet');
    expect(await show([jobSnapshot({ state: 'queued', phase: 'waiting' })])).toContain(
      'Calibrate is waiting for another job',
    );
    for (const other of [
      jobSnapshot({ kind: 'bench' }),
      jobSnapshot({ projectPath: '/data/b.calib' }),
      jobSnapshot({ id: jobId('x'), state: 'done' }),
    ])
      expect(await show([other])).toBe('No histograms yet');
    await act(async () => root.unmount());
    host.remove();
  });
});
