import { describe, expect, it } from 'vitest';
import { layerRuns, sumOfWork, wholeRuns } from '../../../src-main/analysis/expected-work';
import { changedPart } from '../../../src-main/compute/trials/changed-part';
import { reachedSegments } from '../../../src-main/compute/trials/graph-cuts';
import { TrialClock } from '../../../src-main/compute/trials/trial-clock';
import { secondsOf } from '../../../src-main/compute/trials/trial-speed';
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
  const done = { passes: 2, runMs: 20, opens: 0, openMs: 0 };

  function clock(): { readonly clock: TrialClock; readonly last: () => Progress | undefined } {
    const seen: Progress[] = [];
    return {
      clock: new TrialClock(
        (progress) => seen.push(progress),
        () => 2,
      ),
      last: () => seen.at(-1),
    };
  }

  it('reports the work and what is left of it, and keeps the work when the rest changes', () => {
    const { clock: own, last } = clock();
    own.expect('searching', wholeRuns(10, 1));
    own.worked(done, true);
    expect(last()).toMatchObject({ phase: 'searching', done: 2, total: 10 });
    own.expect('searching', wholeRuns(3, 1));
    expect(last()).toMatchObject({ done: 2, total: 5 });
    own.found({ kind: 'search', plans: [] }, wholeRuns(1, 1));
    expect(last()).toMatchObject({ done: 2, total: 3, partial: { kind: 'search' } });
    own.expect('judging', wholeRuns(4, 1));
    expect(last()).toMatchObject({ phase: 'judging', done: 0, total: 4 });
  });

  it('says that the total is unknown when more is needed than expected', () => {
    const { clock: own, last } = clock();
    own.expect('searching', wholeRuns(3, 1));
    own.worked(done, true);
    own.worked(done, true);
    expect(last()).toMatchObject({ done: 4, total: 0 });
  });

  it('counts the opening of sessions as the runs that take as long, on every worker', () => {
    const { clock: own, last } = clock();
    own.expect('measuring', wholeRuns(100, 1));
    for (let i = 0; i < 4; i++) own.worked(done, true);
    own.worked({ passes: 0, runMs: 0, opens: 2, openMs: 60 }, true);
    expect(own.speed).toEqual({ passMs: 10, openMs: 30, makeMs: 0 });
    expect(last()).toMatchObject({ done: 8 + 6 });
    expect(own.work).toBe(8);
    own.expect('measuring', { passes: 10, trials: 5, opens: 5 });
    // Each of 5 sessions is opened twice, which takes as long as 3 runs.
    expect(last()).toMatchObject({ done: 14, total: 14 + 10 + 30 });
  });

  it('foretells the opening of parts from the times of FP32', () => {
    const { clock: own, last } = clock();
    own.expect('measuring FP32', wholeRuns(4, 1));
    for (let i = 0; i < 2; i++) own.worked({ passes: 2, runMs: 20, opens: 3, openMs: 150 }, false);
    expect(last()).toMatchObject({ done: 4, total: 4 });
    // Three parts are opened by both workers, in FP32 in the time of five runs each, quantized in five times that.
    own.expect('choosing', { passes: 8, trials: 2, opens: 3 });
    expect(last()).toMatchObject({ done: 0, total: 8 + 150 });
    for (let i = 0; i < 2; i++) own.worked({ passes: 2, runMs: 20, opens: 3, openMs: 150 }, true);
    expect(last()).toMatchObject({ done: 4 + 30, total: 8 + 30 });
    own.worked({ passes: 4, runMs: 40, opens: 0, openMs: 0 }, true);
    expect(last()).toMatchObject({ done: 38, total: 38 });
  });

  it('estimates the time of work', () => {
    const speed = { passMs: 10, openMs: 20, makeMs: 4, imageMs: 100, startMs: 500 };
    const work = { passes: 300, trials: 50, opens: 30 };
    expect(secondsOf(speed, work, { images: 8, workers: 2 })).toBeCloseTo(0.5 + (800 + 3000 + 200) / 2000 + 0.6, 9);
  });
});
