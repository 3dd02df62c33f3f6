import { attrInt } from '../onnx/graph/attributes';
import { graphElementTypes } from '../onnx/graph/dtypes';
import { elementCount } from '../onnx/graph/element-types';
import { FreshNames } from '../onnx/graph/fresh-names';
import { intAttr, makeNode } from '../onnx/graph/make';
import { DataType, type Graph, type Model, type Node } from '../onnx/graph/model';
import { isDefaultDomain, isOp } from '../onnx/graph/opset';
import type { Dims } from '../onnx/graph/static-shapes';
import { capturedNames } from '../onnx/graph/subgraphs';
import { reachingGraph } from '../onnx/passes/reaching-graph';

/**
 * Between convolutions ONNX Runtime keeps tensors in groups of channels ("NCHWc", onnxruntime/core/mlas), and reorders
 * them for every other operator.
 */
export const BLOCKED_DOMAIN = 'com.microsoft.nchwc';

/** Operators that treat every value alone. They map 0, which may fill a group, to a finite value. */
const ACTIVATIONS = new Set([
  ...['Abs', 'Celu', 'Clip', 'Elu', 'Erf', 'Gelu', 'HardSigmoid', 'HardSwish', 'LeakyRelu', 'Mish', 'Neg', 'QuickGelu'],
  ...['Relu', 'Selu', 'Sigmoid', 'Softplus', 'Softsign', 'Swish', 'Tanh', 'ThresholdedRelu'],
]);
const COMBINATIONS = new Set(['Add', 'Sub', 'Mul', 'Max', 'Min']);
/** The same, if Q/DQ have one scale for all values. */
const CONVERSIONS = new Set(['Cast', 'QuantizeLinear', 'DequantizeLinear']);

/** What a layer does with the groups of channels of its inputs. */
type Kind = 'each-value' | 'combination' | 'pool' | 'concat';

/** A tensor in the usual order, in groups of channels as well. */
export interface Blocked {
  readonly tensor: string;
  readonly channels: number;
  /** Tensors of one origin have one shape: layers that treat every value alone led from it to them. */
  readonly origin: string;
  /** float32; values of other types cannot be reordered. */
  readonly isFloat: boolean;
}

/** Layers of our own that read a tensor in either order. */
export interface BlockReader {
  /** The tensor that it reads; null for every other layer. */
  readonly tensorOf: (node: Node) => string | null;
  readonly reading: (node: Node, blocked: Blocked) => Node;
}

export interface BlockedOptions {
  /** Number of channels in a group, see blockSize. */
  readonly block: number;
  /** Sizes of tensors in the usual order, as far as they are known; the batch may be another one. */
  readonly shapes?: ReadonlyMap<string, Dims>;
  readonly reader?: BlockReader;
}

export function reorderInput(from: string, to: string): Node {
  return { ...makeNode('ReorderInput', [from], [to], { name: to }), domain: BLOCKED_DOMAIN };
}

/** The tensors of an optimized graph that are computed in groups of channels, and then reordered. */
export function reorderedTensors(graph: Graph): ReadonlySet<string> {
  return new Set(graph.node.filter(isReorderOutput).flatMap(({ output }) => output));
}

/**
 * A model that ONNX Runtime has optimized, whose layers between convolutions get the groups of channels in which these
 * compute, instead of reordered copies. Every tensor keeps its values.
 */
export function withBlockedLayers(optimized: Model, options: BlockedOptions): Model {
  const { graph } = optimized;
  const node = new BlockedEdit(graph, options).nodes();
  const outputs = graph.output.map(({ name }) => name);
  return { ...optimized, graph: { ...reachingGraph({ ...graph, node }, outputs), output: graph.output } };
}

