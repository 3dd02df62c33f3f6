import type { PrecisionPlan } from '../../../src-shared/domain/project/precision';
import { graphMacs } from '../../onnx/graph/layer-macs';
import type { Node } from '../../onnx/graph/model';
import { isOp } from '../../onnx/graph/opset';
import { hasGradientRule } from './gradients';
import type { Placement } from '../placement/placement';
import type { GraphFacts } from '../rules/graph-facts';

/** Consecutive layers whose parameters are learned together, between two cuts that few tensors cross. */
export interface Block {
  /** Tensors that the block reads: made in front of it, or inputs of the model. */
  readonly inputs: readonly string[];
  /** Tensors that are compared with those of FP32: read behind the block, or outputs of the model. */
  readonly outputs: readonly string[];
  /** Tensors that cross the cut at its end; those of them that the block does not make pass beside it. */
  readonly live: readonly string[];
  /** Layers of the prepared model, in topological order. */
  readonly layers: readonly string[];
  /** Multiply-accumulates of one run; at least 1. */
  readonly macs: number;
}

/** The largest number of tensors that may cross a cut: the levels of a feature pyramid and one more. */
const MAX_LIVE = 4;
/** A block has at least this share of the multiply-accumulates; then the next cut with a single tensor ends it. */
const MIN_SHARE = 1 / 8;
/** From this share on, a cut with up to MAX_LIVE tensors ends it. */
const MAX_SHARE = 1 / 4;

/**
 * Divides the whole network into blocks, first to last. A cut crosses quantized activations only, so that no layer is
 * separated from the activation function that its kernel computes. A network without such cuts is one block.
 * @param placement of the plan whose parameters are learned.
 */
export function findBlocks(facts: GraphFacts, placement: Placement): readonly Block[] {
  const { nodes } = facts;
  const macs = graphMacs(facts.model.graph).ofNode;
  const workOf = (node: Node): number => macs.get(node) ?? 0;
  const total = nodes.reduce((sum, node) => sum + workOf(node), 0);
  const quantized = new Set(placement.tensors.map(({ tensor }) => tensor));
  const lastUse = new Map(nodes.flatMap((node, i) => node.input.map((name) => [name, i] as const)));
  const outputs = comparedOutputs(facts);
  const blocks: Block[] = [];
  const inputs = facts.model.graph.input.map(({ name }) => name).filter((name) => !facts.isConstant(name));
  let live: readonly string[] = inputs;
  let entering = live;
  let from = 0;
  let work = 0;
  for (const [i, node] of nodes.entries()) {
    work += workOf(node);
    live = [...live, ...node.output.filter((name) => name !== '' && !facts.isConstant(name))].filter(
      (name) => (lastUse.get(name) ?? -1) > i,
    );
    const isLast = i === nodes.length - 1;
    const mostLive = work >= MAX_SHARE * total ? MAX_LIVE : work >= MIN_SHARE * total ? 1 : 0;
    if (!isLast && (live.length > mostLive || !live.every((name) => quantized.has(name)))) continue;
    const own = nodes.slice(from, i + 1);
    const made = new Set(own.flatMap((each) => each.output));
    const leaving = isLast ? [] : live;
    const read = new Set(own.flatMap((each) => each.input));
    blocks.push({
      inputs: entering.filter((name) => read.has(name)),
      outputs: [...new Set([...leaving, ...outputs])].filter((name) => made.has(name)),
      live: leaving,
      layers: own.map(({ name }) => name),
      macs: Math.max(1, work),
    });
    [entering, from, work] = [live, i + 1, 0];
  }
  return blocks;
}

/** Layers that only move values: in front of them, parts of an output with different units are still apart. */
const MOVING = ['Concat', 'Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze', 'Identity'];

/**
 * The tensors whose values are the outputs of the model, before they are put together, and in front of layers without a
 * gradient, such as the suppression of boxes.
 */
function comparedOutputs(facts: GraphFacts): readonly string[] {
  const pending = facts.model.graph.output.map(({ name }) => name);
  const found = new Set<string>();
  const seen = new Set<string>();
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    seen.add(name);
    const node = facts.producer(name);
    const sources =
      node && (isOp(node, ...MOVING) || !hasGradientRule(node))
        ? node.input.filter((input) => facts.isActivation(input))
        : [];
    if (sources.length > 0) pending.push(...sources.filter((input) => !seen.has(input)));
    else if (facts.isActivation(name)) found.add(name);
  }
  return [...found].reverse();
}

/** The plan with FP32 in place of FP16, with which gradients are computed: Q/DQ stand at the same tensors. */
export function inFloat32(plan: PrecisionPlan): PrecisionPlan {
  return {
    ...plan,
    fallbackPrecision: 'fp32',
    layers: Object.fromEntries(
      Object.entries(plan.layers).map(([layer, precision]) => [layer, precision === 'fp16' ? 'fp32' : precision]),
    ),
  };
}
