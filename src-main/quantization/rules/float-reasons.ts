import type { Node } from '../../onnx/graph/model';
import { subgraphsOf } from '../../onnx/graph/subgraphs';
import { decomposedChains, type ChainKind } from './decomposed-chains';
import type { GraphFacts } from './graph-facts';
import {
  ACTIVATION_OPS,
  ARITHMETIC_OPS,
  CONTROL_FLOW_OPS,
  FLOAT_ONLY_REASONS,
  POOL_OPS,
  RESHAPE_OPS,
  SELECT_OPS,
} from './op-classes';
import type { Verdict } from '../placement/placement';
import { ownValue } from '../../../src-shared/base/records';

const CHAIN_REASONS: Readonly<Record<ChainKind, readonly [string, string]>> = {
  normalization: [
    'normalization',
    'part of a normalization that was exported node by node; it stays in floating point',
  ],
  gelu: ['gelu', 'part of a GELU that was exported node by node; it stays in floating point'],
};

/** The reason to show for a layer that no rule quantizes: it stays in floating point, or computes integers already. */
export function floatReason(facts: GraphFacts, node: Node): Verdict {
  const [code, reason] = codeAndReason(facts, node);
  return { precision: 'fp32', code, reason };
}

function codeAndReason(facts: GraphFacts, node: Node): readonly [string, string] {
  if (CONTROL_FLOW_OPS.has(node.opType) || subgraphsOf(node).length > 0)
    return ['control-flow', 'bodies of control flow are left as they are'];
  if (node.output.every((name) => name === '' || facts.isConstant(name)))
    return ['constant', 'computed from constants only'];
  if (!node.output.some((name) => facts.isActivation(name)))
    return ['integer-tensor', 'shape arithmetic or another computation that is not in float32'];
  const chain = decomposedChains(facts).get(node);
  if (chain) return CHAIN_REASONS[chain];
  const known = ownValue(FLOAT_ONLY_REASONS, node.opType);
  if (known) return known;
  if (node.opType === 'Concat') return ['concat-float', 'no quantized layer reads the result'];
  if (RESHAPE_OPS.has(node.opType) || SELECT_OPS.has(node.opType))
    return ['copy-float', 'moves values only and does not stand between quantized layers'];
  if (POOL_OPS.has(node.opType)) return ['pool-float', 'does not stand between quantized layers'];
  if (node.opType === 'Add')
    return [
      'add-float',
      'an Add that no INT8 kernel takes in (bias of a float layer, attention mask, residual stream of a transformer)',
    ];
  if (ARITHMETIC_OPS.has(node.opType)) return ['elementwise-float', 'elementwise arithmetic between float layers'];
  if (ACTIVATION_OPS.has(node.opType))
    return ['activation-float', 'its input is not the output of a quantized layer alone'];
  return ['op-not-quantized', `${node.opType} is computed in floating point`];
}
