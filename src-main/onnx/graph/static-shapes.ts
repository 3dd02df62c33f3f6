import { attrFloat, attrInt, attrInts, attrString, attrValue } from './attributes';
import { elementCount } from './element-types';
import { GraphIndex } from './graph-index';
import { KnownValues, slicedRange } from './known-values';
import type { Graph, Node, Tensor } from './model';
import { isDefaultDomain } from './opset';
import { declaredShape } from './shapes';

/** Sizes of a tensor, all known. */
export type Dims = readonly number[];

const SAME_AS_FIRST = new Set(
  (
    'Identity Dropout Relu LeakyRelu PRelu Elu Selu Celu Mish Gelu Clip Sigmoid HardSigmoid HardSwish Tanh Erf Exp Log Sqrt Neg Abs Floor Ceil Round Reciprocal ' +
    'Softplus Softsign Softmax LogSoftmax BatchNormalization InstanceNormalization LayerNormalization RMSNormalization SimplifiedLayerNormalization ' +
    'GroupNormalization LRN LpNormalization Cast CastLike Not Sign Sin Cos QuantizeLinear DequantizeLinear Trilu CumSum ' +
    'ScatterElements ScatterND'
  ).split(' '),
);
const ELEMENTWISE = new Set('Add Sub Mul Div Pow Min Max Sum Mean Equal Greater Less And Or Where Mod'.split(' '));

/**
 * The sizes of every tensor that follow from the sizes of the inputs, with a batch of one if the first dimension of an
 * input is symbolic. Tensors of unknown operators or with data-dependent sizes are omitted. Shapes that the graph
 * itself computes with Shape, Gather, Concat and arithmetic are evaluated.
 */
export function staticShapes(graph: Graph): ReadonlyMap<string, Dims> {
  const index = new GraphIndex(graph);
  const shapes = new Shapes(graph, index);
  for (const node of index.sortedNodes) shapes.visit(node);
  return shapes.dims;
}

class Shapes {
  readonly dims = new Map<string, Dims>();
  private readonly values = new KnownValues(this.dims);

  constructor(graph: Graph, index: GraphIndex) {
    for (const value of index.graphInputs) {
      const declared = declaredShape(value)?.map((dim, axis) => (dim === null && axis === 0 ? 1 : dim));
      if (declared?.every((dim) => dim !== null) === true) this.dims.set(value.name, declared);
    }
    for (const tensor of graph.initializer) this.addConstant(tensor.name, tensor);
  }

  visit(node: Node): void {
    if (!isDefaultDomain(node.domain)) return;
    if (node.opType === 'Constant') return this.visitConstant(node);
    this.values.visit(node);
    const found = this.outputsOf(node);
    if (found !== undefined) node.output.forEach((name, i) => this.add(name, found[Math.min(i, found.length - 1)]));
  }

  private add(name: string, dims: Dims | undefined): void {
    if (name !== '' && dims?.every((dim) => Number.isInteger(dim) && dim >= 0) === true) this.dims.set(name, dims);
  }

  private visitConstant(node: Node): void {
    const tensor = attrValue(node, 'value', 'tensor')?.value;
    if (tensor !== undefined) this.addConstant(node.output[0] ?? '', tensor);
  }

  private addConstant(name: string, tensor: Tensor): void {
    this.dims.set(name, tensor.dims);
    this.values.addConstant(name, tensor);
  }

  private dim(node: Node, input: number): Dims | undefined {
    return this.dims.get(node.input[input] ?? '');
  }

