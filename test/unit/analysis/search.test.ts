import { describe, expect, it } from 'vitest';
import { searchPlans, searchTrials, type SearchProblem } from '../../../src-main/analysis/search';
import type { Trial, TrialImage } from '../../../src-main/analysis/trials';
import { EMPTY_PLAN } from '../../../src-shared/domain/project/precision';
import { FakeTrials, fakeImages } from './fake-trials';

const images = fakeImages(Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 'day' : 'night')));
const LAYERS = Array.from({ length: 12 }, (_, i) => `l${i}`);
const problem: SearchProblem = {
  plan: EMPTY_PLAN,
  alternatives: [{ method: null, thresholds: {} }],
  layers: LAYERS.map((layer) => ({ layer, costUs: 1 })),
  rank: Array.from({ length: 20 }, (_, i) => i),
  judge: [...images.keys()],
  limits: { maxDrop: 0.5, maxWorstGroupDrop: 1, maxLayers: null, maxNmse: 0.02 },
  labelled: true,
};
const silent = { onStep: () => undefined };
const released = ({ plan }: Trial): string[] => Object.keys(plan.layers);

/** Layers hurt by their own amount; every percent of error costs one image in a hundred its answer. */
function additive(damage: Readonly<Record<string, number>>): FakeTrials {
  const errorOf = (trial: Trial): number =>
    Object.entries(damage).reduce((sum, [layer, own]) => sum + (released(trial).includes(layer) ? 0 : own), 0);
  const isWrong = (trial: Trial, index: number): boolean => index < Math.round(2 * 100 * errorOf(trial));
  return new FakeTrials(images, errorOf, (trial: Trial, image: TrialImage, index: number) =>
    isWrong(trial, index) ? 9 : (image.label ?? -1),
  );
}

describe('searchPlans', () => {
  it('releases the fewest layers that meet the limits', async () => {
    const outcome = await searchPlans(additive({ l3: 0.05, l7: 0.02, l1: 0.004 }), problem, silent);
    expect(outcome.chosen).not.toBeNull();
    expect(outcome.plans[outcome.chosen ?? -1]?.fp16Layers.toSorted()).toEqual(['l3', 'l7']);
    expect(outcome.ranking.slice(0, 3).map(({ layer }) => layer)).toEqual(['l3', 'l7', 'l1']);
    expect(outcome.plans.filter(({ meetsLimit }) => meetsLimit).every(({ fp16Layers }) => fp16Layers.length >= 2)).toBe(
      true,
    );
  });

  it('releases none where all INT8 is good enough', async () => {
    const outcome = await searchPlans(additive({ l3: 0.001 }), problem, silent);
    expect(outcome.plans[outcome.chosen ?? -1]?.fp16Layers).toEqual([]);
  });

  it('does not take two layers that hurt through the same tensor for two gains', async () => {
    // l0 and l1 both read the bad tensor: releasing either wins all of it back.
    const errorOf = (trial: Trial): number => {
      const own = released(trial);
      return (own.includes('l0') || own.includes('l1') ? 0 : 0.05) + (own.includes('l2') ? 0 : 0.03);
    };
    const trials = new FakeTrials(images, errorOf, (trial, image, index) =>
      index < Math.round(200 * errorOf(trial)) ? 9 : (image.label ?? -1),
    );
    const outcome = await searchPlans(trials, problem, silent);
    expect(outcome.plans[outcome.chosen ?? -1]?.fp16Layers.toSorted()).toEqual(['l0', 'l2']);
  });

  it('prefers the cheaper of two layers that win the same', async () => {
    const costly = {
      ...problem,
      layers: problem.layers.map(({ layer }) => ({ layer, costUs: layer === 'l4' ? 10 : 1 })),
    };
    const outcome = await searchPlans(
      additive({ l4: 0.02, l5: 0.02 }),
      { ...costly, limits: { ...problem.limits, maxDrop: 3, maxWorstGroupDrop: 3 } },
      silent,
    );
    expect(outcome.plans[outcome.chosen ?? -1]?.fp16Layers).toEqual(['l5']);
  });

  it('says so when no plan meets the limits, and stays within the number of layers allowed', async () => {
    const outcome = await searchPlans(
      additive({ l3: 0.05, l7: 0.05, l1: 0.05 }),
      { ...problem, limits: { ...problem.limits, maxLayers: 2 } },
      silent,
    );
    expect(outcome.chosen).toBeNull();
    expect(Math.max(...outcome.plans.map(({ fp16Layers }) => fp16Layers.length))).toBe(2);
  });

  it('holds every group to its own FP32', async () => {
    // Only the night is wrong: 3 % of it, 1.5 % of all.
    const trials = new FakeTrials(
      images,
      (trial) => (released(trial).includes('l3') ? 0 : 0.03),
      (trial, image, index) =>
        !released(trial).includes('l3') && image.group === 'night' && index < 6 ? 9 : (image.label ?? -1),
    );
    const outcome = await searchPlans(trials, { ...problem, limits: { ...problem.limits, maxDrop: 2 } }, silent);
    expect(outcome.plans[outcome.chosen ?? -1]?.fp16Layers).toEqual(['l3']);
  });

  it('judges unlabelled images by their output error too: sixteen answers say little', async () => {
    const trials = new FakeTrials(images, (trial) => (released(trial).includes('l3') ? 0.01 : 0.05));
    const outcome = await searchPlans(trials, { ...problem, labelled: false }, silent);
    expect(outcome.plans[outcome.chosen ?? -1]?.fp16Layers).toEqual(['l3']);
  });

  it("takes another method's thresholds only where they are clearly better", async () => {
    const error = (good: number) => new FakeTrials(images, ({ thresholds }) => (thresholds['t'] === 1 ? 0.1 : good));
    const alternatives = [
      { method: null, thresholds: { t: 1 } },
      { method: 'auto' as const, thresholds: { t: 2 } },
    ];
    const limits = { ...problem.limits, maxLayers: 1 };
    expect((await searchPlans(error(0.01), { ...problem, limits, alternatives }, silent)).method).toBe('auto');
    expect((await searchPlans(error(0.095), { ...problem, limits, alternatives }, silent)).method).toBeNull();
  });

  it('tries about as many models as it says', async () => {
    const trials = additive({ l3: 0.05, l7: 0.02, l1: 0.004 });
    await searchPlans(trials, problem, silent);
    const { ranking, judging } = searchTrials(LAYERS.length, null, problem.alternatives.length);
    // What was tried before is remembered, so that only different models cost.
    const models = (images: number): number =>
      new Set(trials.ran.filter((ran) => ran.images === images).map(({ trial }) => JSON.stringify(trial))).size;
    expect(models(problem.rank.length)).toBeLessThanOrEqual(ranking);
    expect(models(problem.judge.length)).toBeLessThanOrEqual(judging);
  });

  it('says before each step what is left of the whole search', async () => {
    const trials = additive({ l3: 0.05, l7: 0.02, l1: 0.004 });
    // What was tried before is remembered, so that only different models cost.
    const passes = (): number =>
      [...new Map(trials.ran.map((own) => [JSON.stringify(own), own.images])).values()].reduce((sum, n) => sum + n, 0);
    const totals: number[] = [];
    await searchPlans(trials, problem, { onStep: (_, left) => totals.push(passes() + left.passes) });
    for (const total of totals) {
      expect(total).toBeGreaterThan(passes() / 1.4);
      expect(total).toBeLessThan(passes() * 1.4);
    }
  });
});
