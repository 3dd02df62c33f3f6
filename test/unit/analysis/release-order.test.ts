import { describe, expect, it } from 'vitest';
import { releaseOrder, releasePasses, type ReleaseProblem } from '../../../src-main/analysis/release-order';
import type { Trial } from '../../../src-main/analysis/trials';
import { EMPTY_PLAN } from '../../../src-shared/domain/project/precision';
import { FakeTrials, fakeImages } from './fake-trials';

const images = fakeImages(Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 'day' : 'night')));
const problem: ReleaseProblem = {
  base: { plan: EMPTY_PLAN, thresholds: {} },
  layers: Array.from({ length: 30 }, (_, i) => ({ layer: `l${i}`, costUs: 1 })),
  images: [...images.keys()],
  maxLayers: 4,
};
const released = ({ plan }: Trial): string[] => Object.keys(plan.layers);

describe('releaseOrder', () => {
  it('ranks all layers on few images of every group, and the best ones on all', async () => {
    const trials = new FakeTrials(images, (trial) => (released(trial).includes('l7') ? 0.01 : 0.1));
    const { ranking, sets } = await releaseOrder(trials, problem);
    expect(ranking[0]?.layer).toBe('l7');
    expect(sets.map((set) => set.length)).toEqual([0, 1, 2, 3, 4]);
    const single = trials.ran.filter(({ trial }) => released(trial).length === 1);
    expect(new Set(single.map(({ images: count }) => count))).toEqual(new Set([8, 40]));
    expect(single.filter(({ images: count }) => count === 8)).toHaveLength(30);
  });

  it('swaps a layer that was the best alone for a pair that is better together', async () => {
    // l0 alone is the best; l1 and l2 together win everything.
    const errorOf = (trial: Trial): number => {
      const own = released(trial);
      if (own.includes('l1') && own.includes('l2')) return 0;
      if (own.includes('l0')) return own.includes('l1') ? 0.045 : 0.05;
      return own.includes('l1') || own.includes('l2') ? 0.08 : 0.1;
    };
    const { sets } = await releaseOrder(new FakeTrials(images, errorOf), problem);
    expect(sets[1]).toEqual(['l0']);
    expect(sets[2]?.toSorted()).toEqual(['l1', 'l2']);
  });

  it('runs at most as many models as it says', async () => {
    const trials = new FakeTrials(images, (trial) => 0.1 / (1 + released(trial).length));
    await releaseOrder(trials, problem);
    const different = new Map(trials.ran.map((ran) => [JSON.stringify(ran), ran.images]));
    const passes = [...different.values()].reduce((sum, count) => sum + count, 0);
    expect(passes).toBeLessThanOrEqual(releasePasses(30, 4, 40));
  });
});
