import { describe, expect, it } from 'vitest';
import { jobId } from '../../../../src-shared/base/brand';
import type { BenchResult, CalibrateResult } from '../../../../src-shared/contract/job-results';
import type { JobKind } from '../../../../src-shared/contract/job-specs';
import type { JobSnapshot, JobState } from '../../../../src-shared/contract/jobs';
import { finishedOf, rowsOf, warningsOf } from '../../../../src-renderer/features/run/finished-facts';
import { useTrails } from '../../../../src-renderer/features/run/run-store';
import { lastJob } from '../../../../src-renderer/panels/analysis/analysis-start';
import { shownJob, waitingJobs } from '../../../../src-renderer/features/run/step-list';

function job(id: string, state: JobState, kind: JobKind = 'run', projectPath = '/p'): JobSnapshot {
  return {
    id: jobId(id),
    kind,
    projectPath,
    sequence: 1,
    state,
    phase: 'waiting',
    done: 0,
    total: 0,
    unit: '',
    etaSeconds: null,
    error: null,
    forced: false,
    result: null,
  };
}

describe('shownJob', () => {
  it('prefers what runs, then what waits, then what ended last', () => {
    expect(shownJob([job('a', 'running'), job('b', 'queued'), job('c', 'done')], '/p')?.id).toBe('a');
    expect(shownJob([job('a', 'done'), job('b', 'queued')], '/p')?.id).toBe('b');
    expect(shownJob([job('a', 'done'), job('b', 'failed')], '/p')?.id).toBe('b');
  });

  it('is not hidden by one that was cancelled before it began', () => {
    const finished = { ...job('a', 'done'), phase: 'writing the report' };
    expect(shownJob([finished, job('b', 'cancelled')], '/p')?.id).toBe('a');
    expect(shownJob([finished, { ...job('b', 'cancelled'), phase: 'benchmarking' }], '/p')?.id).toBe('b');
    expect(shownJob([job('b', 'cancelled')], '/p')).toBeNull();
    const running = job('r', 'running', 'sensitivity');
    expect(lastJob([running, job('q', 'cancelled', 'sensitivity')], { kind: 'sensitivity', projectPath: '/p' })).toBe(
      running,
    );
  });

  it('leaves out other projects', () => {
    expect(shownJob([job('a', 'running', 'run', '/other')], '/p')).toBeNull();
  });

  it('counts what waits behind it', () => {
    const jobs = [job('a', 'running'), job('b', 'queued'), job('c', 'queued', 'run', '/other')];
    expect(waitingJobs(jobs, shownJob(jobs, '/p'))).toHaveLength(2);
    expect(waitingJobs([job('b', 'queued')], job('b', 'queued'))).toEqual([]);
  });
});

describe('useTrails', () => {
  it('keeps what was seen of a job and forgets jobs that are gone', () => {
    const { observe } = useTrails.getState();
    observe([job('a', 'running'), job('b', 'queued')], 1000);
    observe([{ ...job('a', 'running'), sequence: 2, phase: 'benchmarking' }, job('b', 'queued')], 4000);
    expect(useTrails.getState().trails['a']).toMatchObject({ startedAtMs: 1000, furthest: 'benchmark' });
    observe([job('b', 'queued')], 5000);
    expect(Object.keys(useTrails.getState().trails)).toEqual(['b']);
  });

  it('changes nothing when nothing happened', () => {
    const { observe } = useTrails.getState();
    observe([job('a', 'running')], 1000);
    const before = useTrails.getState().trails;
    observe([job('a', 'running')], 2000);
    expect(useTrails.getState().trails).toBe(before);
  });
});

describe('finishedOf', () => {
  const warnings = [{ code: 'x', message: 'm' }];

  it('tells results apart by what they hold', () => {
    const bench: BenchResult = { backend: 'ort-cpu', device: 'EPYC', threads: 2, rounds: 3, variants: [], warnings };
    expect(finishedOf(bench).kind).toBe('bench');
    expect(warningsOf(finishedOf(bench))).toEqual(warnings);
    const calibrate: CalibrateResult = {
      project: '/p',
      images: 1,
      skipped: [],
      tensors: 1,
      seconds: 1,
      imagesPerSecond: 1,
      peakRssMb: 1,
      sha256: 'a',
      resumedImages: 0,
      threads: 1,
      groups: [],
      warnings,
    };
    expect(finishedOf(calibrate).kind).toBe('calibrate');
    expect(rowsOf(finishedOf(calibrate))).toEqual([]);
    expect(finishedOf({ backend: 'ort-cpu', engines: [], warnings: [] }).kind).toBe('build');
  });

  it('makes the same rows of a validation as a run does', () => {
    const variants = [
      {
        variant: 'fp32',
        backend: 'ort-cpu' as const,
        top1: 97,
        groups: { night: { images: 3, top1: 94, measure: 94 } },
        classes: [],
        confusions: [],
        worstImages: [],
        outputs: [],
      },
    ];
    const finished = finishedOf({
      images: 3,
      labelled: true,
      classCount: 10,
      task: { kind: 'classification' },
      classNames: [],
      backend: 'ort-cpu',
      target: 'onnxruntime',
      skipped: [],
      variants,
      warnings,
    });
    expect(finished.kind).toBe('validate');
    expect(rowsOf(finished)).toMatchObject([{ variant: 'fp32', top1: 97, worstGroup: { name: 'night', top1: 94 } }]);
  });
});
