import { beforeEach, describe, expect, it, vi } from 'vitest';
import { canAnalyse, startAnalysis } from '../../../../src-renderer/app/start-job';
import {
  DEFAULT_OPTIONS,
  useSensitivityOptions,
} from '../../../../src-renderer/features/sensitivity/sensitivity-options';
import { useJobs } from '../../../../src-renderer/state/jobs';
import { useFieldImages } from '../../../../src-renderer/state/files';
import { useSession } from '../../../../src-renderer/state/session';
import { useView } from '../../../../src-renderer/state/view';
import { jobId } from '../../../../src-shared/base/brand';
import type { JobSpec } from '../../../../src-shared/contract/job-specs';
import { fakeApi, jobSnapshot, projectView } from '../state/fake-api';

const started = vi.fn<(spec: JobSpec) => void>();

async function open(isCalibrated = true): Promise<void> {
  const fake = fakeApi(projectView('/data/a.calib', {}, isCalibrated));
  fake.answers.startJob = (spec: JobSpec) => {
    started(spec);
    return { jobId: jobId('j') };
  };
  fake.answers.getJob = () => jobSnapshot({ id: jobId('j') });
  useSession.setState({ ...useSession.getInitialState(), api: fake.api });
  await useSession.getState().openProject('/data/a.calib');
}

beforeEach(() => {
  started.mockReset();
  useJobs.setState({ jobs: [], rates: {} });
  useSensitivityOptions.setState({ options: DEFAULT_OPTIONS });
  useFieldImages.setState({ path: '' });
});

describe('starting an analysis from the palette', () => {
  it('is offered once there are thresholds', async () => {
    await open(false);
    expect(canAnalyse()).toBe(false);
    await open();
    expect(canAnalyse()).toBe(true);
  });

  it.each([
    ['sensitivity', 'sensitivity', { kind: 'sensitivity', question: 'release', limit: 64 }],
    ['auto', 'histogram', { kind: 'auto' }],
    ['search', 'search', { kind: 'search', maxDrop: 0.5 }],
  ] as const)('%s: opens its screen and starts with what is chosen there', async (kind, screen, spec) => {
    await open();
    startAnalysis(kind);
    expect(useView.getState().screen).toBe(screen);
    await vi.waitFor(() =>
      expect(started).toHaveBeenCalledWith(expect.objectContaining({ projectPath: '/data/a.calib', ...spec })),
    );
  });

  it('opens the screen that says what is missing, and starts nothing', async () => {
    await open();
    useSensitivityOptions.getState().change({ metric: 'top1' });
    startAnalysis('sensitivity');
    expect(useView.getState().screen).toBe('sensitivity');
    expect(started).not.toHaveBeenCalled();
  });
});
