import { attrInt } from '../../onnx/graph/attributes';
import { GraphIndex } from '../../onnx/graph/graph-index';
import { DataType, type Model, type Node, type Tensor } from '../../onnx/graph/model';
import { isOp } from '../../onnx/graph/opset';
import { staticShapes } from '../../onnx/graph/static-shapes';
import {
  article,
  channelsBehind,
  fromStart,
  type ChannelAxis,
  type ChannelTensor,
  type PathFacts,
} from '../../onnx/passes/channel-path';
import { inChannels, layerWeights, type LayerWeights } from '../../onnx/passes/layer-weights';
import { Refused, type RescalingRefusal } from '../../onnx/passes/rescaled-layer';

/** A constant with one value per channel along `axis`. */
export interface ChannelConstant {
  readonly node: Node;
  /** Which input of `node` it is. */
  readonly slot: number;
  readonly tensor: Tensor;
  readonly axis: number;
}

/** A layer that reads the scaled channels and takes the factors back in its weights. */
export interface SmoothingReader {
  readonly weights: LayerWeights;
  /** The channel of an output's input, see inChannels. */
  readonly channelOf: (output: number, input: number) => number;
  /** The activation that it reads; the channels are along `axis`. */
  readonly tensor: string;
  readonly axis: ChannelAxis;
}

/**
 * A normalization, or a layer, whose channels can be divided by any positive factors that the layers behind it take
 * back.
 */
export interface SmoothingGroup {
  /** The output of `first`: the name of the group. */
  readonly tensor: string;
  readonly channels: number;
  /** The normalization, the Mul by its scale, or the layer. */
  readonly first: Node;
  /** A layer in front: its output channels are divided. */
  readonly layer?: LayerWeights;
  /** Scales and shifts that are divided. */
  readonly constants: readonly ChannelConstant[];
  readonly readers: readonly SmoothingReader[];
  /** All activations whose channels change. */
  readonly tensors: readonly string[];
}

export interface SmoothingGroups {
  /** In graph order. */
  readonly groups: readonly SmoothingGroup[];
  /** Normalizations and layers -> why their channels cannot be scaled. */
  readonly refusals: ReadonlyMap<Node, RescalingRefusal>;
}

const groupsByModel = new WeakMap<Model, SmoothingGroups>();

/**
 * Where smoothing (Xiao et al. 2023, "SmoothQuant", arXiv 2211.10438) can scale channels without changing the result:
 * behind a scale or a layer with constant weights, whose channels reach only layers with constant weights, through
 * operators that commute with a positive factor per channel. Each reader belongs to one group, which starts at the
 * first scale or layer in graph order from which every path is clear. Works on a prepared model.
 */
export function smoothingGroups(model: Model): SmoothingGroups {
  const found = groupsByModel.get(model) ?? findGroups(model);
  groupsByModel.set(model, found);
  return found;
}

/** The activations that the layers of all groups read: smoothing needs their largest |x| per channel. */
export function channelTensors(model: Model): ChannelTensor[] {
  const axes = new Map<string, number>();
  for (const { readers } of smoothingGroups(model).groups)
    for (const { tensor, axis } of readers) axes.set(tensor, axis.axis);
  return [...axes].map(([tensor, axis]) => ({ tensor, axis }));
}

function findGroups(model: Model): SmoothingGroups {
  const facts = { index: new GraphIndex(model.graph), shapes: staticShapes(model.graph) };
  const nodes = facts.index.sortedNodes;
  const groups: SmoothingGroup[] = [];
  const refusals = new Map<Node, RescalingRefusal>();
  const claimed = new Set<string>();
  for (const [at, node] of nodes.entries()) {
    if (claimed.has(node.output[0] ?? '')) continue;
    try {
      const root = rootAt(node, facts);
      if (root === null) continue;
      const group = new GroupSearch(facts, root).over(nodes.slice(at + 1));
      groups.push(group);
      for (const name of group.tensors) claimed.add(name);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refusals.set(node, error.refusal);
    }
  }
  return { groups, refusals };
}

interface Root {
  readonly node: Node;
  readonly channels: number;
  readonly axis: ChannelAxis;
  readonly layer?: LayerWeights;
  readonly constants: readonly ChannelConstant[];
}

/** Normalizations over the last axis; their scale is input 1, their shift, if they have one, input 2. */
const LAST_AXIS = ['LayerNormalization', 'RMSNormalization', 'SimplifiedLayerNormalization'];
/** The same on axis 1. */
const SECOND_AXIS = ['BatchNormalization', 'InstanceNormalization', 'GroupNormalization'];

/** Null for a node whose output has no channels that could be scaled. @throws Refused */
function rootAt(node: Node, facts: PathFacts): Root | null {
  const rank = facts.shapes.get(node.output[0] ?? '')?.length;
  if (isOp(node, 'Conv', 'Gemm', 'MatMul')) return layerRoot(node, rank, facts);
  if (isOp(node, 'Mul')) {
    const constant = channelConstant(node, facts);
    return constant && scaleRoot(node, [constant.slot], constant.fromEnd, facts);
  }
  if (isOp(node, ...LAST_AXIS)) return scaleRoot(node, [1, 2], -1, facts);
  if (!isOp(node, ...SECOND_AXIS)) return null;
  const channels = facts.shapes.get(node.input[0] ?? '')?.[1];
  // GroupNormalization had one scale per group before opset 21.
  if (isOp(node, 'GroupNormalization') && facts.index.initializer(node.input[1] ?? '')?.dims[0] !== channels)
    throw new Refused('its scale is not one per channel');
  return scaleRoot(node, [1, 2], 1, facts);
}

