import type { LayerFormat, LowFormat, Target } from '../../../src-shared/domain/project/precision';
import { matrixSizes, weightOf } from '../rules/compute-layers';
import { floatReason } from '../rules/float-reasons';
import type { GraphFacts } from '../rules/graph-facts';
import { blockSizeFor, isLowFormatCandidate, lowFormatRefusal } from '../rules/low-format-rules';
import type { LayerPrecisions } from './layer-precisions';
import { PlacementBuilder } from './placement-builder';
import type { Placement } from './placement';

/** Q/DQ of a format below INT8: on the data (FP8 only) and the weights of every layer that can use it. */
export function placeLowFormat(
  facts: GraphFacts,
  precisions: LayerPrecisions,
  { format, target }: { readonly format: LowFormat; readonly target: Target },
): Placement<LayerFormat> {
  const builder = new PlacementBuilder<LayerFormat>(facts, precisions, format === 'fp8' ? 'FP8' : 'INT4');
  for (const node of facts.nodes) {
    if (!isLowFormatCandidate(node)) {
      builder.decide(node, floatReason(facts, node));
      continue;
    }
    const refusal = lowFormatRefusal(facts, node, format, target);
    const weight = weightOf(facts, node);
    if (refusal !== null || weight === null) {
      builder.decide(node, refusal === null ? floatReason(facts, node) : { precision: 'fp32', ...refusal });
      continue;
    }
    if (format === 'fp8') {
      const reason = 'FP8 (E4M3) inputs and weights, one weight scale per output channel';
      builder.decide(node, { precision: 'fp8', code: 'fp8', reason });
      builder.quantizeEdge(node.input[0] ?? '', node, 0, {
        precision: 'fp8',
        code: 'fp8-input',
        reason: `${node.opType} computes with FP8`,
      });
      builder.weights.push(weight);
    } else {
      const { k } = matrixSizes(node, facts.initializer(weight.initializer)?.dims ?? []);
      const blockSize = blockSizeFor(k, target);
      const reason = `INT4 weights, one scale per output channel and block of ${blockSize}; activations in floating point`;
      builder.decide(node, { precision: 'w4', code: 'w4', reason });
      builder.weights.push({ ...weight, blockSize });
    }
  }
  return builder.build();
}
