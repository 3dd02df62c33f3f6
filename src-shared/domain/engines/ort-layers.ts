import type { EngineLayer, EngineType } from './engine-layers';

/** A node of a graph: of the model that ONNX Runtime opened, or of what its optimizations made of it. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Tensor names; empty names of omitted inputs included. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Whether it has an attribute `activation`: an activation that was fused into it. */
  readonly hasActivation: boolean;
}

/** The median time of a node over the profiled runs. */
export interface NodeTime {
  readonly medianMs: number;
  readonly provider: string;
  /** Element types of its first input and output, as ONNX Runtime names them (`float`, `uint8`); empty if unknown. */
  readonly inputType: string;
  readonly outputType: string;
}

export interface OrtGraphs {
  /** The nodes of the model file that was opened, in topological order; those named in `layers` are layers. */
  readonly opened: readonly GraphNode[];
  /** The optimized nodes, in topological order. */
  readonly optimized: readonly GraphNode[];
  /** Names of the layers of the model; other nodes of `opened` were inserted (Q, DQ, casts). */
  readonly layers: ReadonlySet<string>;
  /** Optimized node -> its time. */
  readonly times: ReadonlyMap<string, NodeTime>;
}

/** Operators that only change the type, the memory layout or the place of a tensor. */
const CONVERSIONS: ReadonlySet<string> = new Set([
  'ReorderInput',
  'ReorderOutput',
  'QuantizeLinear',
  'DequantizeLinear',
  'MemcpyToHost',
  'MemcpyFromHost',
]);
/** The same, but a model may have layers of this kind. */
const POSSIBLE_CONVERSIONS: ReadonlySet<string> = new Set(['Transpose', 'Cast', 'Identity']);
/** Layers that ONNX Runtime computes at the end of the kernel in front of them. */
const FUSED_BEHIND: ReadonlySet<string> = new Set([
  ...['Relu', 'Clip', 'LeakyRelu', 'Sigmoid', 'Tanh', 'HardSigmoid', 'HardSwish', 'Add', 'BatchNormalization'],
]);

/**
 * Joins the kernels of ONNX Runtime with the layers of the model.
 *
 * The optimized graph has other names where nodes were fused or converted. A node computes the layer that writes its
 * output; if no tensor of the model has the name of its output, that of which its own name is a continuation
 * (`Conv_41_token_5`, `1177_nchwc` after tensor 1177). Layers without a node were fused: into the node that has another
 * operator than its own layer and reads them (Sigmoid and Mul in QuickGelu), or at the end of the one in front of them.
 * Shape arithmetic that was computed in advance belongs to no node. Nodes that compute no layer are conversions; their
 * tensors get the names of the model's, so that they are charged as those of other engines.
 */
export function ortEngineLayers(graphs: OrtGraphs): EngineLayer[] {
  const { optimized, layers, times } = graphs;
  const join = new GraphJoin(graphs);
  const aliases = new Map<string, string>();
  const named = (tensor: string): string => aliases.get(tensor) ?? tensor;
  return optimized.map((node): EngineLayer => {
    const computed = join.layersOf(node).filter((name) => layers.has(name));
    const [anchor] = join.anchorsOf(node);
    const isReformat = computed.length === 0;
    for (const [i, tensor] of node.outputs.entries()) {
      const known = isReformat ? named(node.inputs[0] ?? '') : anchor?.outputs[i];
      if (!join.isTensor(tensor) && known !== undefined) aliases.set(tensor, known);
    }
    const time = times.get(node.name);
    return {
      name: node.name,
      kind: node.op,
      onnxLayers: computed,
      type: isQuantizedOp(node.op) ? 'int8' : engineType(time?.inputType ?? ''),
      outputType: engineType(time?.outputType ?? ''),
      isReformat,
      tactic: [node.op, ...(time?.provider ? [time.provider] : [])].join(', '),
      inputs: node.inputs.filter((tensor) => tensor !== '').map(named),
      outputs: node.outputs.filter((tensor) => tensor !== '').map(named),
      medianMs: time?.medianMs ?? null,
    };
  });
}

class GraphJoin {
  private readonly byName: ReadonlyMap<string, GraphNode>;
  private readonly producerOf = new Map<string, GraphNode>();
  private readonly anchors = new Map<GraphNode, readonly GraphNode[]>();
  /** Node of the opened graph -> the optimized node that computes it. */
  private readonly ownerOf = new Map<GraphNode, GraphNode>();
  private readonly members = new Map<GraphNode, GraphNode[]>();

  constructor({ opened, optimized, layers }: OrtGraphs) {
    this.byName = new Map(opened.map((node) => [node.name, node]));
    for (const node of opened) for (const tensor of node.outputs) this.producerOf.set(tensor, node);
    for (const node of optimized) {
      const anchors = this.findAnchors(node, layers);
      this.anchors.set(node, anchors);
      for (const anchor of anchors) this.own(anchor, node);
    }
    const order = new Map(optimized.map((node, i) => [node, i]));
    const advance = advanceNodes(opened);
    const free = opened.filter((node) => !this.ownerOf.has(node) && !advance.has(node));
    this.ownBehind(free, order, ({ hasActivation }) => hasActivation);
    for (const node of optimized) this.ownInFront(node, advance);
    this.ownBehind(free, order, () => true);
  }

  isTensor(tensor: string): boolean {
    return this.producerOf.has(tensor);
  }

