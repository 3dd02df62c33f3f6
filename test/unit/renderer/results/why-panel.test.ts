// @vitest-environment jsdom
import { act, createElement } from 'react';
import { createRoot, type Root } from 'react-dom/client';
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
let root: Root;
let host: HTMLElement;
let stored: AnalysesView;
const started = vi.fn<(spec: JobSpec) => void>();
const edited = vi.fn<(edits: readonly ProjectEdit[]) => void>();

async function show(project = PROJECT): Promise<void> {
  useSession.setState({ project });
  await act(async () =>
    root.render(
      createElement(WhyPanel, {
        project,
        validation: { images: 600, labelled: true, variants: [] },
        variant: 'mixed',
        subject: { kind: 'group', group: 'night' },
      }),
    ),
  );
}

function button(text: string): HTMLButtonElement {
  const found = [...host.querySelectorAll('button')].find((element) => element.textContent.includes(text));
  if (found === undefined) throw new Error(`no button "${text}"`);
  return found;
}

beforeEach(() => {
  Reflect.set(globalThis, 'IS_REACT_ACT_ENVIRONMENT', true);
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
  host = document.body.appendChild(document.createElement('div'));
  root = createRoot(host);
});
afterEach(async () => {
  await act(async () => root.unmount());
  host.remove();
  useSession.getState().closeProject();
});

describe('WhyPanel', () => {
  it('says the cost before it starts, then how it goes', async () => {
    await show();
    await act(async () => vi.waitFor(() => expect(fake.calls).toContain('getAnalysisCost')));
    expect(host.textContent).toContain('60 models × 64 images = 3\u202f840 passes, ~12 s');
    await act(async () => button('Find out').click());
    expect(started).toHaveBeenCalledWith({
      kind: 'diagnose',
      projectPath: '/data/a.calib',
      variant: 'mixed',
      subject: { kind: 'group', group: 'night' },
      target: 'onnxruntime',
    });
    expect(host.querySelector('[role=progressbar]')?.getAttribute('aria-valuetext')).toBe('64 / 3\u202f840 passes');
    expect(host.textContent).toContain('trying models');
  });

  it('tells what clips the images and opens the tensor’s histogram', async () => {
    stored = { ...NO_ANALYSES, diagnoses: [{ isCurrent: false, result: diagnosis() }] };
    await show();
    expect(host.textContent).toContain('Night is clipped in one tensor.');
    expect(host.textContent).toContain('Out of date');
    expect(host.querySelector('.why-shares')?.textContent).toBe('these images12.0 %calibration0.100 %');
    await act(async () => button('conv_1_out').click());
    expect(useSelection.getState().tensor).toBe('conv_1_out');
    expect(useView.getState().screen).toBe('histogram');
  });

  it('makes a change with one click, under a name that undo shows', async () => {
    stored = { ...NO_ANALYSES, diagnoses: [{ isCurrent: true, result: diagnosis() }] };
    await show();
    const actions = [...host.querySelectorAll('.why-action')];
    expect(actions.map((action) => action.querySelector('p')?.textContent)).toEqual([
      'Right answers 70.00 % → 93.00 %',
      'Right answers 70.00 % → 92.00 %',
    ]);
    await act(async () => actions[1]?.querySelector('button')?.click());
    expect(edited).toHaveBeenCalledWith([{ kind: 'tensor-method', tensor: 'conv_1_out', method: 'minmax' }]);
  });

  it('offers no change that the project has already', async () => {
    stored = { ...NO_ANALYSES, diagnoses: [{ isCurrent: true, result: diagnosis() }] };
    await show({ ...PROJECT, file: { ...PROJECT.file, plan: { layers: { conv_1: 'fp16' } } } });
    expect(button('Applied').disabled).toBe(true);
    expect(button('Apply').disabled).toBe(false);
  });

  it('says what is missing instead of starting in vain', async () => {
    await show({ ...PROJECT, calibrated: false });
    expect(host.textContent).toContain('Calibrate first');
    expect(button('Find out').disabled).toBe(true);
    expect(fake.calls).not.toContain('getAnalysisCost');
  });
});
