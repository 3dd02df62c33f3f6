import { describe, expect, it } from 'vitest';
import { Adam } from '../../../../src-main/quantization/learning/adam';

describe('Adam', () => {
  it('moves by the rate at first, against the gradient, whatever its size', () => {
    const values = Float32Array.of(1, 1, 1);
    new Adam(values).step([1e-6, -40, 0], 0.1);
    expect([...values].map((value) => Number(value.toFixed(5)))).toEqual([0.9, 1.1, 1]);
  });

  it('finds the minimum of a quadratic function', () => {
    const values = Float32Array.of(3, -2);
    const adam = new Adam(values);
    for (let i = 0; i < 400; i++) adam.step([2 * ((values[0] ?? 0) - 1), 20 * ((values[1] ?? 0) - 0.5)], 0.05);
    expect(values[0]).toBeCloseTo(1, 2);
    expect(values[1]).toBeCloseTo(0.5, 2);
  });
});
