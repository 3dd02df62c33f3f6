import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import type { AdviceCode, StructureProposal } from '../../../src-shared/domain/analysis/structure-advice';
import { ownValue } from '../../../src-shared/base/records';
import { elementCount } from '../../onnx/graph/element-types';
import type { Node } from '../../onnx/graph/model';
import { tensorAsFloat32 } from '../../onnx/graph/tensor-values';
import type { GraphFacts } from './graph-facts';
import { COMPUTE_OPS, POOL_OPS, RESHAPE_OPS, SELECT_OPS } from './op-classes';

/** Ranges are unlike if one scale leaves the smaller tensor fewer than 127 / 8 steps: 4 bits. */
const UNLIKE = 8;
/** A bin centre of a distribution is one of 0, 1, 2, ...; detectors use 16, 32 at most. */
const MAX_BINS = 64;
/** Names that a reason lists. */
const NAMES_SHOWN = 3;

interface Advised {
  readonly facts: GraphFacts;
  readonly ranges: TensorRanges;
  /** Layers that can leave INT8: those that read quantized tensors. */
  readonly releasable: ReadonlySet<string>;
}

/**
 * What the structure of a network and the ranges of its tensors suggest to keep out of INT8. These are guesses: none
 * is good before it was measured. Every list of layers occurs once, under its most specific reason.
 */
export function structureAdvice(
  facts: GraphFacts,
  ranges: TensorRanges,
  releasable: readonly string[],
): readonly StructureProposal[] {
  const advised: Advised = { facts, ranges, releasable: new Set(releasable) };
  const found = [
    ...concats(advised),
    ...distributions(advised),
    ...residuals(advised),
    ...neighbours(advised, 'softmax', ['Softmax']),
    ...neighbours(advised, 'layernorm', NORMALIZATIONS),
    ...heads(advised),
    ...stems(advised),
  ];
  const seen = new Set<string>();
  return found.filter(({ layers }) => {
    const key = JSON.stringify([...layers].sort());
    const isNew = layers.length > 0 && !seen.has(key);
    seen.add(key);
    return isNew;
  });
}

/** The proposal with the layers that can leave INT8, in graph order. */
function proposal(
  { facts, releasable }: Advised,
  code: AdviceCode,
  nodes: Iterable<Node>,
  told: Pick<StructureProposal, 'reason'> & Partial<Pick<StructureProposal, 'ranges'>>,
): StructureProposal {
  const layers = [...new Set(nodes)]
    .filter(({ name }) => releasable.has(name))
    .sort((a, b) => facts.indexOf(a) - facts.indexOf(b))
    .map(({ name }) => name);
  return { code, layers, reason: told.reason, ranges: told.ranges ?? [] };
}

function amaxOf({ ranges }: Advised, tensor: string): number | undefined {
  const range = ownValue(ranges, tensor);
  return range && Math.max(Math.abs(range[0]), Math.abs(range[1]));
}

/** The tensor's own range, or that of the tensor that it was only moved from. */
function rangeOf(advised: Advised, tensor: string): number | undefined {
  for (let current = tensor; ;) {
    const amax = amaxOf(advised, current);
    if (amax !== undefined) return amax;
    const producer = advised.facts.producer(current);
    if (producer?.opType === 'Sigmoid' || producer?.opType === 'Softmax') return 1;
    if (!producer || !(RESHAPE_OPS.has(producer.opType) || SELECT_OPS.has(producer.opType))) return undefined;
    current = producer.input[0] ?? '';
  }
}

/** Inputs with their ranges, if the largest is at least UNLIKE times the smallest that is not 0. */
function unlikeInputs(advised: Advised, node: Node): StructureProposal['ranges'] | null {
  const ranges = [...new Set(node.input)].flatMap((tensor) => {
    const amax = advised.facts.isActivation(tensor) ? rangeOf(advised, tensor) : undefined;
    return amax === undefined || amax === 0 ? [] : [{ tensor, amax }];
  });
  if (ranges.length < 2) return null;
  const values = ranges.map(({ amax }) => amax);
  return Math.max(...values) >= UNLIKE * Math.min(...values) ? ranges : null;
}

function rangesText(ranges: StructureProposal['ranges']): string {
  const sorted = [...ranges].sort((a, b) => b.amax - a.amax);
  const shown = sorted.length <= NAMES_SHOWN ? sorted : [...sorted.slice(0, NAMES_SHOWN - 1), ...sorted.slice(-1)];
  return shown.map(({ tensor, amax }) => `"${tensor}" up to ${Number(amax.toPrecision(3))}`).join(', ');
}