class BlockedEdit {
  /** By the name of the tensor in the usual order. */
  private readonly blocked = new Map<string, Blocked>();
  /** Tensor in groups -> the same in groups, computed earlier. */
  private readonly renamed = new Map<string, string>();
  private readonly shapes: Map<string, Dims>;
  private readonly names: FreshNames;
  private readonly captured: ReadonlySet<string>;
  private readonly types: ReadonlyMap<string, number>;
  /** Tensors with one value. */
  private readonly scalars: ReadonlySet<string>;
  /** Tensors in the usual order that are needed in groups. */
  private readonly wanted: ReadonlySet<string>;

  constructor(
    private readonly graph: Graph,
    private readonly options: BlockedOptions,
  ) {
    this.shapes = new Map(options.shapes);
    this.names = new FreshNames(graph);
    this.captured = new Set(graph.node.flatMap((node) => [...capturedNames(node)]));
    this.types = graphElementTypes(graph);
    this.scalars = new Set([
      ...graph.input.filter(({ tensorType }) => tensorType?.shape?.length === 0).map(({ name }) => name),
      ...graph.initializer.filter(({ dims }) => elementCount(dims) === 1).map(({ name }) => name),
    ]);
    this.wanted = this.wantedTensors();
  }

  nodes(): Node[] {
    return this.graph.node.flatMap((original) => {
      const node = { ...original, input: original.input.map((name) => this.renamed.get(name) ?? name) };
      const [first = ''] = node.input;
      const [output = ''] = node.output;
      const reader = this.options.reader;
      const read = reader?.tensorOf(node) ?? null;
      if (reader && read !== null) {
        const source = this.blocked.get(read);
        return [source ? reader.reading(node, source) : node];
      }
      if (isReorderOutput(node)) {
        this.note(output, { tensor: first, channels: attrInt(node, 'channels', 0), origin: output });
        return [node];
      }
      if (isReorderInput(node) && !this.captured.has(output)) return this.reordered(node, first, output);
      const kind = kindOf(node);
      if (kind === null) return [node];
      const dims = this.shapes.get(first);
      if (kind === 'each-value' && dims && !this.shapes.has(output)) this.shapes.set(output, dims);
      return (this.wanted.has(output) ? this.moved(node, kind) : null) ?? [node];
    });
  }

  /** From the layers that need groups back through those that can compute them. */
  private wantedTensors(): ReadonlySet<string> {
    const wanted = new Set<string>();
    for (const node of [...this.graph.node].reverse()) {
      const read = this.options.reader?.tensorOf(node) ?? (isReorderInput(node) ? node.input[0] : null);
      if (typeof read === 'string') wanted.add(read);
      else if (kindOf(node) !== null && wanted.has(node.output[0] ?? ''))
        for (const name of node.input) wanted.add(name);
    }
    return wanted;
  }

  private note(plain: string, { isFloat = true, ...own }: Omit<Blocked, 'isFloat'> & Partial<Blocked>): void {
    if (own.channels > 0) this.blocked.set(plain, { ...own, isFloat });
  }

  private reordered(node: Node, plain: string, output: string): Node[] {
    const source = this.blocked.get(plain);
    if (source?.isFloat === true) {
      this.renamed.set(output, source.tensor);
      return [];
    }
    this.note(plain, { tensor: output, channels: this.shapes.get(plain)?.[1] ?? 0, origin: plain });
    return [node];
  }