function scaleRoot(node: Node, slots: readonly number[], axis: number, { index, shapes }: PathFacts): Root {
  const constants = slots.flatMap((slot): ChannelConstant[] => {
    const name = node.input[slot] ?? '';
    if (name === '') return [];
    const tensor = index.initializer(name);
    if (tensor?.dataType !== DataType.FLOAT) throw new Refused('its scale or shift is computed, or not float32');
    // A vector counts along its only axis, whatever axis of the activation it belongs to.
    return [{ node, slot, tensor, axis: axis < 0 ? tensor.dims.length + axis : 0 }];
  });
  const channels = constants[0]?.tensor.dims[constants[0].axis] ?? 0;
  if (channels < 2 || constants.some((each) => each.tensor.dims[each.axis] !== channels))
    throw new Refused('its scale is not one per channel');
  const rank = shapes.get(node.output[0] ?? '')?.length;
  return { node, channels, constants, axis: { axis: fromStart(axis, rank), perChannel: 1 } };
}

function layerRoot(node: Node, rank: number | undefined, { index }: PathFacts): Root | null {
  const tensor = index.initializer(node.input[1] ?? '');
  // The product of two activations has no channels of its own.
  if (tensor === undefined) return null;
  const layer = ownWeights(node, index);
  if (layer === null) throw new Refused('its weights are shared, or not float32');
  const bias = index.initializer(node.input[2] ?? '');
  if (bias === undefined && (node.input[2] ?? '') !== '') throw new Refused('its bias is computed');
  if (bias && (bias.dataType !== DataType.FLOAT || bias.dims.at(-1) !== layer.outputs))
    throw new Refused('its bias is not one float32 value per channel');
  const axis = isOp(node, 'Conv') ? 1 : fromStart(-1, rank);
  return {
    node,
    channels: layer.outputs,
    layer,
    axis: { axis, perChannel: 1 },
    constants: bias ? [{ node, slot: 2, tensor: bias, axis: bias.dims.length - 1 }] : [],
  };
}

/** The constant operand of an elementwise operator, if its values differ along one axis only. */
function channelConstant(
  node: Node,
  { index }: PathFacts,
): { readonly slot: number; readonly tensor: Tensor; readonly fromEnd: number } | null {
  const slot = node.input.findIndex((name) => index.initializer(name) !== undefined);
  const tensor = index.initializer(node.input[slot] ?? '');
  if (tensor?.dataType !== DataType.FLOAT) return null;
  const long = tensor.dims.flatMap((dim, axis) => (dim === 1 ? [] : [axis]));
  const [axis] = long;
  return axis === undefined || long.length !== 1 ? null : { slot, tensor, fromEnd: axis - tensor.dims.length };
}

/** Weights that one layer reads, and nothing else. */
function ownWeights(node: Node, index: GraphIndex): LayerWeights | null {
  const tensor = index.initializer(node.input[1] ?? '');
  if (tensor?.dataType !== DataType.FLOAT || index.isGraphOutput(tensor.name)) return null;
  return index.consumers(tensor.name).length === 1 ? layerWeights(node, tensor) : null;
}

class GroupSearch {
  private readonly axes = new Map<string, ChannelAxis>();
  private readonly constants: ChannelConstant[];
  private readonly readers: SmoothingReader[] = [];

  constructor(
    private readonly facts: PathFacts,
    private readonly root: Root,
  ) {
    this.constants = [...root.constants];
    this.reach(root.node.output[0] ?? '', root.axis);
  }

  /** @param nodes that come after the root, in topological order */
  over(nodes: readonly Node[]): SmoothingGroup {
    const { node, channels, layer } = this.root;
    for (const each of nodes) if (each.input.some((name) => this.axes.has(name))) this.pass(each);
    if (this.readers.length === 0) throw new Refused('no layer reads its result');
    return {
      tensor: node.output[0] ?? '',
      channels,
      first: node,
      ...(layer === undefined ? {} : { layer }),
      constants: this.constants,
      readers: this.readers,
      tensors: [...this.axes.keys()],
    };
  }

  private reach(tensor: string, axis: ChannelAxis): void {
    const { index } = this.facts;
    if (index.isGraphOutput(tensor)) throw new Refused('its result is an output of the model');
    if (index.isCaptured(tensor)) throw new Refused('its result is read inside an If, Loop or Scan');
    if (index.consumers(tensor).length === 0) return;
    this.axes.set(tensor, axis);
  }

