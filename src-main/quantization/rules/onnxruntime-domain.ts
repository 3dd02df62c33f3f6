import type { Node } from '../../onnx/graph/model';
import type { GraphFacts } from './graph-facts';
import type { RangeFacts } from './range-facts';
import type { LayerPrecisions } from '../placement/layer-precisions';
import { RESHAPE_OPS, SELECT_OPS } from './op-classes';
import { integerRole, onnxruntimeRefusal, valueSlots } from './onnxruntime-rules';
import { isComputeNode } from './partitions';
import type { Refusal } from './tensorrt-rules';
import { lossText, unlikeRanges, type UnlikeRange } from './unlike-ranges';

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
 * integer layer reads what it yields: a layer whose result is only read as float gains nothing and loses resolution. Layers
 * whose integers would hold parts of unlike ranges that are taken apart again are left in float.
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
 * Layers that put values of unlike ranges into one tensor of integers although somebody reads the parts apart: Concats, and
 * the layer in front of a Split, Slice or Gather. A tensor that only compute layers read has one scale in any case.
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

/** True when compute layers are all that reads a tensor, directly or in another shape. */
function isReadWhole(facts: GraphFacts, domain: IntegerDomain, tensor: string): boolean {
  return facts
    .uses(tensor)
    .every(
      ({ node }) => domain.compute.has(node) || (isReshape(node) && isReadWhole(facts, domain, node.output[0] ?? '')),
    );
}

/**
 * What has to leave the integers so that `reader` cuts up a float tensor: the layer that computes it. A product yields float of
 * itself, so that the copies behind it leave.
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

/** One pass forwards (inputs must be integer), one backwards (somebody must want the output). */
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
