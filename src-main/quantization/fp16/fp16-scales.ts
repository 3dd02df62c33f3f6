import { scaleOfThreshold } from '../../../src-shared/domain/histograms/thresholds';
import { ownValue } from '../../../src-shared/base/records';
import type { GraphFacts } from '../rules/graph-facts';
import type { RangeFacts } from '../rules/range-facts';
import { outputShare, percent } from './fp16-underflow';
import type { Fp16Refusal } from '../placement/layer-precisions';
import { FP16_MAX, fp16Scale } from '../rules/number-formats';
import type { Placement, QuantizedWeight } from '../placement/placement';

/** A scale that FP16 changes by more than this relative amount is not stored in FP16. */
const MAX_SCALE_CHANGE = 0.01;

/**
 * The tensors and layers whose QuantizeLinear or DequantizeLinear has an FP16 side, so that FP16 must represent the
 * scale.
 */
export interface Fp16Scales {
  readonly tensors: ReadonlySet<string>;
  /** Layers that read quantized weights in FP16. */
  readonly weightLayers: ReadonlySet<string>;
}

/**
 * Tensors that an FP16 layer reads through Q/DQ or computes, and all tensors with the same scale, except those whose
 * scale FP16 cannot represent, which keep Q/DQ in float32. All other scales keep their float32 value. The result is
 * empty if no layer reads integers in FP16: a Cast in front of QuantizeLinear then avoids the newer operator set that
 * FP16 Q/DQ needs.
 * @param thresholds tensor -> threshold, real units.
 */
export function fp16Scales(
  facts: GraphFacts,
  placement: Omit<Placement, 'decisions'>,
  thresholds: Readonly<Record<string, number>>,
  scaleOf: ScaleOf = scaleOfThreshold,
): Fp16Scales {
  const { fp16Layers } = placement;
  const isRead = [...placement.tensors.flatMap(({ uses }) => uses), ...placement.weights].some(({ layer }) =>
    fp16Layers.has(layer),
  );
  if (!isRead) return { tensors: new Set(), weightLayers: new Set() };
  const isFp16 = (tensor: string, uses: Placement['tensors'][number]['uses']): boolean =>
    uses.some(({ layer }) => fp16Layers.has(layer)) || fp16Layers.has(facts.producer(tensor)?.name ?? '');
  const sourcesOf = scaleSources(placement);
  const shared = new Set(
    placement.tensors.filter(({ tensor, uses }) => isFp16(tensor, uses)).map(({ tensor }) => sourcesOf(tensor)),
  );
  const tensors = placement.tensors.filter(
    ({ tensor }) =>
      shared.has(sourcesOf(tensor)) && scaleFault(thresholdOf(sourcesOf(tensor).sources, thresholds), scaleOf) === null,
  );
  return {
    tensors: new Set(tensors.map(({ tensor }) => tensor)),
    weightLayers: new Set(placement.weights.filter(({ layer }) => fp16Layers.has(layer)).map(({ layer }) => layer)),
  };
}

/**
 * Layers of a placement that would read a scale which FP16 cannot represent, with the reason: it is too large, too
 * small, or (for weights) so small that its rounding error is visible in the output of the layer. Tensors without a
 * threshold are skipped.
 */
export function scaleRefusals(
  facts: GraphFacts,
  placement: Placement,
  thresholds: Readonly<Record<string, number>>,
  ranges: RangeFacts,
): ReadonlyMap<string, Fp16Refusal> {
  if (placement.fp16Layers.size === 0) return new Map();
  const refusals = activationScaleRefusals(placement, thresholds);
  for (const weight of placement.weights) {
    const share = lostOfWeight(facts, weight, ranges);
    if (share > MAX_SCALE_CHANGE) {
      refuse(
        { refusals, placement },
        weight.layer,
        weight.initializer,
        `FP16 does not hold the smallest scales of ${weight.initializer}: rounding them can cost ${percent(share)} ` +
          `of the layer's largest output`,
      );
    }
  }
  return refusals;
}

type ScaleOf = (thresholdReal: number) => number;

/** The part of scaleRefusals about activations; of a format that computes scales in another way, too. */
export function activationScaleRefusals(
  placement: Omit<Placement, 'decisions'>,
  thresholds: Readonly<Record<string, number>>,
  scaleOf: ScaleOf = scaleOfThreshold,
): Map<string, Fp16Refusal> {
  const refusals = new Map<string, Fp16Refusal>();
  const sourcesOf = scaleSources(placement);
  for (const { tensor, uses } of placement.tensors) {
    const fault = scaleFault(thresholdOf(sourcesOf(tensor).sources, thresholds), scaleOf);
    if (fault === null) continue;
    for (const { layer } of uses) refuse({ refusals, placement }, layer, tensor, `the scale of ${tensor}, ${fault}`);
  }
  return refusals;
}

function refuse(
  {
    refusals,
    placement,
  }: { readonly refusals: Map<string, Fp16Refusal>; readonly placement: Pick<Placement, 'fp16Layers'> },
  layer: string,
  tensor: string,
  reason: string,
): void {
  if (placement.fp16Layers.has(layer) && !refusals.has(layer))
    refusals.set(layer, { precision: 'fp32', code: 'fp16-refused-scale', reason, tensor });
}

interface SharedScale {
  readonly sources: readonly string[];
}

/** Tensor -> the origin of its scale; the same object for all tensors of a scale group. */
function scaleSources({ groups, tensors }: Pick<Placement, 'groups' | 'tensors'>): (tensor: string) => SharedScale {
  const known = new Map<string, SharedScale>(
    groups.flatMap((group) => group.tensors.map((tensor) => [tensor, group] as const)),
  );
  for (const { tensor } of tensors) if (!known.has(tensor)) known.set(tensor, { sources: [tensor] });
  return (tensor) => known.get(tensor) ?? { sources: [tensor] };
}

function thresholdOf(sources: readonly string[], thresholds: Readonly<Record<string, number>>): number {
  return Math.max(
    0,
    ...sources.map((source) => (Object.hasOwn(thresholds, source) ? (ownValue(thresholds, source) ?? 0) : 0)),
  );
}

/** Why FP16 cannot represent the scale of a threshold; null if it can, and for a tensor of zeros. */
function scaleFault(thresholdReal: number, scaleOf: ScaleOf): string | null {
  if (!(thresholdReal > 0)) return null;
  const scale = scaleOf(thresholdReal);
  const change = Math.abs(fp16Scale(scale) - scale) / scale;
  if (change <= MAX_SCALE_CHANGE) return null;
  if (scale > FP16_MAX) return `${scale.toPrecision(4)}, is above 65504, the largest FP16 value`;
  return `${scale.toPrecision(4)}, is so small that FP16 would change it by ${percent(change)}`;
}

/** The error that rounding the scales of a weight up to FP16 can cause, relative to the largest output of the layer. */
function lostOfWeight(facts: GraphFacts, weight: QuantizedWeight, ranges: RangeFacts): number {
  const node = facts.uses(weight.initializer).find((use) => use.node.name === weight.layer)?.node;
  const { scales, sum } = ranges.weightLoss(weight.initializer, weight.axis);
  return node ? outputShare(node, { loss: scales, sum }, ranges) : 0;
}
