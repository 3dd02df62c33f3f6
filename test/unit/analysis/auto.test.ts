import { describe, expect, it } from 'vitest';
import { autoPasses, autoWork, chooseThresholds, type AutoProblem } from '../../../src-main/analysis/auto';
import { WHOLE_RUNS } from '../../../src-main/analysis/expected-work';
import { EMPTY_PLAN } from '../../../src-shared/domain/project/precision';
import { asDetector, FakeTrials, fakeImages } from './fake-trials';

const images = fakeImages(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 'day' : 'night')));
const chosen = [0, 1, 2, 3, 4, 5, 6, 7];
const confirmed = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19];
const problem: AutoProblem = {
  plan: EMPTY_PLAN,
  tensors: ['a', 'b', 'c'],
  thresholds: { minmax: { a: 8, b: 8, c: 8 }, entropy: { a: 2, b: 2, c: 2 }, mse: { a: 4, b: 4, c: 4 } },
  chosen,
  confirmed,
};
/** The error is 1 % for every doubling that a threshold is away from what its tensor wants. */
const away = (wanted: Readonly<Record<string, number>>) => (thresholds: Readonly<Record<string, number>>) =>
  Object.entries(wanted).reduce(
    (sum, [tensor, value]) => sum + 0.01 * Math.abs(Math.log2((thresholds[tensor] ?? 1) / value)),
    0,
  );

describe('chooseThresholds', () => {
  it('finds the thresholds that no single method has, and keeps them as they hold on unseen images', async () => {
    const error = away({ a: 8, b: 2, c: 4 });
    const outcome = await chooseThresholds(new FakeTrials(images, ({ thresholds }) => error(thresholds)), problem);
    expect(outcome).toMatchObject({
      verdict: 'descent',
      methods: { a: 'minmax', b: 'entropy', c: 'mse' },
      thresholds: { a: 8, b: 2, c: 4 },
      descent: { chosen: 0, confirmed: 0 },
    });
    expect(outcome.singles.map(({ method }) => method)).toEqual(['minmax', 'entropy', 'mse']);
  });

  it('has a threshold for tensors that this plan does not quantize and the best method does not know', async () => {
    const error = away({ a: 3, b: 3, c: 3 });
    const thresholds = { minmax: { a: 8, b: 8, c: 8, other: 5 }, imported: { a: 3, b: 3, c: 3 } };
    const outcome = await chooseThresholds(new FakeTrials(images, ({ thresholds: own }) => error(own)), {
      ...problem,
      thresholds,
    });
    expect(outcome).toMatchObject({ bestSingle: 'imported', thresholds: { a: 3, b: 3, c: 3, other: 5 } });
  });

  it('goes back to the best single method when the descent fits its own images only', async () => {
    const fitted = away({ a: 8, b: 2, c: 4 });
    const general = away({ a: 4, b: 4, c: 4 });
    const trials = new FakeTrials(images, ({ thresholds }, _, index) =>
      chosen.includes(index) ? fitted(thresholds) : general(thresholds),
    );
    const outcome = await chooseThresholds(trials, problem);
    expect(outcome).toMatchObject({
      verdict: 'single',
      bestSingle: 'mse',
      thresholds: problem.thresholds.mse,
      methods: { a: 'mse', b: 'mse', c: 'mse' },
    });
    expect(outcome.descent.chosen).toBe(0);
  });

  it('is judged by the worst group, not by the mean', async () => {
    // Wide thresholds save the night a little, and cost the day less than nothing gains overall.
    const trials = new FakeTrials(images, ({ thresholds }, { group }) => {
      const width = Math.log2(thresholds['a'] ?? 1);
      return group === 'night' ? 0.5 - 0.1 * width : 0.05 * width;
    });
    const only: AutoProblem = { ...problem, tensors: ['a'] };
    expect((await chooseThresholds(trials, only)).thresholds['a']).toBe(8);
  });

  it('leaves out a method that does not know every tensor as a single one, and still takes its thresholds', async () => {
    const error = away({ a: 3, b: 4, c: 4 });
    const outcome = await chooseThresholds(new FakeTrials(images, ({ thresholds }) => error(thresholds)), {
      ...problem,
      thresholds: { ...problem.thresholds, imported: { a: 3 } },
    });
    expect(outcome.singles.map(({ method }) => method)).not.toContain('imported');
    expect(outcome.methods).toEqual({ a: 'imported', b: 'mse', c: 'mse' });
  });

  it('judges detectors by their candidates, and not by all values of the outputs', async () => {
    const ofAllValues = away({ a: 8, b: 8, c: 8 });
    const ofCandidates = away({ a: 8, b: 2, c: 4 });
    const trials = asDetector(new FakeTrials(images, ({ thresholds }) => ofAllValues(thresholds)), ({ thresholds }) =>
      ofCandidates(thresholds),
    );
    expect(await chooseThresholds(trials, problem)).toMatchObject({
      verdict: 'descent',
      thresholds: { a: 8, b: 2, c: 4 },
    });
  });

  it('takes no more passes than it said', async () => {
    const error = away({ a: 8, b: 2, c: 4 });
    const trials = new FakeTrials(images, ({ thresholds }) => error(thresholds));
    await chooseThresholds(trials, problem);
    const passes = trials.ran.reduce((sum, { images: count }) => sum + count, 0);
    expect(passes).toBeLessThanOrEqual(autoPasses(problem));
    expect(passes).toBeGreaterThan(autoPasses(problem) / 2);
  });

  it('expects about the passes that it takes, and that each other threshold opens the layers behind it again', async () => {
    const error = away({ a: 8, b: 2, c: 4 });
    const trials = new FakeTrials(images, ({ thresholds }) => error(thresholds));
    await chooseThresholds(trials, problem);
    const passes = trials.ran.reduce((sum, { images: count }) => sum + count, 0);
    const expected = autoWork(problem, WHOLE_RUNS);
    expect(expected.opens).toBe(6);
    expect(expected.passes / passes).toBeGreaterThan(1 / 1.5);
    expect(expected.passes / passes).toBeLessThan(1.5);
  });

  it('expects every candidate to run on the first part of a race, which is most of a few images', () => {
    const few = [0, 1, 2, 3, 4, 5];
    const { passes } = autoWork({ ...problem, chosen: few }, WHOLE_RUNS);
    expect(passes).toBeGreaterThanOrEqual(3 * (few.length + confirmed.length) + 6 * 4 + confirmed.length);
  });

  it('gives the same twice', async () => {
    const error = away({ a: 8, b: 2, c: 4 });
    const run = () => chooseThresholds(new FakeTrials(images, ({ thresholds }) => error(thresholds)), problem);
    expect(await run()).toEqual(await run());
  });
});
