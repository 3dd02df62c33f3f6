import { DataType, type Node } from '../../onnx/graph/model';
import { biasOf, QUANTIZED_REASON, weightOf } from '../rules/compute-layers';
import { floatReason } from '../rules/float-reasons';
import type { GraphFacts } from '../rules/graph-facts';
import type { RangeFacts } from '../rules/range-facts';
import type { LayerPrecisions } from './layer-precisions';
import { findIntegerDomain, type IntegerDomain } from '../rules/onnxruntime-domain';
import { floatOnlyRefusal, integerRole, valueSlots } from '../rules/onnxruntime-rules';
import { PlacementBuilder } from './placement-builder';
import type { Placement } from './placement';
import { tensorAsFloat32 } from '../../onnx/graph/tensor-values';
import { explainMixture } from '../rules/unlike-ranges';

/**
 * Places Q/DQ so that ONNX Runtime fuses it to integer kernels: on the inputs and the output of every integer layer.
 * Layers that only copy values have one scale on both sides. Relu and Clip are expressed by the range of their output.
 * Gemm and MatMul have a float output unless an integer layer reads it.
 */
export function placeForOnnxruntime(facts: GraphFacts, precisions: LayerPrecisions, ranges: Ranges): Placement {
  const builder = new PlacementBuilder(facts, precisions);
  const domain = findIntegerDomain(facts, precisions, ranges);
  const context: Context = { facts, precisions, ranges, builder, domain };
  for (const node of facts.nodes) {
    const verdict = precisions.verdict(node);
    if (verdict) builder.decide(node, verdict);
  }
  for (const node of facts.nodes) {
    const refusal = domain.refusals.get(node) ?? floatOnlyRefusal(node);
    if (refusal) builder.decide(node, { precision: 'fp32', ...refusal });
    else if (domain.compute.has(node)) placeCompute(context, node);
    else if (domain.secondary.has(node)) placeSecondary(context, node);
  }
  for (const node of facts.nodes) placeOutputs(context, node);
  for (const node of facts.nodes) if (!builder.isDecided(node)) builder.decide(node, floatReason(facts, node));
  return builder.build();
}

type Ranges = Pick<RangeFacts, 'activationAmax'>;

interface Context {
  readonly facts: GraphFacts;
  readonly precisions: LayerPrecisions;
  readonly ranges: Ranges;
  readonly builder: PlacementBuilder;
  readonly domain: IntegerDomain;
}

function placeCompute(context: Context, node: Node): void {
  const { facts, builder } = context;
  builder.decide(node, { precision: 'int8', code: 'quantized', reason: QUANTIZED_REASON });
  const data = node.input[0] ?? '';
  builder.quantizeEdge(data, node, 0);
  const weight = weightOf(facts, node);
  if (!weight) {
    builder.quantizeEdge(node.input[1] ?? '', node, 1);
    return;
  }
  builder.weights.push(weight);
  const bias = biasOf(facts, node);
  if (bias) builder.biases.push({ ...bias, weight, dataTensor: data });
}

function placeSecondary(context: Context, node: Node): void {
  const { facts, builder } = context;
  const [input = ''] = node.input;
  const role = integerRole(node);
  if (role === 'rectifies') {
    placeRectifier(context, node);
    return;
  }
  for (const slot of valueSlots(node)) builder.quantizeEdge(node.input[slot] ?? '', node, slot);
  if (role === 'copies') {
    builder.sharing.copy(
      input,
      node.output.filter((name) => facts.isActivation(name)),
    );
    builder.decide(node, {
      precision: 'int8',
      code: 'copy-shared-scale',
      reason: `moves integers: keeps the scale of ${input} on both sides`,
    });
  } else {
    builder.decide(node, {
      precision: 'int8',
      code: 'integer-kernel',
      reason: 'between quantized layers: runs on integers and requantizes',
    });
    if (node.opType === 'Concat') explainMixture(builder, node, context.ranges);
  }
}

/** Relu, or Clip with lower bound 0, whose input has no other reader: the input gets the scale of the output. */
function placeRectifier(context: Context, node: Node): void {
  const { facts, builder } = context;
  const [input = ''] = node.input;
  const [output = ''] = node.output;
  const upperReal = rectifierUpper(facts, node);
  builder.quantizeEdge(input, node, 0);
  if (upperReal === null || facts.uses(input).length !== 1) {
    const reason = 'its input has other readers or it does not clip at 0; it runs in float between two Q/DQ';
    builder.decide(node, { precision: 'fp32', code: 'activation-float', reason });
    return;
  }
  builder.folded.push({ layer: node.name, input, output, upperReal });
  builder.sharing.copy(output, [input]);
  builder.decide(node, {
    precision: 'int8',
    code: 'folded-into-range',
    reason: `clips integers: its input takes the scale of ${output}`,
  });
}

/** Upper bound of a Relu (Infinity) or of a Clip with lower bound 0; null for any other Clip. */
function rectifierUpper(facts: GraphFacts, node: Node): number | null {
  if (node.opType === 'Relu') return Infinity;
  const [, low = '', high = ''] = node.input;
  const lowReal = low === '' ? null : scalarOf(facts, low);
  const highReal = high === '' ? Infinity : scalarOf(facts, high);
  return lowReal === 0 && highReal !== null && highReal > 0 ? highReal : null;
}

function scalarOf(facts: GraphFacts, name: string): number | null {
  const tensor = facts.initializer(name);
  return tensor?.dataType === DataType.FLOAT ? (tensorAsFloat32(tensor)[0] ?? null) : null;
}

/** Places Q/DQ behind integer layers. All readers use it, except those that the plan keeps in floating point. */
function placeOutputs(context: Context, node: Node): void {
  const { facts, builder, domain, precisions } = context;
  for (const output of node.output) {
    if (output === '' || !facts.isActivation(output) || !domain.isInteger(output)) continue;
    const yieldsFloat = domain.compute.has(node) && node.opType !== 'Conv';
    for (const { node: reader, slot } of facts.uses(output)) {
      if (precisions.verdict(reader)) {
        builder.explainEdge(output, reader, {
          precision: precisions.of(reader),
          code: 'kept-float',
          reason:
            `the plan keeps ${reader.name} out of INT8: it reads the float value, so ${node.name} runs in ` +
            'float too',
        });
      } else if (floatOnlyRefusal(reader)) {
        builder.explainEdge(output, reader, {
          precision: 'fp32',
          code: 'kept-float',
          reason: `${reader.name} has no integer form: it reads the float value, so ${node.name} runs in float too`,
        });
      } else if (!yieldsFloat && facts.isActivation(output)) {
        builder.quantizeEdge(output, reader, slot, {
          code: 'integer-output',
          reason: `${node.name} yields 8-bit integers`,
        });
      }
    }
  }
}