function concats(advised: Advised): StructureProposal[] {
  const { facts } = advised;
  return facts.nodes.flatMap((node) => {
    if (node.opType !== 'Concat') return [];
    const ranges = unlikeInputs(advised, node);
    if (ranges === null) return [];
    const readers = readersOf(node, facts);
    const isOutput = readers.length === 0;
    const makers = isOutput ? tailBefore(node, advised) : [];
    return [
      proposal(advised, isOutput ? 'scores-beside-boxes' : 'concat-ranges', [node, ...readers, ...makers], {
        ranges,
        reason: isOutput
          ? `Concat "${node.name}" puts values of unlike ranges into one output (${rangesText(ranges)}); in one scale ` +
            'the small ones, such as scores beside boxes, keep few steps.'
          : `Concat "${node.name}" joins tensors of unlike ranges (${rangesText(ranges)}); in one scale the small ones ` +
            'keep few steps.',
      }),
    ];
  });
}

/**
 * Layers with weights that read the node's output, directly or through layers without weights.
 * @param isPassed whether layers behind this layer without weights are looked at.
 */
function readersOf(node: Node, facts: GraphFacts, isPassed: (layer: Node) => boolean = () => true): Node[] {
  const found = new Set<Node>();
  const seen = new Set<Node>([node]);
  const pending = [node];
  for (let current = pending.pop(); current !== undefined; current = pending.pop())
    for (const { node: reader } of current.output.flatMap((name) => facts.uses(name))) {
      if (seen.has(reader)) continue;
      seen.add(reader);
      if (COMPUTE_OPS.has(reader.opType)) found.add(reader);
      else if (isPassed(reader)) pending.push(reader);
    }
  return [...found];
}

/** Everything between the last layers with weights and this node that can leave INT8. */
function tailBefore(node: Node, { facts, releasable }: Advised): Node[] {
  const found = new Set<Node>();
  const pending = [node];
  for (let current = pending.pop(); current !== undefined; current = pending.pop())
    for (const name of current.input) {
      const producer = facts.producer(name);
      if (!producer || found.has(producer) || COMPUTE_OPS.has(producer.opType)) continue;
      found.add(producer);
      pending.push(producer);
    }
  return [...found].filter(({ name }) => releasable.has(name));
}

/** A Conv or MatMul by the constants 0, 1, 2, ... behind a Softmax. */
function distributions(advised: Advised): StructureProposal[] {
  const { facts } = advised;
  return facts.nodes.flatMap((node) => {
    if (!COMPUTE_OPS.has(node.opType)) return [];
    const weights = facts.initializer(node.input[1] ?? '');
    if (!weights || elementCount(weights.dims) < 3 || elementCount(weights.dims) > MAX_BINS) return [];
    if (!tensorAsFloat32(weights).every((value, i) => value === i)) return [];
    const softmax = movedFrom(node.input[0] ?? '', facts);
    if (softmax?.opType !== 'Softmax') return [];
    return [
      proposal(advised, 'dfl', [node, ...lastLayersBefore(softmax, facts)], {
        reason:
          `"${node.name}" decodes boxes as the mean of a distribution over ${elementCount(weights.dims)} bins; an error of ` +
          'one step of INT8 in a probability moves the box.',
      }),
    ];
  });
}

function movedFrom(tensor: string, facts: GraphFacts): Node | undefined {
  let producer = facts.producer(tensor);
  while (producer && (RESHAPE_OPS.has(producer.opType) || SELECT_OPS.has(producer.opType)))
    producer = facts.producer(producer.input[0] ?? '');
  return producer;
}

/** The layers with weights that the node depends on without another one between. */
function lastLayersBefore(node: Node, facts: GraphFacts): Node[] {
  const found = new Set<Node>();
  const seen = new Set<Node>([node]);
  const pending = [node];
  for (let current = pending.pop(); current !== undefined; current = pending.pop())
    for (const name of current.input) {
      const producer = facts.producer(name);
      if (!producer || seen.has(producer)) continue;
      seen.add(producer);
      if (COMPUTE_OPS.has(producer.opType)) found.add(producer);
      else pending.push(producer);
    }
  return [...found];
}

