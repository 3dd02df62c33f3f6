import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src-shared/domain/random';
import { cheapestLabels, type PairCost, type UnaryCost } from '../../../src-shared/base/min-cut';

function energy(labels: readonly boolean[], unary: readonly UnaryCost[], pairs: readonly PairCost[]): number {
  const own = unary.reduce((sum, { whenFalse, whenTrue }, i) => sum + (labels[i] ? whenTrue : whenFalse), 0);
  return pairs.reduce(
    (sum, { a, b, trueFalse, falseTrue }) => sum + (labels[a] === labels[b] ? 0 : labels[a] ? trueFalse : falseTrue),
    own,
  );
}

describe('cheapestLabels', () => {
  it('finds the minimum of all assignments', () => {
    const random = createRandom(7);
    const upTo = (limit: number): number => (random.nextUint32() % (limit * 100)) / 100;
    for (let round = 0; round < 30; round++) {
      const count = 2 + (random.nextUint32() % 7);
      const unary = Array.from({ length: count }, () => ({ whenFalse: upTo(10), whenTrue: upTo(10) }));
      const pairs = Array.from({ length: count }, (_, a) => ({
        a,
        b: (a + 1 + (random.nextUint32() % (count - 1))) % count,
        trueFalse: upTo(5),
        falseTrue: upTo(5),
      }));
      const all = Array.from({ length: 2 ** count }, (_, bits) =>
        energy(
          Array.from({ length: count }, (_, i) => ((bits >> i) & 1) === 1),
          unary,
          pairs,
        ),
      );
      expect(energy(cheapestLabels(unary, pairs), unary, pairs)).toBeCloseTo(Math.min(...all), 9);
    }
  });

  it('never takes an excluded label, and prefers false where both cost the same', () => {
    expect(cheapestLabels([{ whenFalse: 5, whenTrue: Number.POSITIVE_INFINITY }], [])).toEqual([false]);
    expect(cheapestLabels([{ whenFalse: 1, whenTrue: 1 }], [])).toEqual([false]);
  });
});