  private pass(node: Node): void {
    if (isOp(node, 'Shape', 'Size')) return;
    const slot = node.input.findIndex((name) => this.axes.has(name));
    const tensor = node.input[slot] ?? '';
    const axis = this.axes.get(tensor);
    if (axis === undefined) return;
    if (isOp(node, 'Concat')) return this.passConcat(node, axis);
    if (node.input.filter((name) => this.axes.has(name)).length > 1)
      throw new Refused(`its result meets itself in ${article(node.opType)}`, node);
    if (isOp(node, 'Conv', 'Gemm', 'MatMul')) return this.read(node, slot, { tensor, axis });
    if (isOp(node, 'Add', 'Sub', 'Mul', 'Div')) return this.passArithmetic(node, slot, axis);
    if (slot !== 0) throw new Refused(`its result is not the data of ${article(node.opType)}`, node);
    if (!isOp(node, 'Split') && node.output.slice(1).some((name) => name !== ''))
      throw new Refused(`${article(node.opType)} has a second output`, node);
    const behind = channelsBehind(node, axis, this.root.channels, this.facts);
    if ('obstacle' in behind) throw new Refused(behind.obstacle, node);
    for (const name of node.output) this.reach(name, behind);
  }

  /** Parts of the result that are put together again, such as the shifted windows of a Swin transformer. */
  private passConcat(node: Node, axis: ChannelAxis): void {
    const rank = this.facts.shapes.get(node.output[0] ?? '')?.length;
    const own = fromStart(axis.axis, rank);
    const areParts = node.input.every((name) => {
      const each = this.axes.get(name);
      return each !== undefined && fromStart(each.axis, rank) === own && each.perChannel === axis.perChannel;
    });
    if (!areParts || rank === undefined || fromStart(attrInt(node, 'axis', 0), rank) === own)
      throw new Refused('its result meets another path in a Concat', node);
    this.reach(node.output[0] ?? '', axis);
  }

  /** A constant factor passes; a constant that is added is divided with the channels. */
  private passArithmetic(node: Node, slot: number, axis: ChannelAxis): void {
    const other = this.facts.index.initializer(node.input[1 - slot] ?? '');
    if (other === undefined) throw new Refused(`its result meets another path in ${article(node.opType)}`, node);
    if (isOp(node, 'Div') && slot === 1) throw new Refused('a constant is divided by its result', node);
    const rank = this.facts.shapes.get(node.output[0] ?? '')?.length;
    if (other.dims.length > (rank ?? other.dims.length) || this.grows(node, slot))
      throw new Refused(`${article(node.opType)} repeats its result`, node);
    if (isOp(node, 'Add', 'Sub')) this.constants.push(this.added(node, 1 - slot, axis));
    this.reach(node.output[0] ?? '', axis);
  }

  /** Whether broadcasting makes the output larger than the result: its axes could then be others. */
  private grows(node: Node, slot: number): boolean {
    const { shapes } = this.facts;
    const from = shapes.get(node.input[slot] ?? '');
    const to = shapes.get(node.output[0] ?? '');
    return from !== undefined && to !== undefined && from.length !== to.length;
  }

  private added(node: Node, slot: number, { axis, perChannel }: ChannelAxis): ChannelConstant {
    const constant = channelConstant(node, this.facts);
    const rank = this.facts.shapes.get(node.output[0] ?? '')?.length;
    const fromEnd = axis < 0 ? axis : rank === undefined ? Number.NaN : axis - rank;
    const at = constant === null ? -1 : constant.tensor.dims.length + fromEnd;
    if (
      constant?.fromEnd !== fromEnd ||
      perChannel !== 1 ||
      constant.tensor.dims[at] !== this.root.channels ||
      constant.slot !== slot
    )
      throw new Refused(`what ${article(node.opType)} adds is not one value per channel`, node);
    return { node, slot, tensor: constant.tensor, axis: at };
  }

  private read(node: Node, slot: number, from: { readonly tensor: string; readonly axis: ChannelAxis }): void {
    const rank = this.facts.shapes.get(from.tensor)?.length;
    const own = fromStart(from.axis.axis, rank);
    const isLast = own === -1 || own === (rank ?? Number.NaN) - 1;
    if (isOp(node, 'MatMul') && slot === 1 && isLast) {
      // Each column of the right operand gives one column of the product.
      const axis = fromStart(-1, this.facts.shapes.get(node.output[0] ?? '')?.length);
      return this.reach(node.output[0] ?? '', { ...from.axis, axis });
    }
    if (slot !== 0) throw new Refused(`its result is not the data of ${article(node.opType)}`, node);
    if (isOp(node, 'Gemm') && attrInt(node, 'transA', 0) !== 0) throw new Refused('a Gemm reads it transposed', node);
    const weights = ownWeights(node, this.facts.index);
    if (weights === null)
      throw new Refused(
        `the weights of ${article(node.opType)} that reads it are shared, computed, or not float32`,
        node,
      );
    const channelOf = inChannels(weights, this.root.channels);
    if (channelOf === null || (isOp(node, 'Conv') ? own !== 1 : !isLast))
      throw new Refused(`the weights of ${article(node.opType)} that reads it do not fit its channels`, node);
    this.readers.push({ weights, channelOf, tensor: from.tensor, axis: { ...from.axis, axis: own } });
  }
}
