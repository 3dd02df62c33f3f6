import { roundHalfEven } from '../../../src-shared/base/rounding';
import { describe, expect, it } from 'vitest';
import { float16ToFloat32 } from '../../../src-main/onnx/graph/fp16';
import { SMALLEST_SCALE } from '../../../src-shared/domain/histograms/thresholds';
import {
  asymmetricParameters,
  e4m3Bits,
  fp16Bits,
  fp16Scale,
  fp16ScaleAbove,
  packInt4,
  quantizeInt4,
  quantizeWeight,
} from '../../../src-main/quantization/rules/number-formats';
import { pseudoRandom } from '../../support/onnx-builder';

/** All non-negative finite halves with their bits, ascending: the slow reference of the rounding. */
const HALVES = Array.from({ length: 0x7c00 }, (_, bits) => ({ bits, value: float16ToFloat32(bits) }));

/** Nearest half by search; of two equally near ones the one with an even last bit. 65536 stands for infinity. */
function slowFp16(value: number): number {
  const magnitude = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  let best = { bits: 0x7c00, distance: Math.abs(65536 - magnitude) };
  for (const half of HALVES) {
    const distance = Math.abs(half.value - magnitude);
    if (distance < best.distance || (distance === best.distance && half.bits % 2 === 0))
      best = { bits: half.bits, distance };
  }
  return sign | (magnitude > 65536 ? 0x7c00 : best.bits);
}

describe('fp16Bits', () => {
  it('gives every half back', () => {
    const wrong = HALVES.filter(({ bits, value }) => fp16Bits(value) !== bits || fp16Bits(-value) !== (bits | 0x8000));
    expect(wrong).toEqual([]);
  });

  it('rounds as a search over all halves does', () => {
    const exponents = [-30, -26, -24.5, -20, -15, -14, -13.5, -3, 0, 5, 10, 14, 15.5, 15.999];
    const values = [...pseudoRandom(140, 3)].map((unit, i) =>
      Math.fround(unit * 2 ** (exponents[i % exponents.length] ?? 0)),
    );
    for (const value of values) expect(fp16Bits(value), String(value)).toBe(slowFp16(value));
  });

  it('rounds ties to even, at every size', () => {
    for (let i = 0; i + 1 < HALVES.length; i += 97) {
      const tie = ((HALVES[i]?.value ?? 0) + (HALVES[i + 1]?.value ?? 0)) / 2;
      expect(fp16Bits(tie), String(tie)).toBe(i % 2 === 0 ? i : i + 1);
    }
  });

  it.each([
    [-1e-9, 0x8000],
    [1e-9, 0],
    [2 ** -25, 0],
    [Math.fround(2 ** -25 * 1.0001), 1],
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [-1e30, 0xfc00],
    [Infinity, 0x7c00],
    [NaN, 0x7e00],
  ])('%d', (value, bits) => {
    expect(fp16Bits(Math.fround(value))).toBe(bits);
  });
});

describe('integer formats', () => {
  it('rounds half to even', () => {
    expect([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 2.4999, -2.6].map((value) => roundHalfEven(value) + 0)).toEqual([
      0, 2, 2, 0, -2, -2, 2, -3,
    ]);
  });

  it('quantizes weights as QuantizeLinear does, to -127..127 unless the scale clips them', () => {
    expect([1, -1, 0.0118, 0, 2, -2].map((value) => quantizeWeight(value, Math.fround(1 / 127)) + 0)).toEqual([
      127, -127, 1, 0, 127, -128,
    ]);
  });

  it('never has a scale of 0', () => {
    expect(asymmetricParameters(0, 0)).toEqual({ scale: SMALLEST_SCALE, zeroPoint: 0 });
  });

  it('rounds scales to ones that FP16 holds, never to 0 or infinity, and weight scales never down', () => {
    expect([0, 2 ** -30, 1e9].map(fp16Scale)).toEqual([2 ** -24, 2 ** -24, 65504]);
    for (const value of [...pseudoRandom(300, 5)].map((unit, i) =>
      Math.fround((Math.abs(unit) + 1e-3) * 2 ** ((i % 26) - 24)),
    )) {
      const [nearest, above] = [fp16Scale(value), fp16ScaleAbove(value)];
      expect(float16ToFloat32(fp16Bits(nearest))).toBe(nearest);
      expect(float16ToFloat32(fp16Bits(above))).toBe(above);
      expect(above).toBeGreaterThanOrEqual(value);
      const step = Math.max(value * 2 ** -10, 2 ** -24);
      expect(Math.abs(nearest - value)).toBeLessThanOrEqual(step);
      expect(above - value).toBeLessThanOrEqual(step);
    }
  });

  it.each([
    [-1, 3, 4 / 255, 64],
    [0, 6, 6 / 255, 0],
    [2, 6, 6 / 255, 0],
    [-4, -1, 4 / 255, 255],
  ])('asymmetric range %d..%d holds 0 exactly', (low, high, scale, zeroPoint) => {
    expect(asymmetricParameters(low, high)).toEqual({ scale: Math.fround(scale), zeroPoint });
  });
});

