import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../../src-shared/domain/random';
import { conversionModel, toFloatMs, toInt8Ms } from '../../../../src-shared/domain/engines/conversion-model';
import { cheapestPlacement, placementMs } from '../../../../src-shared/domain/engines/placement-cost';

describe('cheapestPlacement', () => {
  it('finds the minimum of all placements, with each tensor converted once', () => {
    const random = createRandom(11);
    const upTo = (limit: number): number => random.nextUint32() % limit;
    for (let round = 0; round < 40; round++) {
      const count = 2 + upTo(6);
      const parts = Array.from({ length: count }, () => ({ floatMs: upTo(100), int8Ms: upTo(100) }));
      // Some parts have only one precision.
      if (round % 2 === 0) parts[0] = { floatMs: 0, int8Ms: Number.POSITIVE_INFINITY };
      if (round % 3 === 0) parts[count - 1] = { floatMs: Number.POSITIVE_INFINITY, int8Ms: 0 };
      const tensors = Array.from({ length: count - 1 }, (_, from) => ({
        from,
        to: Array.from({ length: count - from - 1 }, (_other, i) => from + 1 + i).filter(
          (_other, i) => i === 0 || upTo(2),
        ),
        toInt8Ms: upTo(60),
        toFloatMs: upTo(60),
      }));
      const all = Array.from({ length: 2 ** count }, (_, bits) => parts.map((_part, i) => ((bits >> i) & 1) === 1));
      const best = Math.min(...all.map((labels) => placementMs(parts, tensors, labels)));
      expect(placementMs(parts, tensors, cheapestPlacement(parts, tensors))).toBeCloseTo(best, 9);
    }
  });

  it('prefers floating point where both take the same time', () => {
    expect(cheapestPlacement([{ floatMs: 1, int8Ms: 1 }], [])).toEqual([false]);
  });
});

describe('conversionModel', () => {
  it('takes the median of what was measured, and an H200 for a direction without a measurement', () => {
    const model = conversionModel([
      { direction: 'to-int8', values: 1000, ms: 0.002 },
      { direction: 'to-int8', values: 1_000_000, ms: 0.012 },
      { direction: 'to-int8', values: 2_000_000, ms: 0.022 },
    ]);
    expect(toInt8Ms(model, 3_000_000)).toBeCloseTo(0.032, 6);
    // 6.4 million values (test/evidence/h200-kernels.json): 12 microseconds dequantized, 13 copied.
    expect(toFloatMs(conversionModel([]), 6_422_528)).toBeCloseTo(0.0126, 3);
    expect(toInt8Ms(conversionModel([]), 6_422_528)).toBeCloseTo(0.0306, 3);
  });
});
