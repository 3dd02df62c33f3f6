import type { MeasuredKernels } from '../../../src-shared/domain/engines/measured-kernels';
import type { AttentionPrecision } from '../../../src-shared/domain/project/precision';
import type { Node } from '../../onnx/graph/model';
import { QUANTIZED_REASON, weightOf } from '../rules/compute-layers';
import { floatReason } from '../rules/float-reasons';
import type { GraphFacts } from '../rules/graph-facts';
import type { RangeFacts } from '../rules/range-facts';
import type { LayerPrecisions } from './layer-precisions';
import { COMPUTE_OPS, POOL_OPS, RESHAPE_OPS } from '../rules/op-classes';
import type { Partition, Partitions } from '../rules/partitions';
import { PlacementBuilder } from './placement-builder';
import type { Placement, Verdict } from './placement';
import type { Refusal } from '../rules/refusals';
import { tensorrtRefusals } from '../rules/tensorrt-rules';
import { explainMixture, lossText, unlikeRanges, type UnlikeRange } from '../rules/unlike-ranges';

export interface TensorrtPlacementInputs {
  readonly facts: GraphFacts;
  readonly partitions: Partitions;
  readonly precisions: LayerPrecisions;
  readonly attention: AttentionPrecision;
  /** Measured times of layers in FP16 and INT8. */
  readonly measured?: MeasuredKernels | undefined;
  /** Whether layers stay in floating point because TensorRT's INT8 kernels are slower. */
  readonly hasSpeedRules: boolean;
  /** Ranges of activations, to find layers whose inputs and outputs differ too much for one scale. */
  readonly ranges: Pick<RangeFacts, 'activationAmax'>;
}

/**
 * Places Q/DQ where TensorRT's explicit quantization fuses it: on the inputs of compute layers, on the shortcut of a
 * residual Add, and around Concat and pooling between quantized layers, with one scale on both sides. Biases stay FP32.
 */
export function placeForTensorrt({
  facts,
  partitions,
  precisions,
  attention,
  measured,
  hasSpeedRules,
  ranges,
}: TensorrtPlacementInputs): Placement {
  const builder = new PlacementBuilder(facts, precisions);
  const refusals = tensorrtRefusals({
    facts,
    partitions,
    attention,
    measured,
    choice: (node) =>
      precisions.of(node) !== 'int8' ? 'float' : !hasSpeedRules || precisions.isInt8Asked(node) ? 'int8' : 'auto',
  });
  const context: Context = {
    facts,
    partitions,
    precisions,
    attention,
    hasSpeedRules,
    ranges,
    builder,
    refusals,
    quantizedRoots: new Set(),
  };
  for (const node of facts.nodes) {
    const verdict = precisions.verdict(node);
    if (verdict) builder.decide(node, verdict);
  }
  for (const partition of partitions.list) placePartition(context, partition);
  for (const node of facts.nodes.toReversed()) placeCopy(context, node);
  for (const partition of partitions.list) placeResidualEnd(context, partition);
  for (const node of facts.nodes) if (!builder.isDecided(node)) builder.decide(node, floatReason(facts, node));
  return builder.build(new Set([...lightTail(context), ...floatKernels(context)]));
}

/**
 * Groups of an INT8 layer and the layers fused into it, if one of them cannot use FP16. All of them then use FP32
 * beside their integers, because a Cast between two of them would prevent the fusion.
 */
function floatKernels({ partitions, precisions, builder, quantizedRoots }: Context): readonly string[] {
  return partitions.list.flatMap(({ root, members }) => {
    const nodes = [root, ...members].filter(
      (node) => builder.isInteger(node) || precisions.fallbackRefusals.has(node.name),
    );
    return quantizedRoots.has(root) && nodes.some((node) => precisions.fallbackRefusals.has(node.name))
      ? nodes.map((node) => node.name)
      : [];
  });
}

/** If all Gemm and MatMul layers behind the last INT8 layer have fewer weights than this, they stay in FP32. */
const LIGHT_TAIL_WEIGHTS = 2 ** 16;

/**
 * The layers from the last INT8 layer to the float32 outputs of the graph, if they compute little, and the INT8 layers
 * that only they read. FP16 would cost time there: TensorRT compiles what follows a Cast with another compiler, which
 * adds two or three kernels in front of a head that needs one.
 *
 * A tail that joins branches by a Concat, such as the decoder of a detector, has kernels of its own in any case, and
 * then FP16 is faster: on an H200 at batch size 16, the decoder of an anchor-free detector with three strides takes 260
 * microseconds in FP32 behind INT8 (29 kernels and 15 copies) and less than 50 in FP16. It stays in FP32 only if FP16
 * would round its values coarsely, as those of boxes on large images.
 */
