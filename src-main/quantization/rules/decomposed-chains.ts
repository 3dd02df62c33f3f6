import type { Node } from '../../onnx/graph/model';
import type { GraphFacts } from './graph-facts';

export type ChainKind = 'normalization' | 'gelu';

const chainsByFacts = new WeakMap<GraphFacts, ReadonlyMap<Node, ChainKind>>();

/**
 * Finds LayerNormalization, RMSNormalization and GELU that an exporter wrote as single arithmetic nodes. A GELU is
 * found by its Erf or Tanh, a normalization by its square root.
 */
export function decomposedChains(facts: GraphFacts): ReadonlyMap<Node, ChainKind> {
  const known = chainsByFacts.get(facts);
  if (known) return known;
  const chains = new Map<Node, ChainKind>();
  for (const node of facts.nodes) {
    for (const member of normalizationAt(facts, node)) chains.set(member, 'normalization');
    for (const member of geluAt(facts, node)) chains.set(member, 'gelu');
  }
  chainsByFacts.set(facts, chains);
  return chains;
}

/** Nodes of decomposed normalizations: squares exceed the FP16 range for inputs that are far inside it. */
export function decomposedNormalizations(facts: GraphFacts): ReadonlySet<Node> {
  return new Set([...decomposedChains(facts)].filter(([, kind]) => kind === 'normalization').map(([node]) => node));
}

/** d = x - mean(x); y = d / sqrt(mean(d^2) + eps) [* gamma] [+ beta]; without the subtraction: RMSNormalization. */
function normalizationAt(facts: GraphFacts, root: Node): readonly Node[] {
  if (root.opType !== 'Sqrt') return [];
  const sum = producerOf(facts, root, 0, 'Add');
  const mean = sum && activationProducer(facts, sum, 'ReduceMean');
  const square = mean && (producerOf(facts, mean, 0, 'Pow') ?? producerOf(facts, mean, 0, 'Mul'));
  if (!sum || !mean || !square) return [];
  const centred = square.input[0] ?? '';
  const subtraction = facts.producer(centred);
  const isCentred = subtraction?.opType === 'Sub';
  const innerMean = isCentred ? producerOf(facts, subtraction, 1, 'ReduceMean') : undefined;
  const before = [...(innerMean ? [innerMean] : []), ...(isCentred ? [subtraction] : []), square, mean, sum, root];
  const divided = readerOf(facts, root, ['Div', 'Mul', 'Reciprocal']);
  if (!divided) return [];
  const after = [divided];
  const product = divided.opType === 'Reciprocal' ? readerOf(facts, divided, ['Mul']) : undefined;
  if (product) after.push(product);
  if (!after.at(-1)?.input.includes(centred)) return [];
  return [...before, ...after, ...affineAfter(facts, after.at(-1))];
}

/** The Mul by a constant and the Add of a constant that may follow. */
function affineAfter(facts: GraphFacts, last: Node | undefined): readonly Node[] {
  const scaled = last && constantReader(facts, last, 'Mul');
  const end = scaled ?? last;
  const shifted = end && constantReader(facts, end, 'Add');
  return [...(scaled ? [scaled] : []), ...(shifted ? [shifted] : [])];
}

/** x * 0.5 * (1 + erf(x / sqrt 2)), the factors in any order; or with tanh(sqrt(2/pi) * (x + 0.044715 x^3)). */
function geluAt(facts: GraphFacts, root: Node): readonly Node[] {
  if (root.opType !== 'Erf' && root.opType !== 'Tanh') return [];
  const scaling = producerOf(facts, root, 0, 'Div') ?? producerOf(facts, root, 0, 'Mul');
  const plusOne = constantReader(facts, root, 'Add');
  const product = plusOne && readerOf(facts, plusOne, ['Mul']);
  if (!scaling || !plusOne || !product) return [];
  const cubic = root.opType === 'Tanh' ? cubicBefore(facts, scaling) : [];
  if (root.opType === 'Tanh' && cubic.length === 0) return [];
  const halvedBefore = product.input
    .map((name) => facts.producer(name))
    .find((node) => node && node !== plusOne && isScaling(facts, node));
  const halvedAfter = constantReader(facts, product, 'Mul') ?? constantReader(facts, product, 'Div');
  return [
    ...cubic,
    scaling,
    root,
    plusOne,
    product,
    ...[halvedBefore, halvedAfter].filter((node) => node !== undefined),
  ];
}

/** x + 0.044715 * x^3: the Add, the Mul and the Pow (or two Mul). */
function cubicBefore(facts: GraphFacts, scaling: Node): readonly Node[] {
  const sum = activationProducer(facts, scaling, 'Add');
  const scaled = sum?.input
    .map((name) => facts.producer(name))
    .find((node) => node && node.opType === 'Mul' && isScaling(facts, node));
  const power = scaled && (activationProducer(facts, scaled, 'Pow') ?? activationProducer(facts, scaled, 'Mul'));
  return sum && scaled && power ? [power, scaled, sum] : [];
}

function isScaling(facts: GraphFacts, node: Node): boolean {
  return (node.opType === 'Mul' || node.opType === 'Div') && node.input.some((name) => facts.isConstant(name));
}

function producerOf(facts: GraphFacts, node: Node, slot: number, opType: string): Node | undefined {
  const producer = facts.producer(node.input[slot] ?? '');
  return producer?.opType === opType ? producer : undefined;
}

/** The producer of an input that is not constant, if it is of that type. */
function activationProducer(facts: GraphFacts, node: Node, opType: string): Node | undefined {
  return node.input
    .map((name) => facts.producer(name))
    .find((producer) => producer?.opType === opType && !facts.isConstant(producer.output[0] ?? ''));
}

/** The only reader of a node's output, if it is of one of the types. */
function readerOf(facts: GraphFacts, node: Node, opTypes: readonly string[]): Node | undefined {
  const uses = facts.uses(node.output[0] ?? '');
  const reader = uses.length === 1 ? uses[0]?.node : undefined;
  return reader && opTypes.includes(reader.opType) ? reader : undefined;
}

function constantReader(facts: GraphFacts, node: Node, opType: string): Node | undefined {
  const reader = readerOf(facts, node, [opType]);
  return reader?.input.some((name) => facts.isConstant(name)) ? reader : undefined;
}
