// @vitest-environment jsdom
import { act, render } from '@testing-library/react';
import { createElement } from 'react';
import { describe, expect, it } from 'vitest';
import { jobId } from '../../../../src-shared/base/brand';
import { useJobs } from '../../../../src-renderer/state/jobs';
import { EmptyUnlessRunning } from '../../../../src-renderer/panels/analysis/analysis-start';
import { jobSnapshot } from '../state/fake-api';

describe('EmptyUnlessRunning', () => {
  it('shows the job that fills the screen, else that there is nothing yet', async () => {
    const { container, unmount } = render(
      createElement(EmptyUnlessRunning, {
        projectPath: '/data/a.calib',
        kinds: ['calibrate'],
        title: 'No histograms yet',
      }),
    );
    const show = async (jobs: ReturnType<typeof jobSnapshot>[]): Promise<string> => {
      await act(async () => useJobs.setState({ jobs }));
      return container.textContent;
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
    unmount();
  });
});