function lightTail({ facts, builder, precisions }: Context): ReadonlySet<string> {
  const tail = new Set<string>();
  let weights = 0;
  let hasJoin = false;
  let isCoarse = false;
  const isRead = (node: Node): boolean => node.output.some((name) => facts.isActivation(name));
  for (const node of facts.nodes.toReversed()) {
    if (!isRead(node) || precisions.verdict(node)) continue;
    const uses = node.output.flatMap((name) => facts.uses(name).map((use) => ({ name, reader: use.node })));
    // Layers that compute integers, such as shapes, do not depend on the float type.
    if (
      !uses.every(
        ({ name, reader }) => !isRead(reader) || (tail.has(reader.name) && !builder.isQuantizedUse(name, reader)),
      )
    )
      continue;
    if (COMPUTE_OPS.has(node.opType) && !builder.isInteger(node)) {
      // A Conv applies its weights once per output pixel.
      const own = node.opType.startsWith('Conv') ? Number.POSITIVE_INFINITY : elementCount(facts, node.input[1] ?? '');
      if (weights + own > LIGHT_TAIL_WEIGHTS) continue;
      weights += own;
    }
    tail.add(node.name);
    hasJoin ||= node.opType === 'Concat' && node.input.filter((name) => facts.isActivation(name)).length > 1;
    isCoarse ||= precisions.coarse.has(node.name);
  }
  return hasJoin && !isCoarse ? new Set() : tail;
}

function elementCount(facts: GraphFacts, initializer: string): number {
  return facts.initializer(initializer)?.dims.reduce((count, dim) => count * dim, 1) ?? Number.POSITIVE_INFINITY;
}

const ATTENTION: Verdict = {
  precision: 'int8',
  code: 'attention-int8',
  reason: 'a product of two activations, which the plan asks for in INT8',
};

interface Context extends TensorrtPlacementInputs {
  readonly builder: PlacementBuilder;
  readonly refusals: ReadonlyMap<Node, Refusal>;
  readonly quantizedRoots: Set<Node>;
}

function placePartition(context: Context, { root, members, residual }: Partition): void {
  const { facts, precisions, builder } = context;
  if (precisions.of(root) !== 'int8') return;
  const refusal = context.refusals.get(root);
  if (refusal) {
    builder.decide(root, { precision: 'fp32', ...refusal });
    for (const member of members) {
      builder.decide(member, {
        precision: 'fp32',
        code: 'follows-float',
        reason: `runs in the kernel of ${root.name}, which is not quantized`,
      });
    }
    return;
  }
  const weight = weightOf(facts, root);
  if (weight) builder.weights.push(weight);
  else builder.quantizeEdge(root.input[1] ?? '', root, 1);
  builder.quantizeEdge(root.input[0] ?? '', root, 0);
  context.quantizedRoots.add(root);
  builder.decide(root, weight ? { precision: 'int8', code: 'quantized', reason: QUANTIZED_REASON } : ATTENTION);
  for (const member of members) {
    if (member === residual?.add) continue;
    const refusal = precisions.fallbackRefusals.get(member.name);
    if (refusal?.code === 'fp16-no-kernel')
      builder.decide(member, {
        precision: 'fp32',
        code: refusal.code,
        reason: `behind the INT8 kernel of ${root.name}`,
      });
    builder.decide(member, {
      precision: 'int8',
      code: 'fused',
      reason: `runs in the kernel of ${root.name}; no Q/DQ between them`,
    });
  }
  if (!residual || precisions.of(residual.add) !== 'int8') return;
  builder.decide(residual.add, {
    precision: 'int8',
    code: 'residual-add',
    reason: `${root.name} and this Add fuse; the computed branch stays bare`,
  });
  builder.quantizeEdge(residual.shortcut, residual.add, residual.shortcutSlot, {
    code: 'residual-shortcut',
    reason: `shortcut of a residual Add: quantized so that ${root.name} and ${residual.add.name} fuse`,
  });
}

/**
 * A residual Add whose result only an average reads, in front of a head in floating point: the Add is fused only into
 * an INT8 kernel that writes INT8 (ResNet-50 on an H200: 33 microseconds for five kernels, of 500).
 */
function placeResidualEnd(context: Context, { root, residual, output }: Partition): void {
  const { facts, precisions, builder, quantizedRoots } = context;
  if (!residual || !quantizedRoots.has(root) || builder.isQuantized(output) || !builder.isInteger(residual.add)) return;
  for (const { node } of facts.uses(output)) {
    if (node.opType !== 'GlobalAveragePool' || precisions.of(node) !== 'int8') continue;
    placeAverage(context, node);
  }
}

