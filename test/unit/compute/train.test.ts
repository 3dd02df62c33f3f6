import { describe, expect, it } from 'vitest';
import type { BlockParameter } from '../../../src-main/compute/learning/learning-protocol';
import { train } from '../../../src-main/compute/learning/train';
import type { WorkerPool } from '../../../src-main/compute/pool/worker-pool';

/** Samples whose loss is (a - centre)^2 for one parameter a; samples are answered in a scrambled order. */
function fakePool(centres: readonly number[], seen: number[] = []): WorkerPool<'learning'> {
  const answer = (method: string, { sample, values }: { sample: number; values: readonly Float32Array[] }): unknown => {
    const distance = (values[0]?.[0] ?? 0) - (centres[sample] ?? 0);
    if (method === 'measure') return distance * distance;
    seen.push(sample);
    return { loss: distance * distance, gradients: [Float32Array.of(2 * distance)] };
  };
  return {
    forEach: async (items: Iterable<unknown>, work: (run: unknown, item: unknown) => Promise<void>) => {
      const run = (method: string, params: never): Promise<unknown> => Promise.resolve(answer(method, params));
      for (const item of [...items].reverse()) await work(run, item);
    },
  } as unknown as WorkerPool<'learning'>;
}

const BIAS: BlockParameter = {
  initial: Float32Array.of(1),
  unit: 10,
  target: { kind: 'bias', bias: {} as never, original: Float32Array.of(1) },
};
const onStep = (): undefined => undefined;
const UNLIMITED = { seconds: 1000, epochs: 10 };

describe('train', () => {
  it('lowers the loss on samples that the steps do not use', async () => {
    const seen: number[] = [];
    const centres = Array.from({ length: 16 }, () => 0);
    const result = await train(
      { pool: fakePool(centres, seen), parameters: [BIAS], samples: 16, seed: 1, onStep },
      UNLIMITED,
    );
    expect(result.before).toBe(1);
    expect(result.after).toBeLessThan(0.01);
    expect(result.epochs).toBe(10);
    expect(seen.some((sample) => sample % 4 === 3)).toBe(false);
    expect(new Set(seen).size).toBe(12);
  });

  it('keeps the values to begin with if the steps only make the watched samples worse', async () => {
    const centres = Array.from({ length: 16 }, (_, sample) => (sample % 4 === 3 ? 1 : -50));
    const result = await train(
      { pool: fakePool(centres), parameters: [BIAS], samples: 16, seed: 1, onStep },
      UNLIMITED,
    );
    expect([result.after, [...(result.values[0] ?? [])]]).toEqual([0, [1]]);
  });

  it('is reproducible, and makes no step without parameters', async () => {
    const centres = Array.from({ length: 16 }, (_, sample) => sample / 8);
    const once = (): ReturnType<typeof train> =>
      train({ pool: fakePool(centres), parameters: [BIAS], samples: 16, seed: 3, onStep }, UNLIMITED);
    expect(await once()).toEqual(await once());
    const none = await train({ pool: fakePool(centres), parameters: [], samples: 16, seed: 3, onStep }, UNLIMITED);
    expect(none).toMatchObject({ values: [], epochs: 0, steps: 0 });
  });

  it('stops when the time is over', async () => {
    const centres = Array.from({ length: 16 }, () => 0);
    const result = await train(
      { pool: fakePool(centres), parameters: [BIAS], samples: 16, seed: 1, onStep },
      { seconds: 0, epochs: null },
    );
    expect(result.epochs).toBe(1);
  });
});
