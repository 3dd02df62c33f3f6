import { describe, expect, it } from 'vitest';
import { jobId } from '../../../../src-shared/base/brand';
import type { JobSnapshot } from '../../../../src-shared/contract/jobs';
import { stepOfPhase } from '../../../../src-renderer/features/run/run-steps';
import { advanceTrail, type JobTrail } from '../../../../src-renderer/features/run/run-trail';
import { overallFraction, stepRows } from '../../../../src-renderer/features/run/step-list';

const BASE: JobSnapshot = {
  id: jobId('job'),
  kind: 'run',
  projectPath: '/p.calib',
  sequence: 0,
  state: 'queued',
  phase: 'waiting',
  done: 0,
  total: 0,
  unit: '',
  etaSeconds: null,
  error: null,
  forced: false,
  result: null,
};

type Moment = readonly [seconds: number, change: Partial<JobSnapshot>];

/** Plays snapshots one after the other; each builds on the one before. */
function play(
  moments: readonly Moment[],
  base: JobSnapshot = BASE,
): { readonly snapshot: JobSnapshot; readonly trail: JobTrail } {
  let snapshot = base;
  let trail = advanceTrail(null, base, 0);
  for (const [seconds, change] of moments) {
    snapshot = { ...snapshot, ...change, sequence: snapshot.sequence + 1 };
    trail = advanceTrail(trail, snapshot, seconds * 1000);
  }
  return { snapshot, trail };
}

const STARTED: Moment = [0, { state: 'running', phase: 'starting' }];
const COLLECTED: readonly Moment[] = [
  STARTED,
  [1, { phase: 'reading the calibration set' }],
  [2, { phase: 'collecting histograms', done: 0, total: 198, unit: 'images' }],
  [5, { done: 198 }],
];

function states(played: ReturnType<typeof play>, hasValidationSet = true): readonly string[] {
  return stepRows({ ...played, rate: null, hasValidationSet, nowMs: 60_000 }).map((row) => `${row.id} ${row.state}`);
}

describe('stepOfPhase', () => {
  it('gives building before the benchmark to build, and after it to validate', () => {
    expect(stepOfPhase({ kind: 'run' }, 'building engines', 'collect')).toBe('build');
    expect(stepOfPhase({ kind: 'run' }, 'building engines', 'benchmark')).toBe('validate');
    expect(stepOfPhase({ kind: 'validate' }, 'building engines', null)).toBe('build');
  });

  it('gives writing weights to the step that is under way', () => {
    expect(stepOfPhase({ kind: 'run' }, 'writing weights', null)).toBe('prepare');
    expect(stepOfPhase({ kind: 'run' }, 'writing weights', 'build')).toBe('build');
  });

  it('gives what an analysis does to its own step, whatever it is called', () => {
    const both = { kind: 'run', analyses: ['search', 'diagnose'] } as const;
    expect(stepOfPhase(both, 'search: benchmarking', 'collect')).toBe('search');
    expect(stepOfPhase(both, 'building engines', 'search')).toBe('build');
    expect(stepOfPhase(both, 'diagnosis: collecting histograms', 'validate')).toBe('diagnose');
    expect(stepOfPhase({ kind: 'run' }, 'choosing thresholds', 'collect')).toBe('collect');
  });

  it('stays where it is for a phase that it does not know', () => {
    expect(stepOfPhase({ kind: 'run' }, 'polishing', 'collect')).toBe('collect');
    expect(stepOfPhase({ kind: 'run' }, 'waiting', null)).toBeNull();
  });
});

