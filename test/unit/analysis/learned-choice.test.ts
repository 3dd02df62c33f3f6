import { choiceError } from '../../../src-shared/domain/analysis/analysis';
import { describe, expect, it } from 'vitest';
import { chooseLearned, learnedTrials, type Learned } from '../../../src-main/analysis/learned-choice';
import { type Trial } from '../../../src-main/analysis/trials';
import type { BiasCorrection, WeightRounding } from '../../../src-shared/domain/analysis/repair';
import { EMPTY_PLAN } from '../../../src-shared/domain/project/precision';
import { asDetector, FakeTrials, fakeImages } from './fake-trials';

const images = fakeImages([null, null, null, null]);
const at = [...images.keys()];
const bias = (layer: string, shift: readonly number[], isLearned?: boolean): BiasCorrection => ({
  layer,
  slot: 2,
  initializer: `${layer}.bias`,
  owner: layer,
  op: 'Conv',
  channels: shift.length,
  shift: [...shift],
  ...(isLearned === undefined ? {} : { isLearned }),
});
const rounding: WeightRounding = {
  layer: 'a',
  slot: 1,
  initializer: 'a.weight',
  op: 'Conv',
  axis: 0,
  scales: [1],
  values: 'AA==',
  moved: 1,
};
const start: Trial = { plan: EMPTY_PLAN, thresholds: { x: 1, y: 1 }, biases: [bias('a', [1, 1]), bias('b', [2])] };
const learned: Learned = {
  thresholds: { x: 3 },
  biases: [bias('a', [2, 3], true), bias('b', [2]), bias('c', [4], true)],
  roundings: [rounding],
};

/** The error grows with the distance of the bias of layer a from what is best. */
const awayFrom =
  (best: number, ofRounding = 0) =>
  ({ thresholds, biases = [], roundings = [] }: Trial): number => {
    const own = biases.find(({ layer }) => layer === 'a')?.shift[0] ?? 0;
    return (thresholds['x'] === 3 ? 0.1 : 0.5) + 0.1 * Math.abs(own - best) + (roundings.length > 0 ? ofRounding : 0);
  };

const chosen = (error: (trial: Trial) => number) => chooseLearned(new FakeTrials(images, error), start, learned, at);

describe('chooseLearned', () => {
  it('takes the whole, half or nothing of the changes of biases, whatever is nearest to FP32', async () => {
    expect(await chosen(awayFrom(2))).toMatchObject({ biasShare: 1, biases: learned.biases });
    const half = await chosen(awayFrom(1.5));
    expect(half.biasShare).toBe(0.5);
    expect(half.biases.map(({ layer, shift }) => [layer, shift])).toEqual([
      ['a', [1.5, 2]],
      ['b', [2]],
      ['c', [2]],
    ]);
    expect(half.after.nmse).toBeCloseTo(0.1, 12);
    expect(half.before.nmse).toBeCloseTo(0.55, 12);
    // Without changes, biases are those to begin with, and no longer learned ones.
    expect(await chosen(awayFrom(1))).toMatchObject({ biasShare: 0, biases: start.biases });
  });

  it('rounds weights as learned only if that is nearer to FP32', async () => {
    expect((await chosen(awayFrom(2, -0.01))).roundings).toEqual([rounding]);
    const without = await chosen(awayFrom(2, 0.01));
    expect(without.roundings).toEqual([]);
    expect(without.after.nmse).toBeCloseTo(0.1, 12);
  });

  it('goes by the candidates of a detector', async () => {
    const trials = asDetector(new FakeTrials(images, awayFrom(2)), awayFrom(1.5));
    const choice = await chooseLearned(trials, start, learned, at);
    expect(choice.biasShare).toBe(0.5);
    expect(choiceError(choice.after)).toBeCloseTo(0.1, 12);
  });

  it('runs as many models as it says', async () => {
    for (const own of [learned, { ...learned, roundings: [] }, { ...learned, biases: start.biases ?? [] }]) {
      const trials = new FakeTrials(images, awayFrom(2));
      await chooseLearned(trials, start, own, at);
      expect(trials.ran).toHaveLength(learnedTrials(start, own));
    }
  });
});