  /** One entry per output, or one for all of them. */
  private outputsOf(node: Node): readonly (Dims | undefined)[] | undefined {
    const first = this.dim(node, 0);
    if (first === undefined) return undefined;
    const { opType } = node;
    if (SAME_AS_FIRST.has(opType)) return [first];
    if (ELEMENTWISE.has(opType)) return [this.broadcast(node)];
    if (opType.startsWith('Global')) return [[...first.slice(0, 2), ...first.slice(2).map(() => 1)]];
    if (opType.startsWith('Reduce')) return [this.reduced(node, first)];
    switch (opType) {
      case 'Conv':
      case 'MaxPool':
      case 'AveragePool':
      case 'LpPool':
        return [this.windowed(node, first)];
      case 'ConvTranspose':
        return [this.transposedConv(node, first)];
      case 'Gemm':
        return [this.gemm(node, first)];
      case 'MatMul':
        return [matMulDims(first, this.dim(node, 1))];
      case 'Concat':
        return [this.concat(node, first)];
      case 'Split':
        return this.split(node, first);
      case 'Flatten': {
        const axis = attrInt(node, 'axis', 1);
        return [[elementCount(first.slice(0, axis)), elementCount(first.slice(axis))]];
      }
      case 'Shape':
        return [[first.length]];
      case 'Transpose':
        return [
          (attrInts(node, 'perm', undefined) ?? first.map((_, i) => first.length - 1 - i)).map(
            (axis) => first[axis] ?? Number.NaN,
          ),
        ];
      case 'Reshape':
        return [reshaped(first, this.values.list(node, 1))];
      case 'Expand': {
        const to = this.values.list(node, 1);
        return [to && broadcastDims([first, to])];
      }
      case 'Tile': {
        const repeats = this.values.list(node, 1);
        return [repeats && first.map((size, axis) => size * (repeats[axis] ?? Number.NaN))];
      }
      case 'ConstantOfShape':
        return [this.values.list(node, 0)];
      case 'Range':
        return [this.ranged(node)];
      case 'Squeeze': {
        const axes = this.values.list(node, 1, 'axes');
        return [
          first.filter((size, axis) =>
            axes === undefined ? size !== 1 : !axes.includes(axis) && !axes.includes(axis - first.length),
          ),
        ];
      }
      case 'Unsqueeze':
        return [unsqueezed(first, this.values.list(node, 1, 'axes'))];
      case 'Gather': {
        const [indices, axis] = [this.dim(node, 1), attrInt(node, 'axis', 0)];
        const at = axis < 0 ? axis + first.length : axis;
        return [indices && [...first.slice(0, at), ...indices, ...first.slice(at + 1)]];
      }
      case 'Pad': {
        const pads = this.values.list(node, 1, 'pads');
        return [pads && first.map((size, axis) => size + (pads[axis] ?? 0) + (pads[axis + first.length] ?? 0))];
      }
      case 'Slice':
        return [this.sliced(node, first)];
      case 'Resize':
      case 'Upsample':
        return [this.resized(node, first)];
      case 'DepthToSpace':
      case 'SpaceToDepth': {
        const [n = 1, c = 1, h = 1, w = 1] = first;
        const block = attrInt(node, 'blocksize', 1);
        return [
          opType === 'DepthToSpace'
            ? [n, c / block ** 2, h * block, w * block]
            : [n, c * block ** 2, h / block, w / block],
        ];
      }
      default:
        return undefined;
    }
  }

  private broadcast(node: Node): Dims | undefined {
    const all = node.input.map((name) => this.dims.get(name));
    return all.every((dims) => dims !== undefined) ? broadcastDims(all) : undefined;
  }

  private reduced(node: Node, input: Dims): Dims {
    const axes =
      this.values.list(node, 1, 'axes')?.map((axis) => (axis < 0 ? axis + input.length : axis)) ??
      input.map((_, axis) => axis);
    const kept = attrInt(node, 'keepdims', 1) === 1;
    return input.flatMap((size, axis) => (!axes.includes(axis) ? [size] : kept ? [1] : []));
  }

