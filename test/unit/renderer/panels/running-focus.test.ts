// @vitest-environment jsdom
import { act, render, screen } from '@testing-library/react';
import { createElement } from 'react';
import { expect, it } from 'vitest';
import { useSession } from '../../../../src-renderer/state/session';
import { useJobs } from '../../../../src-renderer/state/jobs';
import { AnalysisStart } from '../../../../src-renderer/panels/analysis/analysis-start';
import { fakeApi, jobSnapshot } from '../state/fake-api';

const spec = { kind: 'sensitivity', projectPath: '/data/a.calib' } as const;

async function show(...jobs: ReturnType<typeof jobSnapshot>[]): Promise<void> {
  await act(async () => useJobs.setState({ jobs }));
}

it('moves the focus from the panel of a job that ended to the button that starts it, and from nowhere else', async () => {
  const fake = fakeApi();
  // The cost, without which the buttons cannot be used.
  fake.answers.getAnalysisCost = () => ({ trials: 1, images: 1, passes: 1, seconds: null });
  useSession.setState({ api: fake.api });
  const other = { kind: 'search', projectPath: spec.projectPath } as const;
  render(
    createElement(
      'div',
      null,
      createElement(AnalysisStart, { spec: other, label: 'Search' }),
      createElement(AnalysisStart, { spec, label: 'Measure' }),
    ),
  );
  const running = jobSnapshot({ ...spec, state: 'running' });
  const ended = { ...running, state: 'cancelled' } as const;
  await show(running);
  screen.getByRole('button', { name: 'Cancel' }).focus();
  await show(ended);
  expect(document.activeElement?.textContent).toBe('Measure');
  await show(running);
  screen.getByRole('button', { name: 'Search' }).focus();
  await show(ended);
  expect(document.activeElement?.textContent).toBe('Search');
});
