import { describe, expect, it } from 'vitest';
import {
  addRegularizer,
  hardened,
  initialRounding,
  roundedTo,
  roundedWeights,
  STRETCH,
} from '../../../../src-main/quantization/learning/rounding';
import { packRounding, roundedValues } from '../../../../src-main/quantization/rewrite/weight-rounding';

const h = (value: number): number => Math.max(0, Math.min(1, STRETCH.factor / (1 + Math.exp(-value)) - STRETCH.offset));

/** Two output channels of two weights. */
const SCALED = {
  weights: Float32Array.of(0.26, -0.49, 3.11, -3.2),
  dims: [2, 2],
  axis: 0,
  scales: Float32Array.of(0.1, 0.025),
};
const LAYER = { layer: 'c', slot: 1, initializer: 'c.w', op: 'Conv' };

describe('rounding', () => {
  it('begins between the two integers where the float weight is', () => {
    const rounded = roundedWeights(SCALED);
    const values = initialRounding(rounded);
    expect([...rounded.floor]).toEqual([2, -5, 124, -128]);
    for (const [i, weight] of SCALED.weights.entries())
      expect((rounded.floor[i] ?? 0) + h(values[i] ?? 0)).toBeCloseTo(weight / (SCALED.scales[i < 2 ? 0 : 1] ?? 1), 4);
  });

  it('gives the nearest integers at its begin, and the other ones where V changes its sign', () => {
    const rounded = roundedWeights(SCALED);
    const values = initialRounding(rounded);
    expect([...roundedTo(rounded, hardened(values))]).toEqual([3, -5, 124, -128]);
    expect([
      ...roundedTo(
        rounded,
        values.map((value) => -value),
      ),
    ]).toEqual([2, -4, expect.any(Number), -127]);
    expect(Array.from(hardened(values), h)).toEqual([1, 0, expect.any(Number), 0]);
  });

  it('keeps both integers in the range of INT8', () => {
    const { floor } = roundedWeights({ ...SCALED, weights: Float32Array.of(20, -20, 3.175, -3.2) });
    expect([...floor]).toEqual([126, -128, 126, -128]);
  });

  it('has a regularizer whose gradient is that of finite differences', () => {
    const values = Float32Array.of(-1.5, -0.2, 0.4, 1.8, 5);
    const gradient = new Float64Array(5);
    addRegularizer(gradient, values, { strength: 2, sharpness: 4 });
    const of = (value: number): number => 2 * (1 - Math.abs(2 * h(value) - 1) ** 4);
    for (const [i, value] of values.entries())
      expect(gradient[i]).toBeCloseTo((of(value + 1e-5) - of(value - 1e-5)) / 2e-5, 4);
  });
});

describe('packed roundings', () => {
  it('give the learned integers back, and count those that are not the nearest', () => {
    const packed = packRounding(LAYER, SCALED, Int8Array.of(2, -5, 125, -128));
    expect(packed.moved).toBe(2);
    expect([...roundedValues(packed, SCALED)]).toEqual([2, -5, 125, -128]);
  });

  it('give the nearest integers in a channel with another scale, or if the weights are others', () => {
    const packed = packRounding(LAYER, SCALED, Int8Array.of(2, -4, 125, -127));
    expect([...roundedValues(packed, { ...SCALED, scales: Float32Array.of(0.1, 0.05) })]).toEqual([2, -4, 62, -64]);
    const inFp16 = { ...SCALED, scales: Float32Array.of(0.10003, 0.02501) };
    expect([...roundedValues(packed, inFp16)]).toEqual([2, -4, 125, -127]);
    const other = { ...SCALED, weights: Float32Array.of(0.26), dims: [1, 1] };
    expect([...roundedValues(packed, other)]).toEqual([3]);
  });
});
