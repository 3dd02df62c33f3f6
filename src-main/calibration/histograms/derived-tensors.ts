import { DataType, type Graph, type Node } from '../../onnx/graph/model';
import { isOp } from '../../onnx/graph/opset';
import { tensorAsFloat32 } from '../../onnx/graph/tensor-values';
import type { CollectorOptions } from './collector';

/** A tensor whose counts follow exactly from those of others; all numbers are positions in the list of tensors. */
export interface DerivedTensor {
  readonly tensor: number;
  /** Counted tensors, or ones that are derived earlier in the list. */
  readonly sources: readonly number[];
  /** The values of the one source limited to [0, high]; null: the values of all sources together. */
  readonly high: number | null;
}

/**
 * The tensors that need not be read, in the order of the graph: the output of a Relu, or of a Clip from 0 on, whose
 * input is counted, and the output of a Concat whose inputs are. None in a model with a fixed batch, whose tensors are
 * divided among the images. A tensor whose channel maxima are collected is read.
 */
export function derivedTensors(
  graph: Graph,
  { tensors, feeding, channels }: Pick<CollectorOptions, 'tensors' | 'feeding' | 'channels'>,
): DerivedTensor[] {
  if ((feeding.fixedBatch ?? 1) > 1) return [];
  const positions = new Map(tensors.map((name, i) => [name, i]));
  const isRead = new Set(channels.map(({ tensor }) => tensor));
  const derived: DerivedTensor[] = [];
  const limited = new Set<string>();
  const unread = new Set<string>();
  for (const node of graph.node) {
    const [output = ''] = node.output;
    const tensor = positions.get(output);
    if (tensor === undefined || isRead.has(output)) continue;
    const high = upperLimit(node, graph);
    const inputs = isOp(node, 'Concat') ? node.input : high === null ? [] : node.input.slice(0, 1);
    const sources = inputs.flatMap((name) => positions.get(name) ?? []);
    if (sources.length === 0 || sources.length < inputs.length) continue;
    // One pass over a source counts its values and one limited tensor.
    if (high !== null && inputs.some((name) => limited.has(name) || unread.has(name))) continue;
    if (high !== null) for (const name of inputs) limited.add(name);
    unread.add(output);
    derived.push({ tensor, sources, high });
  }
  return derived;
}

/** The limit above 0 to which a layer limits its values from 0 on; null for other layers. */
function upperLimit(node: Node, graph: Graph): number | null {
  if (isOp(node, 'Relu')) return Number.POSITIVE_INFINITY;
  if (!isOp(node, 'Clip')) return null;
  const [, low = '', high = ''] = node.input;
  if (scalarOf(low, graph) !== 0) return null;
  const limit = high === '' ? Number.POSITIVE_INFINITY : scalarOf(high, graph);
  return limit !== null && limit > 0 ? limit : null;
}

function scalarOf(name: string, graph: Graph): number | null {
  const tensor = graph.initializer.find((each) => each.name === name);
  if (tensor?.dataType !== DataType.FLOAT || graph.input.some((each) => each.name === name)) return null;
  const values = tensorAsFloat32(tensor);
  return values.length === 1 ? (values[0] ?? null) : null;
}
