import { beforeEach, describe, expect, it, vi } from 'vitest';
import { jobId, type JobId } from '../../../../src-shared/base/brand';
import { mergeJob, nextRates, openJobs, useJobs } from '../../../../src-renderer/state/jobs';
import { useNotices } from '../../../../src-renderer/state/notices';
import { useSession } from '../../../../src-renderer/state/session';
import { fakeApi, jobSnapshot, projectView, type FakeApi } from './fake-api';

describe('mergeJob', () => {
  it('drops a snapshot that is older than what is known', () => {
    const known = [jobSnapshot({ sequence: 5, done: 50 })];
    expect(mergeJob(known, jobSnapshot({ sequence: 4, done: 40 }))).toBe(known);
    expect(mergeJob(known, jobSnapshot({ sequence: 6, done: 60 }))[0]?.done).toBe(60);
  });

  it('keeps the order in which jobs were started', () => {
    const two = [jobSnapshot(), jobSnapshot({ id: jobId('job-2') })];
    expect(mergeJob(two, jobSnapshot({ sequence: 2 })).map((job) => job.id)).toEqual(['job-1', 'job-2']);
  });
});

describe('nextRates', () => {
  it('measures a running job and forgets it when it ends', () => {
    let rates = nextRates({}, jobSnapshot({ done: 0 }), 1_000);
    rates = nextRates(rates, jobSnapshot({ done: 10 }), 2_000); // the first ones hold the loading
    rates = nextRates(rates, jobSnapshot({ done: 50 }), 3_000);
    expect(rates['job-1']?.perSecond).toBeCloseTo(40);
    expect(nextRates(rates, jobSnapshot({ state: 'done' }), 4_000)).toEqual({});
  });
});

describe('openJobs', () => {
  it('gives the running job of the project first', () => {
    const jobs = [
      jobSnapshot({ id: jobId('done'), state: 'done' }),
      jobSnapshot({ id: jobId('queued'), state: 'queued' }),
      jobSnapshot({ id: jobId('running') }),
      jobSnapshot({ id: jobId('other'), projectPath: '/data/b.calib' }),
    ];
    expect(openJobs(jobs, '/data/a.calib').map((job) => job.id)).toEqual(['running', 'queued']);
    expect(openJobs(jobs, null).map((job) => job.id)).toEqual(['running', 'other', 'queued']);
  });
});

describe('useJobs', () => {
  let fake: FakeApi;
  beforeEach(async () => {
    fake = fakeApi(projectView('/data/a.calib', {}, false));
    useJobs.setState({ jobs: [], rates: {} });
    useNotices.setState({ notices: [] });
    useSession.getState().connect(fake.api);
    await useSession.getState().openProject('/data/a.calib');
  });

  it('starts one job for a double click, and another one for another wish', async () => {
    let count = 0;
    fake.answers.startJob = () => ({ jobId: jobId(`job-${(count += 1)}`) });
    fake.answers.getJob = ({ jobId: id }: { jobId: JobId }) => jobSnapshot({ id });
    useJobs.getState().connect(fake.api);
    const { start } = useJobs.getState();
    const spec = { kind: 'run', projectPath: '/data/a.calib' } as const;
    const [first, second] = await Promise.all([start(spec), start({ ...spec })]);
    // The first has been answered by now: the second click of a slow double click still means the same job.
    const third = await start({ ...spec });
    expect([first, second, third]).toEqual(['job-1', 'job-1', 'job-1']);
    expect(await start({ ...spec, rounds: 5 })).toBe('job-2');
    expect(useJobs.getState().jobs).toHaveLength(2);
  });

  it('tries again at once what could not be started', async () => {
    fake.answers.startJob = () => Promise.reject(new Error('no'));
    useJobs.getState().connect(fake.api);
    const spec = { kind: 'bench', projectPath: '/data/a.calib' } as const;
    expect(await useJobs.getState().start(spec)).toBeNull();
    expect(await useJobs.getState().start(spec)).toBeNull();
    expect(fake.calls.filter((call) => call === 'startJob')).toHaveLength(2);
  });

  it('finds the running job again after a reload', async () => {
    fake.jobs = [jobSnapshot({ done: 33, sequence: 7 })];
    useJobs.getState().connect(fake.api);
    await vi.waitFor(() => expect(useJobs.getState().jobs.map((job) => job.done)).toEqual([33]));
    fake.emit({ type: 'job', job: jobSnapshot({ done: 34, sequence: 8 }) });
    expect(useJobs.getState().jobs[0]?.done).toBe(34);
  });

  it('lists jobs in the order of the application, although an event came before the list', async () => {
    fake.jobs = [jobSnapshot({ id: jobId('first'), state: 'done' }), jobSnapshot({ id: jobId('second'), sequence: 3 })];
    useJobs.getState().connect(fake.api);
    fake.emit({ type: 'job', job: jobSnapshot({ id: jobId('second'), sequence: 4 }) });
    await vi.waitFor(() => expect(useJobs.getState().jobs).toHaveLength(2));
    expect(useJobs.getState().jobs.map((job) => [job.id, job.sequence])).toEqual([
      ['first', 1],
      ['second', 4],
    ]);
  });

  it('reads the project again when its calibration has ended', async () => {
    useJobs.getState().connect(fake.api);
    fake.emit({ type: 'job', job: jobSnapshot() });
    fake.project = projectView('/data/a.calib', {}, true);
    fake.emit({ type: 'job', job: jobSnapshot({ sequence: 2, state: 'done' }) });
    await vi.waitFor(() => expect(useSession.getState().project?.calibrated).toBe(true));
    await vi.waitFor(() => expect(useSession.getState().thresholds).not.toBeNull());
  });

  it('forgets jobs that the application no longer knows', async () => {
    useJobs.setState({ jobs: [jobSnapshot({ id: jobId('old') })] });
    await useJobs.getState().reload();
    expect(useJobs.getState().jobs).toEqual([]);
  });

  it('says why a job could not be started', async () => {
    fake.answers.startJob = () => {
      throw new Error('The project is locked');
    };
    expect(await useJobs.getState().start({ kind: 'calibrate', projectPath: '/data/a.calib' })).toBeNull();
    expect(useNotices.getState().notices.map((notice) => notice.message)).toEqual(['The project is locked']);
  });
});
