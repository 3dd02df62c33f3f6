import { attrValue } from '../graph/attributes';
import { byteLength, elementCount } from '../graph/element-types';
import { elementTypes } from '../graph/dtypes';
import { GraphIndex } from '../graph/graph-index';
import { DataType, type Model, type Node } from '../graph/model';
import { isDefaultDomain, isOp } from '../graph/opset';
import { staticShapes } from '../graph/static-shapes';
import { subgraphsOf } from '../graph/subgraphs';

/** A tensor that depends on constants only and that the rest of the graph reads. */
export interface ConstantExpression {
  readonly name: string;
  readonly sizeBytes: number;
  /** The nodes that compute it, in topological order. */
  readonly nodes: readonly Node[];
}

/** Every tensor of a fold may be this large whatever the size of the model. */
const SMALL_BYTES = 64 * 1024 * 1024;
/** INT4 weights become eight times as large in float32; anything beyond repeats values. */
const MAX_GROWTH = 8;
/** The largest tensor that is read as one array. */
const MAX_BYTES = 0x7fff_ffff;

const NOT_DETERMINISTIC = [
  'RandomNormal',
  'RandomUniform',
  'RandomNormalLike',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
  'Dropout',
];
/** Operators of other domains that ONNX Runtime computes and that quantizers write in front of weights. */
const KNOWN_CONTRIB = ['QuantizeLinear', 'DequantizeLinear'];

/**
 * The float32 tensors of the main graph that are computed from constants and read by something that is not: weights
 * behind Cast, Reshape, Transpose, DequantizeLinear, a weight norm, and so on. Left out are expressions with a tensor
 * whose size is unknown beforehand or larger than eight times all constants of the model, because Expand, Tile and the
 * like can make gigabytes of a few bytes.
 */
export function constantExpressions(model: Model): readonly ConstantExpression[] {
  const { graph } = model;
  const index = new GraphIndex(graph);
  const { computed } = constantsOf(index);
  if (computed.length === 0) return [];
  const isComputed = new Set(computed);
  const types = elementTypes(model);
  const shapes = staticShapes(graph);
  const limit = Math.min(MAX_BYTES, Math.max(SMALL_BYTES, MAX_GROWTH * constantBytes(model)));
  const sizeOf = (name: string): number => {
    const [type, dims] = [types.get(name), shapes.get(name)];
    return type === undefined || dims === undefined ? Infinity : (byteLength(type, elementCount(dims)) ?? Infinity);
  };
  const fits = new Set(graph.initializer.map(({ name }) => name));
  for (const node of graph.node) if (isOp(node, 'Constant')) for (const name of node.output) fits.add(name);
  for (const node of computed) {
    const outputs = node.output.filter((name) => name !== '');
    if (!node.input.every((name) => name === '' || fits.has(name))) continue;
    if (outputs.every((name) => sizeOf(name) <= limit)) for (const name of outputs) fits.add(name);
  }
  const isRead = (name: string): boolean => index.consumers(name).some(({ node }) => !isComputed.has(node));
  const found: ConstantExpression[] = [];
  let total = 0;
  for (const node of computed)
    for (const name of node.output) {
      if (name === '' || types.get(name) !== DataType.FLOAT || !fits.has(name)) continue;
      if (!isRead(name) || index.isGraphOutput(name)) continue;
      const sizeBytes = sizeOf(name);
      if (total + sizeBytes > Math.max(limit, MAX_GROWTH * constantBytes(model))) continue;
      total += sizeBytes;
      found.push({ name, sizeBytes, nodes: nodesFor(name, index, isComputed) });
    }
  return found;
}

/**
 * The tensors of a graph that depend on constants only, initializers included, and the nodes that compute them, in
 * topological order.
 */
export function constantsOf(index: GraphIndex): {
  readonly names: ReadonlySet<string>;
  readonly computed: readonly Node[];
} {
  const names = new Set(index.graph.initializer.map(({ name }) => name));
  const computed: Node[] = [];
  for (const node of index.sortedNodes) {
    if (!isEvaluable(node) || !node.input.every((name) => name === '' || names.has(name))) continue;
    if (!isOp(node, 'Constant')) computed.push(node);
    for (const name of node.output) if (name !== '') names.add(name);
  }
  return { names, computed };
}

function isEvaluable(node: Node): boolean {
  if (subgraphsOf(node).length > 0) return false;
  if (!isDefaultDomain(node.domain)) return node.domain === 'com.microsoft' && KNOWN_CONTRIB.includes(node.opType);
  return !NOT_DETERMINISTIC.includes(node.opType);
}

function constantBytes({ graph }: Model): number {
  const tensors = [
    ...graph.initializer,
    ...graph.node.flatMap((node) => (isOp(node, 'Constant') ? (attrValue(node, 'value', 'tensor')?.value ?? []) : [])),
  ];
  return tensors.reduce((sum, { dataType, dims }) => sum + (byteLength(dataType, elementCount(dims)) ?? 0), 0);
}

/** The computed nodes that `name` depends on, in topological order. */
function nodesFor(name: string, index: GraphIndex, isComputed: ReadonlySet<Node>): readonly Node[] {
  const needed = new Map<Node, number>();
  const pending = [name];
  for (let current = pending.pop(); current !== undefined; current = pending.pop()) {
    const producer = index.producer(current);
    if (producer === undefined || needed.has(producer.node)) continue;
    if (!isComputed.has(producer.node)) continue;
    needed.set(producer.node, producer.nodeIndex);
    pending.push(...producer.node.input);
  }
  const position = new Map(index.topologicalOrder.map((at, i) => [at, i]));
  return [...needed].sort(([, a], [, b]) => (position.get(a) ?? 0) - (position.get(b) ?? 0)).map(([node]) => node);
}