/** The last layers before the outputs: all together, and by their number of output channels (boxes, scores, ...). */
function heads(advised: Advised): StructureProposal[] {
  const { facts } = advised;
  const last = facts.nodes.filter((node) => COMPUTE_OPS.has(node.opType) && readersOf(node, facts).length === 0);
  const byChannels = new Map<number, Node[]>();
  for (const node of last) {
    const channels = outputChannels(node, facts);
    byChannels.set(channels, [...(byChannels.get(channels) ?? []), node]);
  }
  const parts = [...byChannels].map(([channels, nodes]) =>
    proposal(advised, 'head', nodes, {
      reason: `The last layers before an output with ${channels} channels write their error into the answer.`,
    }),
  );
  const all = proposal(advised, 'head', last, {
    reason: 'The last layers before the outputs write their error into the answer; no layer behind them averages it.',
  });
  return parts.length > 1 ? [all, ...parts] : [all];
}

function outputChannels(node: Node, facts: GraphFacts): number {
  const dims = facts.initializer(node.input[1] ?? '')?.dims ?? [];
  const isRows = node.opType === 'Conv' || (node.opType === 'Gemm' && node.attribute.some(isTransposed));
  return (isRows ? dims[0] : dims.at(1)) ?? 0;
}

function isTransposed({ name, value }: Node['attribute'][number]): boolean {
  return name === 'transB' && value.kind === 'int' && value.value !== 0n;
}

/** Layers with weights that read an input of the model, those that read these, and both. */
function stems(advised: Advised): StructureProposal[] {
  const { facts } = advised;
  const first = facts.nodes.filter(
    (node) =>
      COMPUTE_OPS.has(node.opType) &&
      facts.isActivation(node.input[0] ?? '') &&
      lastLayersBefore(node, facts).length === 0,
  );
  const second = new Set(first.flatMap((node) => readersOf(node, facts)));
  for (const node of first) second.delete(node);
  return [
    proposal(advised, 'stem', first, {
      reason: 'The first layers read the image: their error runs through the whole network.',
    }),
    proposal(advised, 'stem', second, {
      reason: 'The second layers read what the first ones make of the image; their error runs through the rest.',
    }),
    proposal(advised, 'stem', [...first, ...second], {
      reason: 'The error of the first two layers runs through the whole network.',
    }),
  ];
}

function residuals(advised: Advised): StructureProposal[] {
  const { facts } = advised;
  return facts.nodes.flatMap((node) => {
    if (node.opType !== 'Add' || !node.input.every((name) => facts.isActivation(name))) return [];
    const ranges = unlikeInputs(advised, node);
    if (ranges === null) return [];
    return [
      proposal(advised, 'residual-ranges', [node], {
        ranges,
        reason: `Add "${node.name}" sums branches of unlike ranges (${rangesText(ranges)}); the smaller one vanishes in the scale of the sum.`,
      }),
    ];
  });
}

const NORMALIZATIONS = ['LayerNormalization', 'RMSNormalization', 'GroupNormalization', 'InstanceNormalization'];

/** Layers with weights that read what such operators make, together: each occurs once per block. */
function neighbours(advised: Advised, code: AdviceCode, opTypes: readonly string[]): StructureProposal[] {
  const { facts } = advised;
  const isSource = (node: Node): boolean =>
    opTypes.includes(node.opType) || (code === 'layernorm' && isDecomposedNormalization(node, facts));
  const sources = facts.nodes.filter(isSource);
  const readers = sources.flatMap((node) => directReaders(node, facts));
  return [
    proposal(advised, code, readers, {
      reason:
        code === 'softmax'
          ? 'The products behind a Softmax read many probabilities near 0, which INT8 rounds away.'
          : 'The layers behind a normalization read activations in which a few channels are much larger than the others.',
    }),
  ];
}

/** Layers with weights that read the output through layers that move values, scale them or add a bias. */
function directReaders(node: Node, facts: GraphFacts): Node[] {
  return readersOf(node, facts, (layer) => passesOn(layer, facts));
}

function passesOn(node: Node, facts: GraphFacts): boolean {
  if (RESHAPE_OPS.has(node.opType) || SELECT_OPS.has(node.opType) || POOL_OPS.has(node.opType)) return true;
  const isBias = node.input.some((name) => facts.isConstant(name));
  return ['Add', 'Mul'].includes(node.opType) && isBias;
}

/** Div by Sqrt of a mean of squares, as exporters write LayerNormalization before opset 17. */
function isDecomposedNormalization(node: Node, facts: GraphFacts): boolean {
  if (node.opType !== 'Div') return false;
  const sqrt = facts.producer(node.input[1] ?? '');
  if (sqrt?.opType !== 'Sqrt') return false;
  const add = facts.producer(sqrt.input[0] ?? '');
  return add?.opType === 'Add' && add.input.some((name) => facts.producer(name)?.opType === 'ReduceMean');
}
