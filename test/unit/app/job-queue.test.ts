import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { JobQueue, type JobRunner } from '../../../src-main/app/job-queue';
import { cancelledError, WorkbenchError } from '../../../src-shared/base/errors';
import type { JobResult } from '../../../src-shared/contract/job-results';
import type { JobSpec } from '../../../src-shared/contract/job-specs';
import type { JobSnapshot } from '../../../src-shared/contract/jobs';

const SPEC: JobSpec = { kind: 'build', projectPath: '/p' };
const RESULT: JobResult = { backend: 'ort-cpu', engines: [], warnings: [] };

interface Setup {
  readonly queue: JobQueue;
  readonly events: JobSnapshot[];
  readonly ended: (count: number) => Promise<void>;
}

function setUp(run: JobRunner, now: () => number = () => 0): Setup {
  const events: JobSnapshot[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const finished = (): number => events.filter((event) => ['done', 'failed', 'cancelled'].includes(event.state)).length;
  const queue = new JobQueue({
    run,
    now,
    onChange: (snapshot) => {
      events.push(snapshot);
      for (const waiter of waiting) if (finished() >= waiter.count) waiter.resolve();
    },
  });
  const ended = (count: number): Promise<void> =>
    new Promise((resolve) => (finished() >= count ? resolve() : waiting.push({ count, resolve })));
  return { queue, events, ended };
}

describe('JobQueue', () => {
  it('runs jobs one after the other and numbers every change', async () => {
    const order: string[] = [];
    const { queue, events, ended } = setUp(async (spec) => {
      order.push(`start ${spec.projectPath}`);
      await Promise.resolve();
      order.push(`end ${spec.projectPath}`);
      return RESULT;
    });
    const first = queue.start({ ...SPEC, projectPath: 'a' });
    queue.start({ ...SPEC, projectPath: 'b' });
    await ended(2);
    expect(order).toEqual(['start a', 'end a', 'start b', 'end b']);
    const sequences = events.filter((event) => event.id === first).map((event) => event.sequence);
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    expect(queue.get(first)).toMatchObject({ state: 'done', result: RESULT, error: null });
  });

  it('estimates the time left from the rate within a phase', async () => {
    let clock = 0;
    const etas: (number | null)[] = [];
    const setup = setUp(
      async (_, context) => {
        for (const done of [0, 10, 20]) {
          context.onProgress?.({ phase: 'collecting', done, total: 100, unit: 'images' });
          etas.push(setup.queue.list()[0]?.etaSeconds ?? null);
          clock += 1000;
        }
        return RESULT;
      },
      () => clock,
    );
    setup.queue.start(SPEC);
    await setup.ended(1);
    // The time to the first images holds the loading of the model, and gives no rate yet.
    expect(etas).toEqual([null, null, 8]);
    expect(setup.queue.list()[0]?.etaSeconds).toBeNull();
  });

  it('tells when a job and its phases began, an analysis being one phase', async () => {
    let clock = 0;
    const seen: (JobSnapshot['times'] | undefined)[] = [];
    const setup = setUp(
      async (_, context) => {
        const report = (phase: string, done: number, total: number): void =>
          context.onProgress?.({ phase, done, total, unit: 'images' });
        clock += 500;
        report('collecting histograms', 0, 40);
        clock += 3_000;
        report('collecting histograms', 40, 40);
        report('search: measuring layers', 1, 9);
        clock += 1_000;
        report('search: searching plans', 2, 5);
        clock += 250;
        seen.push(setup.queue.list()[0]?.times);
        return RESULT;
      },
      () => clock,
    );
    const id = setup.queue.start(SPEC);
    expect(setup.queue.get(id).times).toBeUndefined();
    await setup.ended(1);
    const phases = [
      { phase: 'collecting histograms', beganMs: 500, done: 40, total: 40, unit: 'images' },
      { phase: 'search: searching plans', beganMs: 3_500, done: 2, total: 5, unit: 'images' },
    ];
    // A window that asks between two reports knows how long the job has taken until then.
    expect(seen).toEqual([{ elapsedMs: 4_750, phases }]);
    clock += 60_000;
    expect(setup.queue.get(id).times).toEqual({ elapsedMs: 4_750, phases });
  });

  it('sends at most one progress event per 100 ms, but every state', async () => {
    const { queue, events, ended } = setUp(async (_, context) => {
      for (let done = 0; done < 1000; done++)
        context.onProgress?.({ phase: 'collecting', done, total: 1000, unit: 'images' });
      return RESULT;
    });
    queue.start(SPEC);
    await ended(1);
    expect(events.map((event) => event.state)).toEqual(['queued', 'running', 'running', 'done']);
  });

  it('ends its jobs although a listener throws at every event', async () => {
    const warnings: string[] = [];
    const listener = (warning: Error): unknown => warnings.push(warning.message);
    process.on('warning', listener);
    const queue = new JobQueue({
      run: () => Promise.resolve(RESULT),
      onChange: () => {
        throw new Error('the window is gone');
      },
    });
    const first = queue.start(SPEC);
    const second = queue.start(SPEC);
    expect([await queue.finished(first), await queue.finished(second)].map(({ state }) => state)).toEqual([
      'done',
      'done',
    ]);
    await expect.poll(() => warnings).toContainEqual(expect.stringContaining('the window is gone'));
    process.off('warning', listener);
  });

  it('is cancelled when a function of Node ends by the signal', async () => {
    const { queue } = setUp(async (_, { signal }) => {
      await setTimeout(60_000, null, { signal });
      return RESULT;
    });
    const id = queue.start(SPEC);
    await Promise.resolve();
    expect(await queue.cancel(id)).toMatchObject({
      state: 'cancelled',
      error: { code: 'cancelled', message: 'Cancelled' },
    });
  });

  it('fails a job with the coded error and goes on with the next', async () => {
    let isFirst = true;
    const { queue, ended } = setUp(async () => {
      if (!isFirst) return RESULT;
      isFirst = false;
      throw new WorkbenchError('disk-full', 'full', { hint: 'free some space' });
    });
    const first = queue.start(SPEC);
    const second = queue.start(SPEC);
    await ended(2);
    expect(queue.get(first)).toMatchObject({ state: 'failed', error: { code: 'disk-full', hint: 'free some space' } });
    expect(queue.get(second).state).toBe('done');
  });

  it('cancels a running job through its signal and a queued one without starting it', async () => {
    const started: string[] = [];
    const { queue } = setUp(
      (spec, context) =>
        new Promise((_, reject) => {
          started.push(spec.projectPath);
          context.signal?.addEventListener('abort', () => reject(cancelledError()));
        }),
    );
    const running = queue.start({ ...SPEC, projectPath: 'running' });
    const queued = queue.start({ ...SPEC, projectPath: 'queued' });
    await Promise.resolve();
    expect(await queue.cancel(queued)).toMatchObject({ state: 'cancelled', phase: 'waiting' });
    expect(queue.get(queued).times).toBeUndefined();
    expect(await queue.cancel(running)).toMatchObject({ state: 'cancelled', forced: false });
    expect(started).toEqual(['running']);
  });

  it('names a job that it does not know', () => {
    const { queue } = setUp(async () => RESULT);
    expect(() => queue.get('nope' as JobSnapshot['id'])).toThrow(/There is no job "nope"/);
  });
});
