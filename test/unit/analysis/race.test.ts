import { choiceError, worstNmse } from '../../../src-shared/domain/analysis/analysis';
import { describe, expect, it } from 'vitest';
import { race } from '../../../src-main/analysis/race';
import { qualitiesOf, type Trial, type TrialAnswer, type Trials } from '../../../src-main/analysis/trials';
import { createRandom } from '../../support/random';
import { asDetector, FakeTrials, fakeImages } from './fake-trials';

const IMAGES = 32;
const at = Array.from({ length: IMAGES }, (_, i) => i);
const trialOf = (id: number): Trial => ({ plan: { layers: {} }, thresholds: { id } });

/** Images differ in difficulty by a factor of up to 100; a trial has its own factor, and its own luck with an image. */
function madeUp(seed: number, factors: readonly number[]): FakeTrials {
  const random = createRandom(seed);
  const noise = [1, ...factors].map((factor) => at.map(() => factor * 10 ** (-2 * random()) * (0.5 + random())));
  const groups = at.map((i) => (i % 2 === 0 ? 'day' : 'night'));
  return new FakeTrials(fakeImages(groups), ({ thresholds }, _, index) => noise[thresholds.id ?? 0]?.[index] ?? 0);
}

describe('race', () => {
  it('finds what running every trial on every image finds, in fewer runs', async () => {
    let saved = 0;
    let won = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const factors = [0.9, 1.1, 3, 0.95].map((factor, i) => factor + 0.01 * ((seed * (i + 3)) % 7));
      const trials = madeUp(seed, factors);
      const [incumbent = []] = await trials.run([trialOf(0)], at);
      const list = factors.map((_, i) => trialOf(i + 1));
      const errors = (await qualitiesOf(trials, list, at)).map(worstNmse);
      const [own = 0] = (await qualitiesOf(trials, [trialOf(0)], at)).map(worstNmse);
      const limit = own * 0.99;
      const smallest = Math.min(...errors);
      const before = trials.ran.length;
      const { winner: found, runs } = await race(trials, list, { at, incumbent, limit });
      expect(runs).toBe(trials.ran.slice(before).reduce((sum, { images }) => sum + images, 0));
      saved += list.length * IMAGES - runs;
      if (smallest < limit) {
        won++;
        expect(found).toMatchObject({ index: errors.indexOf(smallest), objective: smallest });
        expect(found?.answers).toHaveLength(IMAGES);
      } else expect(found).toBeNull();
    }
    expect(won).toBeGreaterThan(3);
    expect(won).toBeLessThan(20);
    // Of 20 races of 4 trials.
    expect(saved).toBeGreaterThan(12 * IMAGES);
  });

  it('gives every worker as many images of each part, and finds the same', async () => {
    const plain = madeUp(5, [0.8, 1.1]);
    const [incumbent = []] = await plain.run([trialOf(0)], at);
    const list = [trialOf(1), trialOf(2)];
    const limit = (await qualitiesOf(plain, [trialOf(0)], at)).map(worstNmse)[0] ?? 0;
    const parts: number[][] = [];
    // The first worker has the images that the incumbent fails on least.
    const easy = [...at].sort((a, b) => (incumbent[a]?.noise[0] ?? 0) - (incumbent[b]?.noise[0] ?? 0)).slice(0, 16);
    const lanes: Trials = {
      images: plain.images,
      reference: plain.reference,
      laneOf: (image) => (easy.includes(image) ? 0 : 1),
      run: (trials, images) => {
        parts.push(images.map((image) => (easy.includes(image) ? 0 : 1)));
        return plain.run(trials, images);
      },
    };
    const { winner } = await race(lanes, list, { at, incumbent, limit });
    expect(winner).toEqual((await race(plain, list, { at, incumbent, limit })).winner);
    expect(winner).not.toBeNull();
    for (const part of parts) expect(part.filter((lane) => lane === 0)).toHaveLength(part.length / 2);
  });

  it('begins again when a trial shows that an output has another size', async () => {
    const plain = madeUp(5, [0.8, 0.5]);
    const [incumbent = []] = await plain.run([trialOf(0)], at);
    const varying = new Set<number>();
    const two = (answers: readonly TrialAnswer[]): TrialAnswer[] =>
      answers.map((answer) => ({ ...answer, noise: [...answer.noise, 1000 * (answer.noise[0] ?? 0)] }));
    const trials: Trials = {
      images: plain.images,
      reference: plain.reference.map((own) => ({ ...own, signal: [1, 1] })),
      varying,
      run: async (list, images) => {
        const found = await plain.run(list, images);
        // The second trial shows it after the first one was given up for this output.
        if (list.some(({ thresholds }) => thresholds['id'] === 2)) varying.add(1);
        return found.map(two);
      },
    };
    const limit = 0.99 * ((await qualitiesOf(plain, [trialOf(0)], at)).map(worstNmse)[0] ?? 0);
    const { winner } = await race(trials, [trialOf(1), trialOf(2)], { at, incumbent: two(incumbent), limit });
    expect(winner).toMatchObject({ index: 1 });
    expect(varying.size).toBe(1);
  });

  it('compares detectors by their candidates, and gives up those whose candidates fail first', async () => {
    const [candidates, outputs] = [madeUp(3, [0.5, 4]), madeUp(4, [9, 0.1])];
    const errors = await candidates.run([0, 1, 2].map(trialOf), at);
    const trials = asDetector(
      outputs,
      ({ thresholds }, _, index) => errors[thresholds.id ?? 0]?.[index]?.noise[0] ?? 0,
    );
    const [incumbent = []] = await trials.run([trialOf(0)], at);
    const [limit = 0, smallest] = (await qualitiesOf(trials, [trialOf(0), trialOf(1)], at)).map(choiceError);
    const { winner, runs } = await race(trials, [trialOf(1), trialOf(2)], { at, incumbent, limit });
    expect(winner).toMatchObject({ index: 0, objective: smallest });
    // The second one fails on the first part of the images.
    expect(runs).toBeLessThan(1.5 * IMAGES);
  });
});
