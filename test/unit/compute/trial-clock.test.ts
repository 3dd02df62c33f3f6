import { describe, expect, it } from 'vitest';
import { inFp16, layerRuns, sumOfWork, wholeRuns } from '../../../src-main/analysis/expected-work';
import { changedPart, openingWork } from '../../../src-main/compute/trials/changed-part';
import { reachedSegments } from '../../../src-main/compute/trials/graph-cuts';
import { TrialClock } from '../../../src-main/compute/trials/trial-clock';
import { secondsOf, simulatedSpeed, type TrialSpeed } from '../../../src-main/compute/trials/trial-speed';
import { floatTensor, makeModel, makeNode, makeValueInfo } from '../../../src-main/onnx/graph/make';
import { DataType } from '../../../src-main/onnx/graph/model';
import type { Progress } from '../../../src-shared/contract/progress';

/** a -> b -> d, and a -> c -> d, one segment each; the first takes half of the time. */
function branched() {
  const value = (name: string) => makeValueInfo(name, DataType.FLOAT, [1, 4]);
  const add = (name: string, a: string, b: string, output: string) => makeNode('Add', [a, b], [output], { name });
  const node = [
    add('A', 'x', 'one', 'a'),
    add('B', 'a', 'one', 'b'),
    add('C', 'a', 'one', 'c'),
    add('D', 'b', 'c', 'y'),
  ];
  const graph = { name: 'branched', node, initializer: [floatTensor('one', [1], [1])], valueInfo: [] };
  const model = makeModel({ ...graph, input: [value('x')], output: [value('y')] }, 17);
  const segmentOf = new Map(['A', 'B', 'C', 'D'].map((name, i) => [name, i]));
  return {
    model,
    cuts: {
      segmentOf,
      shares: [0.5, 0.2, 0.2, 0.1],
      reached: reachedSegments(model.graph.node, segmentOf, 4),
      together: [1, 1, 1, 1],
    },
  };
}

describe('changedPart', () => {
  const { model, cuts } = branched();
  const part = changedPart(model, cuts);

  it('counts what depends on a layer, not the branch beside it', () => {
    expect(part.ofLayers(['A'])).toBeCloseTo(1, 12);
    expect(part.ofLayers(['B'])).toBeCloseTo(0.3, 12);
    expect(part.ofLayers(['B', 'C'])).toBeCloseTo(0.5, 12);
    expect(part.ofLayers(['D'])).toBeCloseTo(0.1, 12);
  });

  it('counts what reads a tensor', () => {
    expect(part.ofTensor('x')).toBeCloseTo(1, 12);
    expect(part.ofTensor('a')).toBeCloseTo(0.5, 12);
    expect(part.ofTensor('c')).toBeCloseTo(0.1, 12);
  });

  it('sums the models of an analysis', () => {
    const work = sumOfWork(wholeRuns(2, 10), layerRuns(['B', 'D'], 10, part));
    expect(work).toMatchObject({ trials: 4, opens: 2 });
    expect(work.passes).toBeCloseTo(24, 12);
  });
});

