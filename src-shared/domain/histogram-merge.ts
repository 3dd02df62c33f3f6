import { BIN_COUNT, type TensorHistogram } from './histogram';

/** Counts of one side on the grid of a larger exponent: neighbouring bins merge in pairs, once per step. Exact. */
function raised(counts: Float64Array, steps: number): Float64Array {
  if (steps === 0) return counts.slice();
  const result = new Float64Array(BIN_COUNT);
  for (let i = 0; i < BIN_COUNT; i++) {
    const bin = steps >= 32 ? 0 : Math.floor(i / 2 ** steps);
    result[bin] = (result[bin] ?? 0) + (counts[i] ?? 0);
  }
  return result;
}

function sum(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + (b[i] ?? 0));
}

/**
 * The histogram of the values of both, exact and commutative. Keeps the name of the first.
 * The twin of the addon's mergeEncoded, for histograms that are read back from a file.
 */
export function mergeHistograms(a: TensorHistogram, b: TensorHistogram): TensorHistogram {
  const exponent = Math.max(a.exponent, b.exponent);
  const hasFinite = (h: TensorHistogram): boolean => h.elementCount > h.nanCount + h.infinityCount;
  const [min, max] = !hasFinite(a) ? [b.min, b.max] : !hasFinite(b) ? [a.min, a.max] : [Math.min(a.min, b.min), Math.max(a.max, b.max)];
  return {
    name: a.name,
    exponent,
    positive: sum(raised(a.positive, exponent - a.exponent), raised(b.positive, exponent - b.exponent)),
    negative: sum(raised(a.negative, exponent - a.exponent), raised(b.negative, exponent - b.exponent)),
    zeroCount: a.zeroCount + b.zeroCount,
    nanCount: a.nanCount + b.nanCount,
    infinityCount: a.infinityCount + b.infinityCount,
    elementCount: a.elementCount + b.elementCount,
    min,
    max,
  };
}
