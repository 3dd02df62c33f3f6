import { layerId } from '../../../src-shared/base/brand';
import type { WeightRounding } from '../../../src-shared/domain/analysis/repair';
import type { PlacementDecision } from '../../../src-shared/domain/project/precision';
import { quantizeWeight } from '../rules/number-formats';

/** Weights of one layer with the scale of each index of `axis`, in row-major order. */
export interface ScaledWeights {
  readonly weights: Float32Array;
  readonly dims: readonly number[];
  readonly axis: number;
  readonly scales: Float32Array;
}

/**
 * The INT8 values of weights: the learned ones, and in channels that got another scale since, or if the weights are
 * others, the nearest ones. A scale that was rounded to FP16 is the same scale.
 */
export function roundedValues({ values, scales: known, axis }: WeightRounding, scaled: ScaledWeights): Int8Array {
  const learned = Buffer.from(values, 'base64');
  const isSame = learned.length === scaled.weights.length && axis === scaled.axis;
  return mapWeights(scaled, (weight, scale, channel, i) =>
    isSame && Math.abs((known[channel] ?? 0) - scale) <= FP16_ROUNDING * scale
      ? learned.readInt8(i)
      : quantizeWeight(weight, scale),
  );
}

/** The largest relative change of a scale by rounding it up to FP16 above its subnormal numbers. */
const FP16_ROUNDING = 2 ** -10;

/** Packs learned integers. @param values one per weight */
export function packRounding(
  layer: Pick<WeightRounding, 'layer' | 'slot' | 'initializer' | 'op'>,
  scaled: ScaledWeights,
  values: Int8Array,
): WeightRounding {
  const nearest = mapWeights(scaled, quantizeWeight);
  return {
    ...layer,
    axis: scaled.axis,
    scales: [...scaled.scales],
    values: Buffer.from(values.buffer, values.byteOffset, values.length).toString('base64'),
    moved: nearest.reduce((count, value, i) => count + (value === values[i] ? 0 : 1), 0),
  };
}

/** Calls a function for every weight with the scale of its channel. */
export function mapWeights(
  { weights, dims, axis, scales }: ScaledWeights,
  valueOf: (weight: number, scale: number, channel: number, i: number) => number,
): Int8Array {
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  return Int8Array.from(weights, (weight, i) => {
    const channel = Math.floor(i / inner) % scales.length;
    return valueOf(weight, scales[channel] ?? 1, channel, i);
  });
}

/** The sentence about learned integers in the explanation of a layer. */
export function roundingDecisions(roundings: readonly WeightRounding[]): PlacementDecision[] {
  return roundings.map(({ layer, op, initializer, moved }) => ({
    layer: layerId(layer),
    op,
    precision: 'int8',
    code: 'weights-learned',
    reason: `the rounding of its weights was learned: ${moved} of them are one step from the nearest value`,
    tensor: initializer,
  }));
}
