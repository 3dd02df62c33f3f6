/**
 * A small seeded generator for resampling: the same seed gives the same numbers on every machine, because it uses
 * 32-bit integer operations only. Generator: xoshiro128** 1.1 (Blackman and Vigna, 2018), with its state filled by
 * splitmix32. Not suitable for secrets.
 */
export interface Random {
  /** Uniform integer in 0..2^32-1. */
  readonly nextUint32: () => number;
  /** Uniform in [0, 1), 53 bits. */
  readonly nextUnit: () => number;
}

function rotateLeft(value: number, count: number): number {
  return (value << count) | (value >>> (32 - count));
}

/** `seed` is taken modulo 2^32. */
export function createRandom(seed: number): Random {
  let mixer = seed >>> 0;
  const splitmix = (): number => {
    mixer = (mixer + 0x9e3779b9) | 0;
    let z = mixer ^ (mixer >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let a = splitmix();
  let b = splitmix();
  let c = splitmix();
  let d = splitmix();

  const nextUint32 = (): number => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
  const nextUnit = (): number => {
    const high = nextUint32() >>> 5;
    const low = nextUint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  };
  return { nextUint32, nextUnit };
}
