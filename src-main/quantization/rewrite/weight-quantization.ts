import { scaleOfThreshold, SMALLEST_SCALE } from '../../../src-shared/domain/histograms/thresholds';
import { roundHalfEven } from '../../../src-shared/base/rounding';
import { fp16ScaleAbove } from '../rules/number-formats';

/** INT32 biases stay below this limit, so that adding the products cannot overflow the accumulator. */
const MAX_BIAS = 2 ** 30;

export interface BiasFacts {
  readonly values: Float32Array;
  /** Scale of the activations that the weights are multiplied with. */
  readonly dataScale: number;
}

/**
 * One scale per output channel: T_c / 127, where the threshold T_c is max|w_c| unless the plan asks for a smaller one.
 * With an INT32 bias (scale s_x * s_w), a channel with tiny weights and a
 * large bias gets the smallest scale that the bias allows; the precision that its weights lose is negligible beside the
 * bias.
 */
export function weightScalesFor(
  thresholds: Float32Array,
  bias: BiasFacts | null,
): { readonly values: Float32Array; readonly isRaised: boolean } {
  const values = new Float32Array(thresholds.length);
  let isRaised = false;
  for (const [channel, threshold] of thresholds.entries()) {
    const scale = scaleOfThreshold(threshold);
    const needed = bias ? Math.fround(Math.abs(bias.values[channel] ?? 0) / MAX_BIAS / bias.dataScale) : 0;
    if (needed > scale) isRaised = true;
    values[channel] = Math.max(scale, needed);
  }
  return { values, isRaised };
}

/** One scale per output channel that FP16 represents exactly: the smallest one that is at least T_c / 127. */
export function fp16WeightScales(thresholds: Float32Array): Float32Array {
  return thresholds.map((threshold) => fp16ScaleAbove(scaleOfThreshold(threshold)));
}

/** b_q = round_half_even(b / s_b) in int32, s_b = s_x * s_w[c] in float32. */
export function quantizeBias(
  bias: Float32Array,
  weightScales: Float32Array,
  dataScale: number,
): { readonly values: Int32Array; readonly scales: Float32Array } {
  const values = new Int32Array(weightScales.length);
  const scales = new Float32Array(weightScales.length);
  for (const [channel, weightScale] of weightScales.entries()) {
    const scale = Math.max(Math.fround(weightScale * dataScale), SMALLEST_SCALE);
    scales[channel] = scale;
    values[channel] = Math.min(2 ** 31 - 1, Math.max(-(2 ** 31), roundHalfEven((bias[channel] ?? 0) / scale)));
  }
  return { values, scales };
}
