import type { PlacementDecision } from '../../../src-shared/domain/project/precision';
import type { BiasCorrection, LayerBias } from '../../../src-shared/domain/analysis/repair';
import { layerId } from '../../../src-shared/base/brand';
import { int64Tensor, intAttr, intsAttr, makeNode } from '../../onnx/graph/make';
import { DataType, type Model, type Node, type Tensor } from '../../onnx/graph/model';
import { defaultOpset } from '../../onnx/graph/opset';

import { raiseOpset } from '../../onnx/passes/raise-opset';
import { biasOf } from '../rules/compute-layers';
import type { GraphFacts } from '../rules/graph-facts';
import { FreshNames } from '../../onnx/graph/fresh-names';
import type { Placement } from '../placement/placement';

/** Biases of the layers with quantized weights, in graph order; each has one float32 value per output channel. */
export function correctableBiases(facts: GraphFacts, placement: Placement): LayerBias[] {
  const quantized = new Map(placement.weights.map((weight) => [weight.layer, weight]));
  return facts.nodes.flatMap((node): LayerBias[] => {
    const weight = quantized.get(node.name);
    const bias = weight && biasOf(facts, node);
    const tensor = bias && facts.initializer(bias.initializer);
    const channels = weight ? (facts.initializer(weight.initializer)?.dims[weight.axis] ?? 0) : 0;
    // In a ConvTranspose with groups, this axis is shorter than the number of output channels.
    if (
      !bias ||
      tensor?.dataType !== DataType.FLOAT ||
      tensor.dims.at(-1) !== channels ||
      tensor.dims.some((dim, i) => i < tensor.dims.length - 1 && dim !== 1)
    )
      return [];
    return [{ ...bias, owner: node.name, op: node.opType, channels }];
  });
}

/**
 * Builds a model whose outputs are the shifts of all biases. For bias i it is, per channel, the mean over batch and
 * positions of the FP32 output minus the output of the same layer with INT8 inputs and weights. Every quantized layer
 * is placed beside its FP32 layer and reads the FP32 values through its own Q/DQ. One pass thus measures all layers,
 * and each without the errors of the layers in front of it.
 *
 * Bias correction (Nagel et al. 2019, arXiv 1906.04721, section 4.2) computes E[W_q q(x)] - E[W x] from statistics of
 * the FP32 input; here both terms are measured. Correcting one layer after the other, with the corrected layers in
 * front of it, would take one pass per layer. Correcting all layers at once behind uncorrected layers, repeatedly,
 * diverges in residual networks (docs/repairs.md).
 *
 * @param quantized the rewritten model of the same graph, as a simulation.
 */
export function biasShiftModel(fp32: Model, quantized: Model, biases: readonly LayerBias[]): Model {
  const base = defaultOpset(quantized) > defaultOpset(fp32) ? raiseOpset(fp32) : fp32;
  const constants = new Map(
    [...quantized.graph.initializer, ...base.graph.initializer].map((tensor) => [tensor.name, tensor]),
  );
  const known = new Set([
    ...base.graph.input.map(({ name }) => name),
    ...constants.keys(),
    ...base.graph.node.flatMap((node) => node.output),
  ]);
  const names = new FreshNames({ ...quantized.graph, node: [...base.graph.node, ...quantized.graph.node] });
  const copies = copiesOf(quantized.graph.node, known, { names, owners: new Set(biases.map(({ owner }) => owner)) });
  const owners = new Map(base.graph.node.map((node) => [node.name, node]));
  const built = biases.map((bias, i) => {
    const own = owners.get(bias.owner)?.output[0] ?? '';
    return shiftNodes({
      own,
      copy: copies.renamed.get(own) ?? own,
      output: shiftName(i),
      bias,
      rank: constants.get(owners.get(bias.owner)?.input[1] ?? '')?.dims.length ?? 0,
      opset: defaultOpset(base),
      names,
    });
  });
  return {
    ...base,
    graph: {
      ...base.graph,
      node: [...base.graph.node, ...copies.nodes, ...built.flatMap(({ nodes }) => nodes)],
      initializer: [...constants.values(), ...built.flatMap(({ constants: own }) => own)],
      output: biases.map((_, i) => ({ name: shiftName(i), tensorType: { elemType: DataType.FLOAT, shape: null } })),
    },
  };
}

