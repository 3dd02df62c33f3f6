import type { Node } from '../../onnx/graph/model';
import type { GraphFacts } from './graph-facts';
import type { RangeFacts } from './range-facts';
import type { LayerPrecisions } from '../placement/layer-precisions';
import { RESHAPE_OPS, SELECT_OPS } from './op-classes';
import { integerRole, onnxruntimeRefusal, valueSlots } from './onnxruntime-rules';
import { isComputeNode } from './partitions';
import type { Refusal } from './refusals';
import { lossText, unlikeRanges, type UnlikeRange } from './unlike-ranges';

/** The layers that run on integers, determined before Q/DQ is placed. */
export interface IntegerDomain {
  /** Compute layers with INT8 inputs. */
  readonly compute: ReadonlySet<Node>;
  /** Layers between compute layers that also run on integers. */
  readonly secondary: ReadonlySet<Node>;
  readonly refusals: ReadonlyMap<Node, Refusal>;
  /** The producer of the tensor writes integers. */
  isInteger(tensor: string): boolean;
}

/**
 * A compute layer runs on integers if a kernel exists. Any other layer does if all its inputs are integers and an
 * integer layer reads its output; if its output is only read as float, integers save nothing and lose precision. A
 * layer stays in float if its output would combine parts of very different ranges that are separated again later.
 */
export function findIntegerDomain(
  facts: GraphFacts,
  precisions: LayerPrecisions,
  ranges: Pick<RangeFacts, 'activationAmax'>,
): IntegerDomain {
  const refusals = new Map<Node, Refusal>();
  for (;;) {
    const domain = domainWithout(facts, precisions, refusals);
    const found = mixtures(facts, domain, ranges);
    if (found.size === 0) return domain;
    for (const [node, refusal] of found) refusals.set(node, refusal);
  }
}

function domainWithout(
  facts: GraphFacts,
  precisions: LayerPrecisions,
  known: ReadonlyMap<Node, Refusal>,
): IntegerDomain {
  const compute = new Set<Node>();
  const refusals = new Map(known);
  for (const node of facts.nodes) {
    if (!isComputeNode(facts, node) || precisions.of(node) !== 'int8' || refusals.has(node)) continue;
    const refusal = onnxruntimeRefusal(facts, node);
    if (refusal) refusals.set(node, refusal);
    else compute.add(node);
  }
  const secondary = new Set(
    facts.nodes.filter(
      (node) =>
        precisions.of(node) === 'int8' && !compute.has(node) && !refusals.has(node) && canBeInteger(facts, node),
    ),
  );
  for (let size = -1; size !== secondary.size;) {
    size = secondary.size;
    prune(facts, { compute, secondary });
  }
  const isInteger = (tensor: string): boolean => yieldsInteger(facts, { compute, secondary }, tensor);
  return { compute, secondary, refusals, isInteger };
}

/**
 * Layers that combine values of very different ranges in one integer tensor whose parts are read separately: Concat,
 * and the layer in front of a Split, Slice or Gather. A tensor that only compute layers read needs one scale in any
 * case.
 */
function mixtures(
  facts: GraphFacts,
  domain: IntegerDomain,
  ranges: Pick<RangeFacts, 'activationAmax'>,
): Map<Node, Refusal> {
  const found = new Map<Node, Refusal>();
  const refuse = (node: Node, worst: UnlikeRange): void => {
    if (!found.has(node))
      found.set(node, { code: 'unlike-ranges', reason: `its result has one scale, and ${lossText(worst)}` });
  };
  for (const node of facts.nodes) {
    const [output = ''] = node.output;
    if (node.opType === 'Concat' && domain.secondary.has(node) && !isReadWhole(facts, domain, output)) {
      const [worst] = unlikeRanges(ranges, [output, ...node.input], node.input);
      if (worst) refuse(node, worst);
    }
    const [input = ''] = node.input;
    if (!SELECT_OPS.has(node.opType) || !domain.isInteger(input)) continue;
    const [worst] = unlikeRanges(ranges, [input, ...node.output], node.output);
    if (worst) for (const mixing of mixingLayers(facts, domain, input, node)) refuse(mixing, worst);
  }
  return found;
}

/** True if only compute layers read the tensor, directly or reshaped. */
function isReadWhole(facts: GraphFacts, domain: IntegerDomain, tensor: string): boolean {
  return facts
    .uses(tensor)
    .every(
      ({ node }) => domain.compute.has(node) || (isReshape(node) && isReadWhole(facts, domain, node.output[0] ?? '')),
    );
}

/**
 * The layers that must run in float so that `reader` splits a float tensor: the layer that computes the tensor, or,
 * behind a matrix product, whose output is float already, the copies that follow it.
 */
function mixingLayers(facts: GraphFacts, domain: IntegerDomain, tensor: string, reader: Node): Node[] {
  const copies: Node[] = domain.secondary.has(reader) ? [reader] : [];
  let maker = facts.producer(tensor);
  while (maker && domain.secondary.has(maker) && integerRole(maker) === 'copies') {
    copies.push(maker);
    maker = facts.producer(maker.input[0] ?? '');
  }
  if (!maker) return copies;
  return domain.compute.has(maker) && maker.opType !== 'Conv' ? copies : [maker];
}

function isReshape(node: Node): boolean {
  return RESHAPE_OPS.has(node.opType);
}

function canBeInteger(facts: GraphFacts, node: Node): boolean {
  if (integerRole(node) === null || !node.output.some((name) => facts.isActivation(name))) return false;
  return valueSlots(node).every((slot) => facts.isActivation(node.input[slot] ?? ''));
}

interface Sets {
  readonly compute: ReadonlySet<Node>;
  readonly secondary: Set<Node>;
}

/** One pass forwards (all inputs must be integers) and one backwards (an integer layer must read the output). */
function prune(facts: GraphFacts, sets: Sets): void {
  for (const node of facts.nodes) {
    if (
      sets.secondary.has(node) &&
      !valueSlots(node).every((slot) => yieldsInteger(facts, sets, node.input[slot] ?? ''))
    )
      sets.secondary.delete(node);
  }
  for (const node of facts.nodes.toReversed()) {
    if (!sets.secondary.has(node) || isRectifiedConv(facts, sets, node)) continue;
    const isWanted = node.output.some((name) =>
      facts.uses(name).some((use) => sets.compute.has(use.node) || sets.secondary.has(use.node)),
    );
    if (!isWanted) sets.secondary.delete(node);
  }
}

/** A Relu behind a Conv is expressed by the output range of the Conv. */
function isRectifiedConv(facts: GraphFacts, sets: Sets, node: Node): boolean {
  const producer = facts.producer(node.input[0] ?? '');
  return integerRole(node) === 'rectifies' && producer?.opType === 'Conv' && sets.compute.has(producer);
}

function yieldsInteger(facts: GraphFacts, sets: Sets, tensor: string): boolean {
  const producer = facts.producer(tensor);
  if (!producer || facts.isObserved(tensor)) return false;
  return sets.secondary.has(producer) || sets.compute.has(producer);
}