  private windowed(node: Node, input: Dims): Dims | undefined {
    const weight = node.opType === 'Conv' ? this.dim(node, 1) : undefined;
    if (node.opType === 'Conv' && weight === undefined) return undefined;
    const kernel = attrInts(node, 'kernel_shape', undefined) ?? weight?.slice(2) ?? [];
    const [strides, dilations, pads] = [
      attrInts(node, 'strides', []),
      attrInts(node, 'dilations', []),
      attrInts(node, 'pads', []),
    ];
    const auto = attrString(node, 'auto_pad', 'NOTSET');
    const ceil = attrInt(node, 'ceil_mode', 0) === 1;
    const sizes = input.slice(2).map((size, i) => {
      const stride = strides[i] ?? 1;
      if (auto.startsWith('SAME')) return Math.ceil(size / stride);
      const reach = ((kernel[i] ?? 1) - 1) * (dilations[i] ?? 1) + 1;
      const steps = (size + (pads[i] ?? 0) + (pads[i + input.length - 2] ?? 0) - reach) / stride;
      return (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    });
    return [input[0] ?? 1, weight?.[0] ?? input[1] ?? 1, ...sizes];
  }

  private transposedConv(node: Node, input: Dims): Dims | undefined {
    const weight = this.dim(node, 1);
    if (weight === undefined) return undefined;
    const [strides, dilations, pads, extra] = ['strides', 'dilations', 'pads', 'output_padding'].map((name) =>
      attrInts(node, name, []),
    ) as [Dims, Dims, Dims, Dims];
    const given = attrInts(node, 'output_shape', undefined);
    const isSame = attrString(node, 'auto_pad', 'NOTSET').startsWith('SAME');
    const sizes = input.slice(2).map((size, i) => {
      const stride = strides[i] ?? 1;
      if (isSame) return size * stride;
      return (
        stride * (size - 1) +
        (extra[i] ?? 0) +
        ((weight[i + 2] ?? 1) - 1) * (dilations[i] ?? 1) +
        1 -
        (pads[i] ?? 0) -
        (pads[i + input.length - 2] ?? 0)
      );
    });
    return [input[0] ?? 1, (weight[1] ?? 1) * attrInt(node, 'group', 1), ...(given?.slice(-sizes.length) ?? sizes)];
  }

  private gemm(node: Node, a: Dims): Dims | undefined {
    const b = this.dim(node, 1);
    return b && [a[attrInt(node, 'transA', 0) === 1 ? 1 : 0] ?? 1, b[attrInt(node, 'transB', 0) === 1 ? 0 : 1] ?? 1];
  }

  private concat(node: Node, first: Dims): Dims | undefined {
    const all = node.input.map((name) => this.dims.get(name));
    const at = attrInt(node, 'axis', 0);
    const axis = at < 0 ? at + first.length : at;
    if (!all.every((dims) => dims !== undefined)) return undefined;
    return first.map((size, i) => (i === axis ? all.reduce((sum, dims) => sum + (dims[i] ?? 0), 0) : size));
  }

  private split(node: Node, first: Dims): readonly (Dims | undefined)[] | undefined {
    const at = attrInt(node, 'axis', 0);
    const axis = at < 0 ? at + first.length : at;
    const total = first[axis] ?? 0;
    const chunk = Math.ceil(total / node.output.length);
    const sizes = this.values.list(node, 1, 'split') ?? node.output.map((_, i) => Math.min(chunk, total - i * chunk));
    return sizes.map((part) => first.map((size, i) => (i === axis ? part : size)));
  }

  private sliced(node: Node, first: Dims): Dims | undefined {
    const [starts, ends, steps] = [
      this.values.list(node, 1, 'starts'),
      this.values.list(node, 2, 'ends'),
      this.values.list(node, 4),
    ];
    if (starts === undefined || ends === undefined) return undefined;
    const axes = this.values.list(node, 3, 'axes') ?? starts.map((_, i) => i);
    const result = [...first];
    axes.forEach((given, i) => {
      const axis = given < 0 ? given + first.length : given;
      const size = first[axis] ?? 0;
      result[axis] = slicedRange(size, { start: starts[i] ?? 0, end: ends[i] ?? 0, step: steps?.[i] ?? 1 }).count;
    });
    return result;
  }

  private ranged({ input }: Node): Dims | undefined {
    const [start, limit, step] = input.map((name) => (this.values.ints(name) ?? this.values.floats(name))?.[0]);
    if (start === undefined || limit === undefined || step === undefined) return undefined;
    return [Math.max(0, Math.ceil((limit - start) / step))];
  }

  private resized(node: Node, first: Dims): Dims | undefined {
    const sizes = node.opType === 'Resize' ? this.values.list(node, 3) : undefined;
    const axes = attrInts(node, 'axes', undefined) ?? first.map((_, axis) => axis);
    if (sizes !== undefined) return first.map((size, axis) => sizes[axes.indexOf(axis)] ?? size);
    const scales = node.input[node.opType === 'Upsample' || node.input.length === 2 ? 1 : 2] ?? '';
    const known = this.values.floats(scales) ?? [];
    const factors = known.length > 0 ? known : attrValue(node, 'scales', 'floats')?.value;
    if (factors === undefined) {
      const height = attrFloat(node, 'height_scale', undefined);
      const width = attrFloat(node, 'width_scale', undefined);
      return height === undefined || width === undefined
        ? undefined
        : [...first.slice(0, 2), Math.floor((first[2] ?? 0) * height), Math.floor((first[3] ?? 0) * width)];
    }
    return first.map((size, axis) => Math.floor(size * (factors[axes.indexOf(axis)] ?? 1)));
  }
}

function broadcastDims(all: readonly Dims[]): Dims {
  const rank = Math.max(...all.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, i) =>
    all.reduce((most, dims) => Math.max(most, dims[i - rank + dims.length] ?? 1), 1),
  );
}

/** Batch sizes of two matrix factors with the rows of the first and the columns of the second. */
export function matMulDims(a: Dims, b: Dims | undefined): Dims | undefined {
  if (b === undefined || a.length < 2 || b.length < 2) return undefined;
  return [...broadcastDims([a.slice(0, -2), b.slice(0, -2), []]), a.at(-2) ?? 1, b.at(-1) ?? 1];
}

function reshaped(input: Dims, to: readonly number[] | undefined): Dims | undefined {
  if (to === undefined) return undefined;
  const known = to.map((size, axis) => (size === 0 ? (input[axis] ?? Number.NaN) : size));
  const rest = elementCount(input) / known.reduce((product, size) => (size === -1 ? product : product * size), 1);
  return known.map((size) => (size === -1 ? rest : size));
}

function unsqueezed(input: Dims, axes: readonly number[] | undefined): Dims | undefined {
  if (axes === undefined) return undefined;
  const rank = input.length + axes.length;
  const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  const rest = [...input];
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.shift() ?? 1)));
}
