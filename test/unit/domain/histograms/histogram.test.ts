import { describe, expect, it } from 'vitest';
import { BIN_COUNT, binOf, exponentFor, subnormalShareOf } from '../../../../src-shared/domain/histograms/histogram';

/** A histogram of values other than 0. */
function histogramOf(values: readonly number[]): Parameters<typeof subnormalShareOf>[0] {
  const exponent = exponentFor(values.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
  const positive = new Float64Array(BIN_COUNT);
  const negative = new Float64Array(BIN_COUNT);
  for (const value of values) {
    const side = value > 0 ? positive : negative;
    const bin = binOf(Math.abs(value), exponent);
    side[bin] = (side[bin] ?? 0) + 1;
  }
  return { exponent, positive, negative };
}

describe('subnormalShareOf', () => {
  const below = 2 ** -14 * (1 - 2 ** -24);

  it('counts |x| below 2^-14, on both sides', () => {
    expect(subnormalShareOf(histogramOf([1e-5, -1e-5, 2 ** -14, -0.2]))).toBe(0.5);
    expect(subnormalShareOf(histogramOf([below, 2 ** -14, 0.1, 0.1]))).toBe(0.25);
    expect(subnormalShareOf(histogramOf([1e-20, -1e-12, below]))).toBe(1);
    expect(subnormalShareOf(histogramOf([2 ** -14, 0.24]))).toBe(0);
  });

  it('counts nothing that it cannot tell from larger values', () => {
    expect(subnormalShareOf(histogramOf([1e-5, 1e-5, 0.249]))).toBeCloseTo(2 / 3, 12);
    expect(subnormalShareOf(histogramOf([1e-5, 1e-5, 0.25]))).toBe(0);
    expect(subnormalShareOf(histogramOf([]))).toBe(0);
  });
});
