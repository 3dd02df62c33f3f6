import { mapWeights, type ScaledWeights } from '../rewrite/weight-rounding';

/**
 * Learned rounding of weights (AdaRound: Nagel et al. 2020, arXiv 2004.10568). A weight is floor(w / s) + h(V) with
 * h(V) = clip(1.2 sigmoid(V) - 0.1, 0, 1). While V is learned, a regularizer drives h to 0 or 1; in the end V >= 0
 * rounds up and V < 0 rounds down.
 */
export const STRETCH = { factor: 1.2, offset: 0.1 } as const;

/** Weights with the lower one of the two INT8 values next to each. */
export interface RoundedWeights {
  readonly scaled: ScaledWeights;
  readonly floor: Int8Array;
}

/** The larger one of the two values must be an INT8 value, too. */
export function roundedWeights(scaled: ScaledWeights): RoundedWeights {
  const floor = mapWeights(scaled, (weight, scale) => Math.max(-128, Math.min(126, Math.floor(weight / scale))));
  return { scaled, floor };
}

/** V for which floor + h(V) is the float weight, so that learning begins with the float layer. */
export function initialRounding({ scaled, floor }: RoundedWeights): Float32Array {
  const { weights, dims, axis, scales } = scaled;
  const inner = dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  return weights.map((weight, i) => {
    const steps = weight / (scales[Math.floor(i / inner) % scales.length] ?? 1);
    const fraction = Math.max(0, Math.min(1, steps - (floor[i] ?? 0)));
    const share = (fraction + STRETCH.offset) / STRETCH.factor;
    return Math.log(share / (1 - share));
  });
}

/** Values of V far enough from 0 that h is 0 or 1. */
export function hardened(values: Float32Array): Float32Array {
  return values.map((value) => (value >= 0 ? FAR : -FAR));
}

const FAR = 10;

/** The INT8 values that V stands for. */
export function roundedTo({ floor }: RoundedWeights, values: Float32Array): Int8Array {
  return floor.map((own, i) => own + ((values[i] ?? 0) >= 0 ? 1 : 0));
}

/** Adds the gradient of strength times the sum of 1 - |2 h(V) - 1|^sharpness to a gradient with respect to V. */
export function addRegularizer(
  gradient: Float64Array,
  values: Float32Array,
  { strength, sharpness }: { readonly strength: number; readonly sharpness: number },
): void {
  for (let i = 0; i < values.length; i++) {
    const sigmoid = 1 / (1 + Math.exp(-(values[i] ?? 0)));
    const stretched = STRETCH.factor * sigmoid - STRETCH.offset;
    if (stretched <= 0 || stretched >= 1) continue;
    const distance = 2 * stretched - 1;
    const slope = STRETCH.factor * sigmoid * (1 - sigmoid);
    const own = -sharpness * Math.abs(distance) ** (sharpness - 1) * Math.sign(distance) * 2 * slope;
    gradient[i] = (gradient[i] ?? 0) + strength * own;
  }
}