describe('stepRows', () => {
  it('says that a diagnosis was not needed when the run ended without one', () => {
    const played = play([
      [0, { analyses: ['diagnose'] }],
      ...COLLECTED,
      [20, { phase: 'validating' }],
      [21, { phase: 'writing the report' }],
      [22, { state: 'done' }],
    ]);
    expect(states(played).slice(-3)).toEqual(['validate done', 'diagnose not-needed', 'report done']);
    expect(states(played, false).slice(-3)).toEqual(['validate left-out', 'diagnose left-out', 'report done']);
  });

  it('knows no times of a job that had ended when it was first seen', () => {
    const ended = { ...BASE, state: 'done', phase: 'writing the report', sequence: 30 } as const;
    const rows = stepRows({
      snapshot: ended,
      trail: advanceTrail(null, ended, 1000),
      rate: null,
      hasValidationSet: true,
      nowMs: 60_000,
    });
    expect(rows.map(({ seconds }) => seconds).filter((seconds) => seconds !== null)).toEqual([]);
  });

  it('keeps the times of all steps for a window that is opened later, while the job runs and when it has ended', () => {
    const phases = [
      { phase: 'reading the calibration set', beganMs: 1_000, done: 0, total: 0, unit: 'images' },
      { phase: 'collecting histograms', beganMs: 2_000, done: 198, total: 198, unit: 'images' },
      { phase: 'building engines', beganMs: 6_000, done: 4, total: 4, unit: 'engines' },
      { phase: 'benchmarking', beganMs: 7_500, done: 3, total: 20, unit: 'rounds' },
    ];
    const running: JobSnapshot = {
      ...BASE,
      state: 'running',
      phase: 'benchmarking',
      done: 3,
      total: 20,
      unit: 'rounds',
      sequence: 90,
      times: { elapsedMs: 9_500, phases },
    };
    const rows = stepRows({
      snapshot: running,
      trail: advanceTrail(null, running, 1_000_000),
      rate: null,
      hasValidationSet: true,
      nowMs: 1_000_500,
    });
    expect(rows.map(({ id, state, seconds }) => [id, state, seconds])).toEqual([
      ['prepare', 'kept', null],
      ['read', 'done', 1],
      ['collect', 'done', 4],
      ['build', 'done', 1.5],
      ['benchmark', 'active', 2.5],
      ['validate', 'waiting', null],
      ['report', 'waiting', null],
    ]);
    const ended: JobSnapshot = {
      ...running,
      state: 'done',
      done: 20,
      sequence: 200,
      times: { elapsedMs: 10_000, phases },
    };
    const trail = advanceTrail(null, ended, 5_000_000);
    expect([trail.startedAtMs, trail.endedAtMs]).toEqual([4_990_000, 5_000_000]);
    expect(stepRows({ snapshot: ended, trail, rate: null, hasValidationSet: true, nowMs: 9_000_000 })[4]).toMatchObject(
      { state: 'done', seconds: 2.5 },
    );
  });

  it('never runs backwards through an analysis, which counts several things', () => {
    const at = (phase: string, done: number) =>
      overallFraction(
        stepRows({
          ...play([[0, { analyses: ['search'] }], ...COLLECTED, [6, { phase, done, total: 10, unit: 'passes' }]]),
          rate: null,
          hasValidationSet: true,
          nowMs: 9,
        }),
      );
    expect(at('search: choosing thresholds', 9)).toBe(at('search: ranking layers', 1));
  });

  it('shows what is done, kept, active and waiting', () => {
    const played = play([...COLLECTED, [6, { phase: 'building engines', done: 1, total: 4, unit: 'engines' }]]);
    expect(states(played)).toEqual([
      'prepare kept',
      'read done',
      'collect done',
      'build active',
      'benchmark waiting',
      'validate waiting',
      'report waiting',
    ]);
    const rows = stepRows({ ...played, rate: null, hasValidationSet: true, nowMs: 8_000 });
    expect(rows[2]).toMatchObject({ counted: { done: 198, total: 198, unit: 'images' }, seconds: 4, phase: null });
    expect(rows[3]).toMatchObject({ counted: { done: 1, total: 4 }, seconds: 2, phase: 'building engines' });
  });

  it('does not claim that a step was kept when it was not watched from the start', () => {
    const late: JobSnapshot = {
      ...BASE,
      state: 'running',
      phase: 'benchmarking',
      done: 3,
      total: 20,
      unit: 'rounds',
      sequence: 90,
    };
    expect(states({ snapshot: late, trail: advanceTrail(null, late, 0) })).toEqual([
      'prepare done',
      'read done',
      'collect done',
      'build done',
      'benchmark active',
      'validate waiting',
      'report waiting',
    ]);
  });

  it('marks the step that failed, keeping how far it got', () => {
    const played = play([
      ...COLLECTED,
      [6, { phase: 'building engines' }],
      [7, { phase: 'benchmarking', done: 7, total: 20, unit: 'rounds' }],
      [9, { state: 'failed' }],
    ]);
    expect(states(played).slice(3)).toEqual(['build done', 'benchmark failed', 'validate waiting', 'report waiting']);
    expect(stepRows({ ...played, rate: null, hasValidationSet: true, nowMs: 99_000 })[4]).toMatchObject({
      counted: { done: 7, total: 20 },
      seconds: 2,
    });
  });

  it('leaves validation out without a validation set, and counts a finished run as whole', () => {
    const played = play([
      ...COLLECTED,
      [6, { phase: 'building engines' }],
      [7, { phase: 'benchmarking' }],
      [8, { phase: 'writing the report' }],
      [9, { state: 'done' }],
    ]);
    expect(states(played, false)).toContain('validate left-out');
    expect(overallFraction(stepRows({ ...played, rate: null, hasValidationSet: false, nowMs: 9_000 }))).toBe(1);
  });

  it('shows a speed only for the phase that it was measured in', () => {
    const played = play(COLLECTED);
    const rate = { phase: 'collecting histograms', atMs: 5000, done: 198, perSecond: 66 };
    const perSecond = (phase: string): number | null | undefined =>
      stepRows({ ...played, rate: { ...rate, phase }, hasValidationSet: true, nowMs: 5000 })[2]?.perSecond;
    expect(perSecond('collecting histograms')).toBe(66);
    expect(perSecond('benchmarking')).toBeNull();
  });
});

describe('advanceTrail', () => {
  it('shows the images that were collected after the method was chosen on fewer of them', () => {
    const choosing: Moment = [7, { phase: 'choosing the method', done: 64, total: 128, unit: 'images' }];
    expect(play([...COLLECTED, choosing]).trail.steps.collect).toMatchObject({
      done: 198,
      total: 198,
      endedAtMs: null,
    });
  });

  it('ignores snapshots that come late', () => {
    const { trail, snapshot } = play(COLLECTED);
    const late = { ...snapshot, sequence: 2, phase: 'reading the calibration set' };
    expect(advanceTrail(trail, late, 9_000)).toBe(trail);
  });

  it('begins anew for another job', () => {
    const { trail } = play(COLLECTED);
    expect(advanceTrail(trail, { ...BASE, id: jobId('other') }, 50_000)).toMatchObject({
      jobId: 'other',
      startedAtMs: 50_000,
      furthest: null,
      steps: {},
    });
  });
});

describe('overallFraction', () => {
  it('weighs every step the same and counts the share of the current one', () => {
    const played = play([...COLLECTED, [6, { phase: 'building engines', done: 2, total: 4, unit: 'engines' }]]);
    expect(overallFraction(stepRows({ ...played, rate: null, hasValidationSet: true, nowMs: 0 }))).toBeCloseTo(
      3.5 / 7,
      12,
    );
  });
});