  anchorsOf(node: GraphNode): readonly GraphNode[] {
    return this.anchors.get(node) ?? [];
  }

  /** Names of the nodes of the opened graph that a node computes, the first one first. */
  layersOf(node: GraphNode): readonly string[] {
    const own = new Set(this.members.get(node));
    return [...this.byName.values()].filter((member) => own.has(member)).map(({ name }) => name);
  }

  private own(member: GraphNode, node: GraphNode): void {
    // An optimization may have copied a node, for example one DequantizeLinear for each reader.
    if (this.ownerOf.has(member)) return;
    this.ownerOf.set(member, node);
    this.members.set(node, [...(this.members.get(node) ?? []), member]);
  }

  private findAnchors(node: GraphNode, layers: ReadonlySet<string>): readonly GraphNode[] {
    if (CONVERSIONS.has(node.op) || (POSSIBLE_CONVERSIONS.has(node.op) && !layers.has(node.name))) {
      // A conversion of the model file itself must not be taken for a part of its reader.
      const same = this.byName.get(node.name);
      return same?.op === node.op ? [same] : [];
    }
    const written = node.outputs.flatMap((tensor) => this.producerOf.get(tensor) ?? []);
    if (written.length > 0) return written;
    const begun = longestBeginning(node.name, (text) => this.byName.get(text) ?? this.producerOf.get(text));
    return begun === undefined ? [] : [begun];
  }

  /** Gives layers to the kernel in front of them, the latest one if they read several. */
  private ownBehind(
    free: readonly GraphNode[],
    order: ReadonlyMap<GraphNode, number>,
    allows: (owner: GraphNode) => boolean,
  ): void {
    for (const node of free) {
      if (this.ownerOf.has(node) || !FUSED_BEHIND.has(node.op)) continue;
      const [latest] = node.inputs
        .flatMap((tensor) => this.computingOwner(tensor) ?? [])
        .toSorted((a, b) => (order.get(b) ?? 0) - (order.get(a) ?? 0));
      if (latest !== undefined && allows(latest)) this.own(node, latest);
    }
  }

  /** The node that computes a tensor, behind Q and DQ that were fused away. */
  private computingOwner(tensor: string): GraphNode | undefined {
    for (let producer = this.producerOf.get(tensor); producer !== undefined;) {
      const owner = this.ownerOf.get(producer);
      if (owner !== undefined) return CONVERSIONS.has(owner.op) ? undefined : owner;
      if (!CONVERSIONS.has(producer.op)) return undefined;
      producer = this.producerOf.get(producer.inputs[0] ?? '');
    }
    return undefined;
  }

  /** Gives a node with another operator than its own layer what it reads and nothing else computes. */
  private ownInFront(node: GraphNode, advance: ReadonlySet<GraphNode>): void {
    const anchors = this.anchorsOf(node);
    if (anchors.length === 0 || anchors.some(({ op }) => isLayerOp(node.op, op))) return;
    const waiting = anchors.flatMap(({ inputs }) => inputs);
    for (let tensor = waiting.pop(); tensor !== undefined; tensor = waiting.pop()) {
      const producer = this.producerOf.get(tensor);
      if (producer === undefined || this.ownerOf.has(producer) || advance.has(producer)) continue;
      this.own(producer, node);
      waiting.push(...producer.inputs);
    }
  }
}

/** Nodes that ONNX Runtime computes when it opens the model: shape arithmetic and what follows from constants. */
function advanceNodes(opened: readonly GraphNode[]): ReadonlySet<GraphNode> {
  const producerOf = new Map(opened.flatMap((node) => node.outputs.map((tensor) => [tensor, node] as const)));
  const read = new Set(opened.flatMap(({ outputs }) => outputs));
  const found = new Set<GraphNode>();
  // Tensors without a producer are constants, or inputs of the model, which reach Shape or are data.
  for (const node of opened) {
    const data = node.inputs.filter((tensor) => read.has(tensor));
    const follows = data.every((tensor) => {
      const producer = producerOf.get(tensor);
      return producer !== undefined && found.has(producer);
    });
    if (node.op === 'Shape' || node.op === 'Size' || (data.length > 0 && follows)) found.add(node);
  }
  return found;
}

/** Whether an optimized operator is a layer's own, in another layout or type. */
function isLayerOp(op: string, layerOp: string): boolean {
  const own = op.replace(/^(QLinear|Nhwc|Fused)/, '');
  return own === layerOp || (own === 'Upsample' && layerOp === 'Resize') || (op === 'QGemm' && layerOp === 'Gemm');
}

function isQuantizedOp(op: string): boolean {
  return /^(QLinear|QGemm|QAttention|QMoE|MatMulInteger|ConvInteger|DynamicQuantize)/.test(op);
}

function engineType(type: string): EngineType {
  switch (type) {
    case 'float':
    case 'double':
      return 'fp32';
    case 'float16':
    case 'bfloat16':
      return 'fp16';
    case 'int8':
    case 'uint8':
      return 'int8';
    default:
      return 'other';
  }
}

/** What the longest beginning of a text that ends before `_` or `/` stands for. */
function longestBeginning<T>(text: string, find: (beginning: string) => T | undefined): T | undefined {
  for (let rest = text; rest !== ''; rest = rest.slice(0, Math.max(0, rest.lastIndexOf('_'), rest.lastIndexOf('/')))) {
    const found = find(rest);
    if (found !== undefined) return found;
  }
  return undefined;
}
