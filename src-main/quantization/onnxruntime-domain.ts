import type { Node } from '../onnx/model';
import type { GraphFacts } from './graph-facts';
import type { LayerPrecisions } from './layer-precisions';
import { integerRole, onnxruntimeRefusal, valueSlots } from './onnxruntime-rules';
import { isComputeNode } from './partitions';
import type { Refusal } from './tensorrt-rules';

/** Which layers run on integers, before any Q/DQ is placed. */
export interface IntegerDomain {
  /** Compute layers with INT8 inputs. */
  readonly compute: ReadonlySet<Node>;
  /** Other layers that run on integers between them. */
  readonly secondary: ReadonlySet<Node>;
  readonly refusals: ReadonlyMap<Node, Refusal>;
  /** The tensor leaves its producer as integers. */
  isInteger(tensor: string): boolean;
}

/**
 * Compute layers are integer where a kernel exists. Any other layer is, where all its inputs already are integers and some
 * integer layer reads what it yields: a layer whose result is only read as float gains nothing and loses resolution.
 */
export function findIntegerDomain(facts: GraphFacts, precisions: LayerPrecisions): IntegerDomain {
  const compute = new Set<Node>();
  const refusals = new Map<Node, Refusal>();
  for (const node of facts.nodes) {
    if (!isComputeNode(facts, node) || precisions.of(node) !== 'int8') continue;
    const refusal = onnxruntimeRefusal(facts, node);
    if (refusal) refusals.set(node, refusal);
    else compute.add(node);
  }
  const secondary = new Set(facts.nodes.filter((node) => precisions.of(node) === 'int8' && !compute.has(node) && canBeInteger(facts, node)));
  for (let size = -1; size !== secondary.size; ) {
    size = secondary.size;
    prune(facts, { compute, secondary });
  }
  const isInteger = (tensor: string): boolean => yieldsInteger(facts, { compute, secondary }, tensor);
  return { compute, secondary, refusals, isInteger };
}

function canBeInteger(facts: GraphFacts, node: Node): boolean {
  if (integerRole(node) === null || !node.output.some((name) => facts.isActivation(name))) return false;
  return valueSlots(node).every((slot) => facts.isActivation(node.input[slot] ?? ''));
}

interface Sets {
  readonly compute: ReadonlySet<Node>;
  readonly secondary: Set<Node>;
}

/** One pass forwards (inputs must be integer), one backwards (somebody must want the output). */
function prune(facts: GraphFacts, sets: Sets): void {
  for (const node of facts.nodes) {
    if (sets.secondary.has(node) && !valueSlots(node).every((slot) => yieldsInteger(facts, sets, node.input[slot] ?? ''))) sets.secondary.delete(node);
  }
  for (const node of facts.nodes.toReversed()) {
    if (!sets.secondary.has(node) || isRectifiedConv(facts, sets, node)) continue;
    const isWanted = node.output.some((name) => facts.uses(name).some((use) => sets.compute.has(use.node) || sets.secondary.has(use.node)));
    if (!isWanted) sets.secondary.delete(node);
  }
}

/** The Relu of a Conv folds into the range that the Conv needs anyway. */
function isRectifiedConv(facts: GraphFacts, sets: Sets, node: Node): boolean {
  const producer = facts.producer(node.input[0] ?? '');
  return integerRole(node) === 'rectifies' && producer?.opType === 'Conv' && sets.compute.has(producer);
}

function yieldsInteger(facts: GraphFacts, sets: Sets, tensor: string): boolean {
  const producer = facts.producer(tensor);
  if (!producer || facts.isObserved(tensor)) return false;
  return sets.secondary.has(producer) || sets.compute.has(producer);
}