  /** A layer of tensors that are in groups as well: the layer of the groups. Null for other layers. */
  private moved(node: Node, kind: Kind): Node[] | null {
    const [output = ''] = node.output;
    const reads = kind === 'each-value' || kind === 'pool' ? node.input.slice(0, 1) : node.input;
    const tensors = reads.filter((name) => !this.scalars.has(name));
    const hasOthers = node.input.some((name) => name !== '' && !tensors.includes(name) && !this.scalars.has(name));
    if (hasOthers || !tensors.some((name) => this.blocked.has(name))) return null;
    const added = new Map<string, Blocked>();
    for (const name of tensors) {
      const own = this.blocked.has(name) || added.has(name) ? null : this.intoGroups(name);
      if (own) added.set(name, own);
    }
    const sources = tensors.flatMap((name) => this.blocked.get(name) ?? added.get(name) ?? []);
    const [first] = sources;
    if (first === undefined || sources.length < tensors.length || !this.fit(kind, tensors, sources)) return null;
    for (const [name, own] of added) this.blocked.set(name, own);
    const tensor = this.names.next('blocked');
    // Other layers keep the type.
    const isFloat = CONVERSIONS.has(node.opType) ? this.isFloat(output) : first.isFloat;
    const channels = kind === 'concat' ? sources.reduce((sum, own) => sum + own.channels, 0) : first.channels;
    const hasOwnShape = kind === 'concat' || kind === 'pool';
    this.note(output, { tensor, channels, origin: hasOwnShape ? output : first.origin, isFloat });
    const input = node.input.map((name) => (tensors.includes(name) ? (this.blocked.get(name)?.tensor ?? name) : name));
    return [
      ...[...added].map(([name, own]) => reorderInput(name, own.tensor)),
      { ...node, ...(kind === 'pool' ? { domain: BLOCKED_DOMAIN } : {}), name: tensor, input, output: [tensor] },
      // For those that need the usual order. Only floats can be reordered.
      isFloat ? this.reorderOutput(tensor, node.output, channels) : node,
    ];
  }

  /** A tensor that is computed in the usual order, reordered; null if it cannot be. */
  private intoGroups(name: string): Blocked | null {
    const channels = this.shapes.get(name)?.[1] ?? 0;
    if (!this.isFloat(name) || channels === 0 || channels % this.options.block !== 0) return null;
    return { tensor: this.names.next('grouped'), channels, origin: name, isFloat: true };
  }

  private fit(kind: Kind, tensors: readonly string[], sources: readonly Blocked[]): boolean {
    switch (kind) {
      case 'each-value':
        return true;
      case 'pool':
        return sources.every(({ isFloat }) => isFloat);
      case 'concat':
        return sources.every(({ isFloat, channels }) => isFloat && channels % this.options.block === 0);
      case 'combination':
        return tensors.every((name, i) => this.isSameShape(tensors[0] ?? '', name, [sources[0], sources[i]]));
    }
  }

  private isSameShape(a: string, b: string, [first, other]: readonly (Blocked | undefined)[]): boolean {
    if (first?.origin === other?.origin) return true;
    const [own, dims] = [this.shapes.get(a), this.shapes.get(b)];
    return own !== undefined && own.length > 1 && String(own) === String(dims);
  }

  private isFloat(name: string): boolean {
    return this.types.get(name) === DataType.FLOAT;
  }

  private reorderOutput(from: string, output: readonly string[], channels: number): Node {
    const name = this.names.next('reordered');
    const attributes = [intAttr('channels', channels)];
    return { ...makeNode('ReorderOutput', [from], output, { name, attributes }), domain: BLOCKED_DOMAIN };
  }
}

function isReorderOutput(node: Node): boolean {
  return node.domain === BLOCKED_DOMAIN && node.opType === 'ReorderOutput' && attrInt(node, 'channels_last', 0) === 0;
}

function isReorderInput(node: Node): boolean {
  return node.domain === BLOCKED_DOMAIN && node.opType === 'ReorderInput' && attrInt(node, 'channels_last', 0) === 0;
}

function kindOf(node: Node): Kind | null {
  if (ACTIVATIONS.has(node.opType)) return 'each-value';
  if (!isDefaultDomain(node.domain)) return null;
  if (CONVERSIONS.has(node.opType)) return 'each-value';
  if (COMBINATIONS.has(node.opType)) return 'combination';
  if (isOp(node, 'Concat')) return attrInt(node, 'axis', 0) === 1 ? 'concat' : null;
  const isPool = isOp(node, 'MaxPool') && node.output.length === 1 && attrInt(node, 'storage_order', 0) === 0;
  return isPool ? 'pool' : null;
}