describe('TrialClock', () => {
  /** Two workers. Every request of a worker, and every model that is written, takes the time that it says. */
  function clock(earlier: TrialSpeed | null = null) {
    const seen: Progress[] = [];
    let ms = 0;
    const own = new TrialClock({
      onProgress: (progress) => seen.push(progress),
      workers: () => 2,
      earlier,
      now: () => ms,
    });
    /** Both workers make these runs at the same time. */
    const work = (passes: number, { isFp16 = false, passMs = 10, opens = 0, waitMs = 0 } = {}): void => {
      const done = { passes: passes / 2, runMs: (passes / 2) * passMs, opens, openMs: opens * 30 };
      ms += done.runMs + done.openMs + waitMs;
      for (let worker = 0; worker < 2; worker++) own.worked(done, isFp16);
    };
    return { own, seen, work, last: () => seen.at(-1) };
  }

  const totals = (seen: readonly Progress[]): number[] => seen.map(({ total }) => total);
  const falls = (list: readonly number[]): boolean => list.every((value, i) => i === 0 || value <= (list[i - 1] ?? 0));

  it('has one total for all phases, which falls when less is needed', () => {
    const { own, work, last } = clock();
    own.expect('ranking', wholeRuns(10, 1));
    work(2);
    expect(last()).toMatchObject({ phase: 'ranking', done: 2, total: 10, unit: 'passes' });
    own.expect('judging', wholeRuns(3, 1));
    expect(last()).toMatchObject({ phase: 'judging', done: 2, total: 5 });
    own.found({ kind: 'search', plans: [] }, wholeRuns(1, 1));
    expect(last()).toMatchObject({ done: 2, total: 3, partial: { kind: 'search' } });
  });

  it('counts each run as less than one when more is needed, so that the total never rises', () => {
    const { own, seen, work, last } = clock();
    own.expect('ranking', wholeRuns(100, 1));
    work(50);
    own.expect('ranking', wholeRuns(100, 1));
    work(50);
    expect(last()).toMatchObject({ done: 75, total: 100 });
    own.expect('judging', wholeRuns(200, 1));
    for (let i = 0; i < 50; i++) work(10);
    expect(falls(totals(seen))).toBe(true);
    expect(falls(seen.map(({ done }) => -done))).toBe(true);
    expect(last()).toMatchObject({ done: 99, total: 100 });
    own.finish();
    expect(last()).toMatchObject({ done: 100, total: 100, secondsLeft: 0 });
  });

  it('keeps its total while the ratio of the times of runs and of openings changes', () => {
    const { own, seen, work } = clock();
    own.expect('measuring', { ...wholeRuns(100, 1), opens: 20 });
    for (let i = 0; i < 10; i++) work(10, { passMs: 20 - i, opens: i % 3 });
    expect(new Set(totals(seen))).toEqual(new Set([100]));
  });

  it('shows the time that is left from the times so far, falling all the time', () => {
    const { own, seen, work, last } = clock();
    own.expect('measuring', { ...wholeRuns(100, 1), opens: 10 });
    expect(last()?.secondsLeft).toBeNull();
    for (let i = 0; i < 10; i++) work(10, { opens: 1 });
    // Each step takes 5 runs of 10 ms and one opening of 30 ms in each worker; both report at its end.
    const left = seen.filter((_, i) => i % 2 === 0).map(({ secondsLeft }) => secondsLeft ?? Number.POSITIVE_INFINITY);
    expect(falls(left)).toBe(true);
    expect(left.at(5)).toBeCloseTo(0.4, 1);
    expect(last()?.secondsLeft).toBeCloseTo(0, 6);
  });

  it('takes the time in which workers wait into account', () => {
    const { own, work, last } = clock();
    own.expect('measuring', wholeRuns(100, 1));
    for (let i = 0; i < 5; i++) work(10, { waitMs: 50 });
    expect(last()?.secondsLeft).toBeCloseTo(0.5, 1);
    expect(own.measured.passMs).toBeGreaterThan(19);
    expect(own.measured.passMs).toBeLessThan(20.01);
  });

  it('knows that runs with layers in FP16 take longer, from earlier trials or by their usual factor', () => {
    const speed = { passMs: 10, fp16PassMs: 30, openMs: 0, makeMs: 0, imageMs: 0, startMs: 0 };
    const left = { ...inFp16(wholeRuns(100, 1)) };
    for (const [earlier, seconds] of [
      [speed, 1.5],
      [null, 0.75],
    ] as const) {
      const { own, work, last } = clock(earlier);
      own.expect('comparing', sumOfWork(wholeRuns(20, 1), left));
      for (let i = 0; i < 4; i++) work(5);
      expect(last()?.secondsLeft).toBeCloseTo(seconds, 6);
      work(50, { isFp16: true, passMs: 40 });
      expect(own.measured.fp16PassMs).toBeCloseTo(40, 6);
      expect(last()?.secondsLeft).toBeCloseTo(1, 6);
    }
  });

  it('does not take runs without a time for waiting', () => {
    const { own, work } = clock();
    own.expect('correcting', wholeRuns(40, 1));
    own.passed(20);
    for (let i = 0; i < 4; i++) work(5);
    expect(own.work).toBe(40);
    expect(own.measured.passMs).toBeCloseTo(10, 6);
  });

  it('counts images in a phase of its own', () => {
    const { own, last } = clock();
    own.count('reading images', 'images', 4);
    own.advance(3);
    expect(last()).toEqual({ phase: 'reading images', done: 3, total: 4, unit: 'images' });
  });
});

describe('secondsOf', () => {
  it('estimates the time of work', () => {
    const speed = { passMs: 10, fp16PassMs: 20, openMs: 20, makeMs: 4, imageMs: 100, startMs: 500 };
    const work = { passes: 300, fp16Passes: 100, trials: 50, opens: 30 };
    expect(secondsOf(speed, work, { images: 8, workers: 2 })).toBeCloseTo(0.5 + (800 + 4000 + 200) / 2000 + 0.6, 9);
  });
});

describe('simulatedSpeed', () => {
  it('expects simulated trials to take longer than INT8 kernels, and parts to open faster than the whole model', () => {
    const kernels = { passMs: 10, fp16PassMs: undefined, openMs: 60 };
    const { passMs, fp16PassMs, openMs } = simulatedSpeed(kernels, 12);
    expect(passMs).toBeGreaterThan(10);
    expect(fp16PassMs).toBeUndefined();
    expect(openMs).toBeLessThan(60);
    expect(12 * (openMs ?? 0)).toBeGreaterThan(60);
  });
});

describe('openingWork', () => {
  it('opens every part, and once more in a faster form where Q/DQ are simulated and the weights are small', () => {
    const cuts = { shares: [0.5, 0.3, 0.2] };
    expect(openingWork(cuts, { simulates: false, weightBytes: 1e6 })).toMatchObject({ passes: 0, opens: 3 });
    expect(openingWork(cuts, { simulates: true, weightBytes: 1e6 })).toMatchObject({ passes: 0, opens: 6 });
    expect(openingWork(cuts, { simulates: true, weightBytes: 1e9 })).toMatchObject({ passes: 0, opens: 3 });
  });
});
