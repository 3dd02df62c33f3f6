// @vitest-environment jsdom
import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { createElement } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { jobId } from '../../../../src-shared/base/brand';
import type { ProjectEdit } from '../../../../src-shared/contract/requests';
import type { AnalysesView } from '../../../../src-shared/contract/views';
import type { JobSpec } from '../../../../src-shared/contract/job-specs';
import { WhyPanel } from '../../../../src-renderer/features/results/why-panel';
import { setLanguage } from '../../../../src-renderer/i18n';
import { useJobs } from '../../../../src-renderer/state/jobs';
import { useSelection } from '../../../../src-renderer/state/selection';
import { useSession } from '../../../../src-renderer/state/session';
import { useView } from '../../../../src-renderer/state/view';
import { diagnosis, NO_ANALYSES } from '../analysis-results';
import { fakeApi, jobSnapshot, projectView, type FakeApi } from '../state/fake-api';

const PROJECT = projectView('/data/a.calib', { validationSet: { path: '/data/val', labels: null } });
let fake: FakeApi;
let stored: AnalysesView;
const started = vi.fn<(spec: JobSpec) => void>();
const edited = vi.fn<(edits: readonly ProjectEdit[]) => void>();

async function show(project = PROJECT): Promise<void> {
  useSession.setState({ project });
  const panel = createElement(WhyPanel, {
    project,
    validation: { images: 600, labelled: true, variants: [] },
    variant: 'mixed',
    subject: { kind: 'group', group: 'night' },
  });
  await act(async () => void render(panel));
}

const button = (name: string | RegExp): HTMLButtonElement => screen.getByRole('button', { name });
const click = (element: HTMLElement): Promise<void> => act(async () => void fireEvent.click(element));

beforeEach(() => {
  setLanguage('en');
  stored = NO_ANALYSES;
  started.mockReset();
  edited.mockReset();
  fake = fakeApi(PROJECT);
  fake.answers.getAnalyses = () => stored;
  fake.answers.getAnalysisCost = () => ({ trials: 60, images: 64, passes: 3840, seconds: 12.4 });
  fake.answers.startJob = (spec: JobSpec) => {
    started(spec);
    return { jobId: jobId('d') };
  };
  fake.answers.getJob = () =>
    jobSnapshot({ id: jobId('d'), kind: 'diagnose', phase: 'trying models', done: 64, total: 3840, unit: 'passes' });
  fake.answers.editProject = ({ edits }: { edits: readonly ProjectEdit[] }) => {
    edited(edits);
    return PROJECT;
  };
  useSession.setState({ ...useSession.getInitialState(), api: fake.api });
  useJobs.setState({ jobs: [], rates: {} });
});
afterEach(() => {
  cleanup();
  useSession.getState().closeProject();
});

describe('WhyPanel', () => {
  it('says the cost before it starts, then how it goes', async () => {
    await show();
    await act(async () => vi.waitFor(() => expect(fake.calls).toContain('getAnalysisCost')));
    expect(document.body.textContent).toContain('About 60 models on 64 images: the work of 3\u202f840 passes, ~12 s');
    await click(button('Find out'));
    expect(started).toHaveBeenCalledWith({
      kind: 'diagnose',
      projectPath: '/data/a.calib',
      variant: 'mixed',
      subject: { kind: 'group', group: 'night' },
      target: 'onnxruntime',
    });
    expect(screen.getByRole('progressbar').getAttribute('aria-valuetext')).toBe('64 / 3\u202f840 passes');
    expect(document.body.textContent).toContain('trying models');
  });

  it('tells what clips the images and opens the tensor’s histogram', async () => {
    stored = { ...NO_ANALYSES, diagnoses: [{ isCurrent: false, result: diagnosis() }] };
    await show();
    expect(document.body.textContent).toContain('Night is clipped in one tensor.');
    expect(document.body.textContent).toContain('Out of date');
    expect(screen.getByTestId('clipped-shares').textContent).toBe('these images12.0 %calibration0.100 %');
    await click(screen.getByTitle('Show the histogram of conv_1_out with its groups'));
    expect(useSelection.getState().tensor).toBe('conv_1_out');
    expect(useView.getState().screen).toBe('histogram');
  });

  it('makes a change with one click, under a name that undo shows', async () => {
    stored = { ...NO_ANALYSES, diagnoses: [{ isCurrent: true, result: diagnosis() }] };
    await show();
    const actions = screen.getAllByTestId('why-action');
    expect(actions.map((action) => within(action).getByTestId('why-change').textContent)).toEqual([
      'Right answers 70.00 % → 93.00 %',
      'Right answers 70.00 % → 92.00 %',
    ]);
    for (const action of actions.slice(1, 2)) await click(within(action).getByRole('button'));
    expect(edited).toHaveBeenCalledWith([{ kind: 'tensor-method', tensor: 'conv_1_out', method: 'minmax' }]);
  });

  it('offers no change that the project has already', async () => {
    stored = { ...NO_ANALYSES, diagnoses: [{ isCurrent: true, result: diagnosis() }] };
    await show({ ...PROJECT, file: { ...PROJECT.file, plan: { layers: { conv_1: 'fp16' } } } });
    expect(button(/^Applied/).disabled).toBe(true);
    expect(button(/^Apply:/).disabled).toBe(false);
  });

  it('says what is missing instead of starting in vain', async () => {
    await show({ ...PROJECT, calibrated: false });
    expect(document.body.textContent).toContain('Calibrate first');
    expect(button('Find out').disabled).toBe(true);
    expect(fake.calls).not.toContain('getAnalysisCost');
  });
});
