import { EMPTY_PLAN, TARGETS, type PrecisionPlan, type Target } from '../../../src-shared/domain/project/precision';
import type { Model, Node } from '../../onnx/graph/model';
import { graphFacts } from '../rules/graph-facts';
import type { Placement } from '../placement/placement';
import { placeQdq } from './quantize';
import { cutTensors } from '../rules/unlike-ranges';

/**
 * The layers that read quantized activations with a plan, and the tensors whose thresholds they use, in graph order.
 */
export function quantizedParts(
  model: Model,
  plan: PrecisionPlan,
  target: Target,
): { readonly layers: readonly Node[]; readonly tensors: readonly string[] } {
  const facts = graphFacts(model);
  const placement = placeQdq(model, plan, target);
  const reading = new Set(placement.tensors.flatMap(({ uses }) => uses.map(({ layer }) => layer)));
  const grouped = new Map(
    placement.groups.flatMap(({ tensors, sources }) => tensors.map((tensor) => [tensor, sources] as const)),
  );
  const deciding = new Set(placement.tensors.flatMap(({ tensor }) => grouped.get(tensor) ?? [tensor]));
  const made = [...model.graph.input.map(({ name }) => name), ...facts.nodes.flatMap((node) => node.output)];
  return {
    layers: facts.nodes.filter((node) => reading.has(node.name)),
    tensors: made.filter((name) => deciding.has(name)),
  };
}

/**
 * The activations that any target can quantize with any plan, sorted. They get Q/DQ, or provide a scale, if every layer
 * is INT8 by default or on request. Other plans only remove Q/DQ, so that no other tensor ever needs a histogram.
 */
export function calibrationTensors(model: Model): readonly string[] {
  const known = tensorsByModel.get(model);
  if (known !== undefined) return known;
  const found = findCalibrationTensors(model);
  tensorsByModel.set(model, found);
  return found;
}

/** Cached, because models are immutable and three placements of thousands of layers take a second. */
const tensorsByModel = new WeakMap<Model, readonly string[]>();

function findCalibrationTensors(model: Model): readonly string[] {
  const asked: PrecisionPlan = {
    layers: Object.fromEntries(model.graph.node.map((node) => [node.name, 'int8'])),
    attention: 'int8',
  };
  const placements: Placement[] = [
    ...TARGETS.map((target) => placeQdq(model, EMPTY_PLAN, target)),
    placeQdq(model, asked, 'tensorrt'),
  ];
  const names = placements.flatMap((placement) => [
    ...placement.tensors.map(({ tensor }) => tensor),
    ...placement.groups.flatMap((group) => group.sources),
  ]);
  const quantized = new Set(names);
  // Parts of a quantized tensor: their ranges decide whether the scale of the whole tensor is adequate.
  for (const { whole, parts } of cutTensors(graphFacts(model))) if (quantized.has(whole)) names.push(...parts);
  return [...new Set(names)].sort();
}