/** Visits the layers from last to first: a copy is quantized if a quantized layer reads its output. */
function placeCopy(context: Context, node: Node): void {
  const { facts, precisions, builder } = context;
  if (precisions.of(node) !== 'int8') return;
  const output = node.output[0] ?? '';
  if (!builder.isQuantized(output) || !facts.isActivation(output)) return;
  if (node.opType === 'Concat') placeConcat(context, node, output);
  else if (RESHAPE_OPS.has(node.opType) || POOL_OPS.has(node.opType)) placePool(context, node, output);
  else if (node.opType === 'GlobalAveragePool') placeAverage(context, node);
}

function placeConcat(context: Context, node: Node, output: string): void {
  const { facts, builder } = context;
  const inputs = [...new Set(node.input)];
  if (!inputs.every((name) => facts.isActivation(name)) || !inputs.some((name) => isQuantizedSource(context, name))) {
    const reason = 'no input comes from a quantized layer, or one is constant; the result is quantized behind it';
    builder.decide(node, { precision: 'fp32', code: 'concat-float', reason });
    return;
  }
  const spoilt = spoiltByConcat(context, node);
  if (spoilt) {
    const reason = `${lossText(spoilt)}, also for the other layers that read it; every input keeps its own, and the result is quantized behind it`;
    builder.decide(node, { precision: 'fp32', code: 'unlike-ranges', reason });
    return;
  }
  builder.sharing.pool(output, inputs);
  builder.decide(node, {
    precision: 'int8',
    code: 'concat-shared-scale',
    reason: 'a quantized layer reads the result: inputs and output share one scale, so that the copy can be elided',
  });
  for (const [slot, name] of node.input.entries()) {
    builder.quantizeEdge(name, node, slot, {
      code: 'shared-scale',
      reason: `has the scale of ${output}, the pooled values of all inputs of ${node.name}`,
    });
  }
  explainMixture(builder, node, context.ranges);
}

/** An input of a Concat that loses too much precision with the common scale and that another quantized layer reads. */
function spoiltByConcat({ facts, builder, ranges }: Context, concat: Node): UnlikeRange | undefined {
  return unlikeRanges(ranges, [...concat.output, ...concat.input], concat.input).find(({ tensor }) =>
    facts.uses(tensor).some(({ node }) => node.opType !== 'Concat' && builder.isQuantizedUse(tensor, node)),
  );
}

function placePool(context: Context, node: Node, output: string): void {
  const { facts, builder } = context;
  const input = node.input[0] ?? '';
  if (!facts.isActivation(input) || !isQuantizedSource(context, input)) return;
  if (unlikeRanges(context.ranges, [input], [output]).length > 0 && !context.partitions.of(node)) {
    placeAverage(context, node);
    return;
  }
  builder.sharing.copy(input, [output]);
  // TensorRT moves the Q/DQ that follows up through a reshape. A pooling is a kernel of its own: without Q/DQ in front
  // of it, the layer before it writes FP16 (ResNet-50 on an H200: the pooling read FP16 and wrote INT8).
  if (context.partitions.of(node) && !POOL_OPS.has(node.opType)) return;
  builder.decide(node, {
    precision: 'int8',
    code: 'copy-shared-scale',
    reason: `between two quantized layers: keeps the scale of ${input} on both sides`,
  });
  builder.quantizeEdge(input, node, 0, {
    code: 'shared-scale',
    reason: `${node.name} keeps this scale, so that it runs on integers`,
  });
}

/**
 * The range of an average is much smaller than that of its input. Both sides have their own scale, and the layer in
 * front writes integers.
 */
function placeAverage(context: Context, node: Node): void {
  const { builder } = context;
  const input = node.input[0] ?? '';
  if (!isQuantizedSource(context, input)) return;
  builder.decide(node, {
    precision: 'int8',
    code: 'average-quantized',
    reason: 'between two quantized layers: reads integers and is rounded to integers, each with its own scale',
  });
  builder.quantizeEdge(input, node, 0, {
    code: 'average-input',
    reason: `${node.name} reads what the layer before it writes as integers`,
  });
}

/** True if a tensor is the output of a quantized partition, directly or through copies and Concats. */
function isQuantizedSource({ facts, partitions, precisions, quantizedRoots }: Context, tensor: string): boolean {
  const sources = new Set([tensor]);
  // The loop also visits the tensors that it adds.
  for (const name of sources) {
    const producer = facts.producer(name);
    if (!producer) continue;
    const root = partitions.of(producer)?.root;
    if (root && quantizedRoots.has(root)) return true;
    if (root || precisions.of(producer) !== 'int8') continue;
    if (producer.opType === 'Concat') for (const input of producer.input) sources.add(input);
    else if (isCopy(producer)) sources.add(producer.input[0] ?? '');
  }
  return false;
}

function isCopy({ opType }: Node): boolean {
  return RESHAPE_OPS.has(opType) || POOL_OPS.has(opType) || opType === 'GlobalAveragePool';
}