/** Name of the output with the shift of bias i. */
export function shiftName(i: number): string {
  return `bias shift ${i}`;
}

/** The sentence about a corrected or learned bias in the explanation of a layer. */
export function biasDecisions(corrections: readonly BiasCorrection[]): PlacementDecision[] {
  return corrections.map(({ owner, op, initializer, shift, isLearned = false }) => {
    const channel = shift.reduce((best, value, at) => (Math.abs(value) > Math.abs(shift[best] ?? 0) ? at : best), 0);
    const most = Number((shift[channel] ?? 0).toPrecision(2));
    const reason = isLearned
      ? `its bias was learned: channel ${channel} changed most, by ${most}`
      : `INT8 moved the mean of its output channels, channel ${channel} most, by ${-most}; its bias takes that back`;
    return {
      layer: layerId(owner),
      op,
      precision: 'int8',
      code: isLearned ? 'bias-learned' : 'bias-corrected',
      reason,
      tensor: initializer,
    };
  });
}

/**
 * The nodes of the rewritten graph that compute the outputs of `owners` from tensors of the FP32 graph, with new names.
 */
function copiesOf(
  nodes: readonly Node[],
  known: ReadonlySet<string>,
  { names, owners }: { readonly names: FreshNames; readonly owners: ReadonlySet<string> },
): { readonly nodes: readonly Node[]; readonly renamed: ReadonlyMap<string, string> } {
  const producers = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const wanted = new Set<Node>();
  const pending = nodes.filter((node) => owners.has(node.name));
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (wanted.has(node)) continue;
    wanted.add(node);
    for (const name of node.input) {
      const producer = known.has(name) ? undefined : producers.get(name);
      if (producer) pending.push(producer);
    }
  }
  const renamed = new Map<string, string>();
  const copies = nodes
    .filter((node) => wanted.has(node))
    .map((node) => {
      const output = node.output.map((name) => {
        if (!known.has(name)) return name;
        const fresh = names.next(`${name}_int8`);
        renamed.set(name, fresh);
        return fresh;
      });
      return { ...node, name: '', output };
    });
  return { nodes: copies, renamed };
}

interface ShiftParts {
  readonly own: string;
  readonly copy: string;
  readonly output: string;
  readonly bias: LayerBias;
  /** Properties of the layer's weights. */
  readonly rank: number;
  readonly opset: number;
  readonly names: FreshNames;
}

/**
 * Mean of the difference over all axes except the channel axis: the last one of a matrix product, otherwise the second.
 */
function shiftNodes({ own, copy, output, bias, rank, opset, names }: ShiftParts): {
  readonly nodes: readonly Node[];
  readonly constants: readonly Tensor[];
} {
  const difference = names.next(`${own}_difference`);
  const nodes = [makeNode('Sub', [own, copy], [difference])];
  const constants: Tensor[] = [];
  const isProduct = bias.op === 'Gemm' || bias.op === 'MatMul';
  let from = difference;
  if (isProduct) {
    const shape = int64Tensor(names.next(`${own}_rows`), [2], [-1, bias.channels]);
    from = names.next(`${own}_difference_rows`);
    constants.push(shape);
    nodes.push(makeNode('Reshape', [difference, shape.name], [from]));
  }
  const axes = isProduct ? [0] : [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2)];
  const keepdims = intAttr('keepdims', 0);
  if (opset >= 18) {
    const tensor = int64Tensor(names.next(`${own}_axes`), [axes.length], axes);
    constants.push(tensor);
    nodes.push(makeNode('ReduceMean', [from, tensor.name], [output], { attributes: [keepdims] }));
  } else {
    nodes.push(makeNode('ReduceMean', [from], [output], { attributes: [intsAttr('axes', axes), keepdims] }));
  }
  return { nodes, constants };
}
