import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src-shared/domain/random';

const MASK = (1n << 32n) - 1n;

/** xoshiro128** 1.1 and its splitmix32 filling, written with big integers instead of 32-bit tricks. */
function* reference(seed: number): Generator<number> {
  let mixer = BigInt(seed) & MASK;
  const state = Array.from({ length: 4 }, () => {
    mixer = (mixer + 0x9e3779b9n) & MASK;
    let z = mixer;
    z = ((z ^ (z >> 16n)) * 0x21f0aaadn) & MASK;
    z = ((z ^ (z >> 15n)) * 0x735a2d97n) & MASK;
    return z ^ (z >> 15n);
  });
  const rotate = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (32n - by))) & MASK;
  for (;;) {
    const [a = 0n, b = 0n, c = 0n, d = 0n] = state;
    yield Number((rotate((b * 5n) & MASK, 7n) * 9n) & MASK);
    const c2 = c ^ a;
    const d2 = d ^ b;
    state[1] = b ^ c2;
    state[0] = a ^ d2;
    state[2] = c2 ^ ((b << 9n) & MASK);
    state[3] = rotate(d2, 11n);
  }
}

describe('createRandom', () => {
  it.each([0, 1, 20_261_121, 4_294_967_295])('equals the big-integer reference for seed %i', (seed) => {
    const random = createRandom(seed);
    const expected = reference(seed);
    for (let i = 0; i < 500; i += 1) expect(random.nextUint32()).toBe(expected.next().value);
  });

  it('is uniform in [0, 1)', () => {
    const random = createRandom(3);
    const bins = new Array<number>(10).fill(0);
    let outside = 0;
    for (let i = 0; i < 100_000; i += 1) {
      const value = random.nextUnit();
      if (!(value >= 0 && value < 1)) outside += 1;
      const bin = Math.floor(value * 10);
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    expect(outside).toBe(0);
    const chiSquare = bins.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquare).toBeLessThan(27.9); // 0.999 quantile, 9 degrees of freedom
  });
});