/**
 * All non-negative values of E4M3 with their bits, ascending: the definition of the format (OCP 8-bit floating point).
 */
const E4M3 = Array.from({ length: 0x7f }, (_, bits) => {
  const exponent = bits >> 3;
  const mantissa = bits & 7;
  return { bits, value: exponent === 0 ? mantissa * 2 ** -9 : (1 + mantissa / 8) * 2 ** (exponent - 7) };
});

/**
 * The nearest value by search, of two equally near ones the one with an even last bit; beyond the largest, that one.
 */
function slowE4m3(value: number): number {
  let best = { bits: 0, distance: Number.POSITIVE_INFINITY };
  for (const entry of E4M3) {
    const distance = Math.abs(entry.value - Math.abs(value));
    if (distance < best.distance || (distance === best.distance && entry.bits % 2 === 0))
      best = { bits: entry.bits, distance };
  }
  return best.bits | (value < 0 || Object.is(value, -0) ? 0x80 : 0);
}

describe('e4m3Bits', () => {
  it('gives every value back', () => {
    expect(E4M3.at(-1)).toEqual({ bits: 0x7e, value: 448 });
    expect(E4M3.filter(({ bits, value }) => e4m3Bits(value) !== bits || e4m3Bits(-value) !== (bits | 0x80))).toEqual(
      [],
    );
  });

  it('rounds ties to even, and neighbours of ties to the nearer value', () => {
    const ties = E4M3.slice(1).map(({ value }, i) => (value + (E4M3[i]?.value ?? 0)) / 2);
    const values = ties.flatMap((tie) => [tie, Math.fround(tie * (1 + 2 ** -20)), Math.fround(tie * (1 - 2 ** -20))]);
    expect(values.filter((value) => e4m3Bits(value) !== slowE4m3(value))).toEqual([]);
    expect([...pseudoRandom(500, 9)].filter((unit) => e4m3Bits(unit * 500) !== slowE4m3(unit * 500))).toEqual([]);
  });

  it('saturates, keeps NaN and the sign of zero', () => {
    const inputs = [448, 464, 1e30, Number.POSITIVE_INFINITY, -480, Number.NEGATIVE_INFINITY, -0, Number.NaN, 2 ** -10];
    expect(inputs.map(e4m3Bits)).toEqual([0x7e, 0x7e, 0x7e, 0x7e, 0xfe, 0xfe, 0x80, 0x7f, 0]);
    expect(e4m3Bits(2 ** -10 * 1.001)).toBe(1);
  });
});

describe('INT4', () => {
  it('rounds half to even and clips', () => {
    const values = [0.5, 1.5, 2.5, -0.5, -1.5, 6.5, 7.5, 100, -7.5, -8.5, -100];
    expect(values.map((value) => quantizeInt4(value, 1) + 0)).toEqual([0, 2, 2, 0, -2, 6, 7, 7, -8, -8, -8]);
  });

  it('packs two values in a byte, the first in the low half', () => {
    expect([...packInt4([1, -1, 7, -8])]).toEqual([0xf1, 0x87]);
    expect([...packInt4([-3, 2, 5])]).toEqual([0x2d, 0x05]);
    expect([...packInt4([])]).toEqual([]);
  });
});
