import { roundHalfEven } from '../../../src-shared/base/rounding';
import { float16ToFloat32 } from '../../onnx/graph/fp16';
import { SMALLEST_SCALE } from '../../../src-shared/domain/histograms/thresholds';

/** Largest finite half-precision value. */
export const FP16_MAX = 65504;
/** Smallest normal half-precision value; below it, values are 2^-24 apart. */
export const FP16_SMALLEST_NORMAL = 2 ** -14;

/** Largest finite value of FP8 E4M3. */
export const E4M3_MAX = 448;
/** Largest INT4 value of symmetric weights. */
export const INT4_MAX = 7;

/** Zero point of symmetric values that are stored as UINT8. */
export const SYMMETRIC_UINT8_ZERO = 128;

/**
 * Scale and zero point of asymmetric UINT8 over [low, high], which is extended to include 0 so that 0 is exact:
 * scale = (high - low) / 255 in float32, zero point = round_half_even(-low / scale) in 0..255.
 */
export function asymmetricParameters(
  lowReal: number,
  highReal: number,
): { readonly scale: number; readonly zeroPoint: number } {
  const low = Math.min(lowReal, 0);
  const high = Math.max(highReal, 0);
  const scale = Math.max(Math.fround((high - low) / 255), SMALLEST_SCALE);
  return { scale, zeroPoint: Math.min(255, Math.max(0, roundHalfEven(-low / scale))) };
}

/**
 * q = clip(round_half_even(value / scale), -128, 127); the division is in float32, as in QuantizeLinear. -128 only
 * occurs with a scale that clips weights.
 */
export function quantizeWeight(value: number, scale: number): number {
  return Math.min(127, Math.max(-128, roundHalfEven(Math.fround(value / scale))));
}

/** Smallest and largest positive scale that FP16 can represent. */
const SMALLEST_HALF = 2 ** -24;

/**
 * The nearest scale that FP16 represents exactly, but never 0 or infinity, for Q/DQ whose floating-point side is FP16.
 * Representable values have a relative distance of 2^-11 down to 2^-14 and an absolute distance of 2^-24 below.
 */
export function fp16Scale(scale: number): number {
  return Math.min(FP16_MAX, Math.max(SMALLEST_HALF, asFp16(scale)));
}

/** The smallest FP16 value that is at least `scale`, so that no weight is quantized beyond -127..127. */
export function fp16ScaleAbove(scale: number): number {
  const nearest = fp16Scale(scale);
  return nearest >= scale ? nearest : fp16Scale(float16ToFloat32(fp16Bits(nearest) + 1));
}

/** The half-precision value nearest to a number, ties to even: 0 below 2^-25, infinity from 65520 on. */
export function asFp16(value: number): number {
  return float16ToFloat32(fp16Bits(value));
}

const floatBits = new Float32Array(1);
const intBits = new Uint32Array(floatBits.buffer);

/**
 * Bits of the binary16 nearest to a float32, ties to even. Above 65519.99 becomes infinity, below 2^-25 becomes a zero
 * that keeps its sign; NaN becomes the quiet NaN 0x7e00 with its sign.
 */
export function fp16Bits(value: number): number {
  floatBits[0] = value;
  const bits = intBits[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 = 0x477ff000: half way between 65504 and 65536 goes to the even neighbour, which is infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    // Normal: 13 bits of the mantissa are dropped. Adding half of the last kept bit minus one, plus that bit, rounds
    // ties to even.
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  }
  // Subnormal: the value in units of 2^-24 (a double holds it exactly); 1024 of them carry into the smallest normal.
  return sign | roundHalfEven(Math.abs(value) * 2 ** 24);
}

/** The scale with which the largest magnitude becomes the largest value of a format; never 0. */
export function scaleOfMaximum(amax: number, largest: number): number {
  return Math.max(Math.fround(amax / largest), SMALLEST_SCALE);
}

/**
 * Bits of the FP8 E4M3 (ONNX: FLOAT8E4M3FN) nearest to a float32, ties to even: 4 bits of exponent with bias 7, 3 of
 * mantissa, no infinity. Values beyond 448 and infinities saturate; NaN becomes 0x7f with its sign.
 */
export function e4m3Bits(value: number): number {
  floatBits[0] = value;
  const bits = intBits[0] ?? 0;
  const sign = (bits >>> 24) & 0x80;
  if (Number.isNaN(value)) return sign | 0x7f;
  const magnitude = Math.abs(floatBits[0]);
  if (magnitude >= E4M3_MAX) return sign | 0x7e;
  // Below 2^-6, the smallest normal value, values are 2^-9 apart.
  const exponent = Math.max(-6, ((bits >>> 23) & 0xff) - 127);
  // 8 to 16 eighths of 2^exponent (less for subnormals); 16 carries into the exponent.
  const eighths = roundHalfEven(magnitude / 2 ** (exponent - 3));
  return sign | (((exponent + 6) << 3) + eighths);
}

/** q = clip(round_half_even(value / scale), -8, 7); the division is in float32, as in QuantizeLinear. */
export function quantizeInt4(value: number, scale: number): number {
  return Math.min(INT4_MAX, Math.max(-8, roundHalfEven(Math.fround(value / scale))));
}

/**
 * INT4 values in ONNX's raw data: two in a byte, the first one in the low half; an odd last one has a half of zeros.
 */
export function packInt4(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(values.length / 2));
  for (let i = 0; i < values.length; i++)
    bytes[i >> 1] = (bytes[i >> 1] ?? 0) | (((values[i] ?? 0) & 0xf) << (4 * (i % 2)));
  return bytes;
}
