import { attrInt, attrInts } from './attributes';
import { GraphIndex } from './graph-index';
import type { Graph, Node, ValueInfo } from './model';
import { isDefaultDomain } from './opset';
import { tensorAsInts } from './tensor-values';

/** A dimension that is known, or null. */
export type StaticShape = readonly (number | null)[];

/** The declared shape with symbolic dimensions as null; undefined when the rank is unknown. */
export function declaredShape(value: ValueInfo): StaticShape | undefined {
  return value.tensorType?.shape?.map((dim) => (dim.kind === 'value' ? dim.value : null));
}

const SAME_AS_FIRST = new Set(
  (
    'Identity Dropout Relu LeakyRelu PRelu Elu Selu Celu Clip Sigmoid HardSigmoid HardSwish Tanh Erf Exp Log Sqrt Neg Abs Floor Ceil Round Reciprocal ' +
    'Softplus Softsign Softmax LogSoftmax Hardmax BatchNormalization InstanceNormalization LRN LpNormalization ' +
    'MeanVarianceNormalization Cast Not Sign ThresholdedRelu CumSum'
  ).split(' '),
);
const BROADCAST = new Set('Add Sub Mul Div Pow Min Max Sum Mean Equal Greater Less And Or Xor Where Mod'.split(' '));
const KEEPS_RANK = new Set(
  'Conv MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool ConvTranspose Concat Split Pad Slice Upsample Resize Tile DepthToSpace SpaceToDepth TopK Compress'.split(
    ' ',
  ),
);

/**
 * Ranks and, where easily derived, shapes of the tensors of a graph: enough to determine the trailing axes in old
 * models. Unknown tensors are omitted.
 */
export function inferShapes(
  graph: Graph,
  outer: ReadonlyMap<string, StaticShape> = new Map(),
): ReadonlyMap<string, StaticShape> {
  const shapes = new Map(outer);
  for (const value of [...graph.valueInfo, ...graph.output, ...graph.input]) {
    const shape = declaredShape(value);
    if (shape !== undefined) shapes.set(value.name, shape);
  }
  for (const tensor of graph.initializer) shapes.set(tensor.name, tensor.dims);
  const index = new GraphIndex(graph);
  for (const node of index.sortedNodes) {
    if (!isDefaultDomain(node.domain)) continue;
    const shape = outputShape(node, shapes, index);
    if (shape === undefined) continue;
    for (const name of node.output) if (name !== '' && !shapes.has(name)) shapes.set(name, shape);
  }
  return shapes;
}

function outputShape(node: Node, shapes: ReadonlyMap<string, StaticShape>, index: GraphIndex): StaticShape | undefined {
  const first = shapes.get(node.input[0] ?? '');
  if (SAME_AS_FIRST.has(node.opType)) return first;
  if (BROADCAST.has(node.opType)) return broadcastShape(node, shapes);
  if (KEEPS_RANK.has(node.opType)) return first && unknownDims(first.length);
  switch (node.opType) {
    case 'Gemm':
    case 'Flatten':
      return unknownDims(2);
    case 'Shape':
      return [first?.length ?? null];
    case 'Transpose':
      return first && transposed(first, attrInts(node, 'perm', undefined));
    case 'MatMul': {
      const second = shapes.get(node.input[1] ?? '');
      if (first === undefined || second === undefined || first.length < 2 || second.length < 2) return undefined;
      return unknownDims(Math.max(first.length, second.length));
    }
    case 'Reshape':
      return reshaped(node, first, index);
    case 'Squeeze': {
      const axes = attrInts(node, 'axes', undefined);
      return first && axes && unknownDims(first.length - axes.length);
    }
    case 'Unsqueeze': {
      const axes = attrInts(node, 'axes', undefined);
      return first && axes && unknownDims(first.length + axes.length);
    }
    case 'Gather': {
      const indices = shapes.get(node.input[1] ?? '');
      return first && indices && unknownDims(first.length - 1 + indices.length);
    }
    default:
      return node.opType.startsWith('Reduce') ? reduced(node, first) : undefined;
  }
}

function unknownDims(rank: number): StaticShape {
  return Array.from({ length: Math.max(0, rank) }, () => null);
}

function broadcastShape(node: Node, shapes: ReadonlyMap<string, StaticShape>): StaticShape | undefined {
  const inputs = node.input.map((name) => shapes.get(name));
  let rank = 0;
  for (const shape of inputs) {
    if (shape === undefined) return undefined;
    rank = Math.max(rank, shape.length);
  }
  return unknownDims(rank);
}

function transposed(shape: StaticShape, perm: readonly number[] | undefined): StaticShape {
  return perm === undefined ? [...shape].reverse() : perm.map((axis) => shape[axis] ?? null);
}

/** Reshape by a constant: -1 becomes unknown, 0 keeps the input's dimension. */
function reshaped(node: Node, input: StaticShape | undefined, index: GraphIndex): StaticShape | undefined {
  const tensor = index.initializer(node.input[1] ?? '');
  if (tensor === undefined) return undefined;
  return tensorAsInts(tensor).map((dim, axis) => (dim > 0 ? dim : dim === 0 ? (input?.[axis] ?? null) : null));
}

function reduced(node: Node, input: StaticShape | undefined): StaticShape | undefined {
  if (input === undefined) return undefined;
  if (attrInt(node, 'keepdims', 1) === 1) return unknownDims(input.length);
  const axes = attrInts(node, 'axes', undefined);
  return axes === undefined || axes.length === 0 ? [] : unknownDims(input.length - axes.length);
}
