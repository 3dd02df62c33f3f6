import { attrInt, attrInts } from '../graph/attributes';
import { elementCount } from '../graph/element-types';
import type { GraphIndex } from '../graph/graph-index';
import { DataType, type Node } from '../graph/model';
import { isOp } from '../graph/opset';
import type { Dims } from '../graph/static-shapes';
import { tensorAsFloat32, tensorAsInts } from '../graph/tensor-values';

const LARGEST_FLOAT = 3.4028234663852886e38;

/** An activation whose largest |x| is needed per index of an axis. */
export interface ChannelTensor {
  readonly tensor: string;
  /** Negative: counted from the last axis (-1), where the model does not state the rank. */
  readonly axis: number;
}

/** f(s * x) = s * f(x) for every s > 0, value by value or over windows that stay within a channel. */
const HOMOGENEOUS = ['Relu', 'LeakyRelu', 'Identity', 'Dropout'];
const POOLS = ['MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool'];
const REDUCTIONS = ['ReduceMean', 'ReduceSum', 'ReduceMax', 'ReduceMin'];

/** Where the channels of a tensor are: index i of `axis` belongs to channel floor(i / perChannel). */
export interface ChannelAxis {
  /** Negative: counted from the last axis (-1), where the rank is not known. */
  readonly axis: number;
  /** 1, or the number of positions that a Flatten put behind one another. */
  readonly perChannel: number;
}

/** What a graph says about sizes: `shapes` from staticShapes. */
export interface PathFacts {
  readonly index: GraphIndex;
  readonly shapes: ReadonlyMap<string, Dims>;
}

/** Why a positive factor per channel does not pass an operator. */
export interface PathObstacle {
  readonly obstacle: string;
}

/**
 * The channels of the outputs of `node` when input 0 has the channels `from`, for operators that commute with a
 * positive factor per channel: op(s * x) = s * op(x). Concat is the caller's affair, since it has several inputs.
 * @param channels number of channels
 */
export function channelsBehind(
  node: Node,
  from: ChannelAxis,
  channels: number,
  facts: PathFacts,
): ChannelAxis | PathObstacle {
  const dims = facts.shapes.get(node.input[0] ?? '');
  if (isOp(node, ...HOMOGENEOUS)) return from;
  if (isOp(node, 'PRelu'))
    return facts.index.initializer(node.input[1] ?? '') ? from : obstacle('the slope of a PRelu is computed');
  if (isOp(node, 'Clip')) {
    const why = whyNotClip(node, facts.index);
    return why === null ? from : obstacle(why);
  }
  if (isOp(node, ...POOLS)) return from.axis === 1 ? from : obstacle(`${article(node.opType)} mixes its channels`);
  if (isOp(node, ...REDUCTIONS)) return behindReduction(node, from, dims, facts.index);
  if (isOp(node, 'Transpose')) return behindTranspose(node, from, dims);
  if (isOp(node, 'Slice', 'Gather', 'Split')) return behindSelection(node, from, dims, facts.index);
  if (isOp(node, 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'))
    return behindReshape(from, channels, dims, facts.shapes.get(node.output[0] ?? '')) ?? mixes(node);
  return obstacle(`${article(node.opType)} passes no factor per channel`);
}

/** The same axis counted from the start, where the rank is known. */
export function fromStart(axis: number, rank: number | undefined): number {
  return axis < 0 && rank !== undefined ? axis + rank : axis;
}

export function article(opType: string): string {
  return `${/^[AEIO]/.test(opType) ? 'an' : 'a'} ${opType}`;
}

/** Only a Clip that is a Relu passes factors: an upper bound would have to differ from channel to channel. */
export function whyNotClip(node: Node, index: GraphIndex): string | null {
  const [, low = '', high = ''] = node.input;
  const bound = (name: string, none: number): number | undefined => (name === '' ? none : scalar(index, name));
  const lowReal = bound(low, -LARGEST_FLOAT);
  const highReal = bound(high, LARGEST_FLOAT);
  if (highReal === undefined || lowReal === undefined) return 'the bounds of a Clip are computed';
  if (highReal < LARGEST_FLOAT) return `a Clip ends at ${Number(highReal.toPrecision(3))}, one bound for all channels`;
  return lowReal === 0 || lowReal <= -LARGEST_FLOAT ? null : `a Clip starts at ${Number(lowReal.toPrecision(3))}`;
}

/** Axes of an input or, in older operator sets, of an attribute; undefined if they are computed or absent. */
export function axesOf(node: Node, slot: number, index: GraphIndex): readonly number[] | undefined {
  const input = index.initializer(node.input[slot] ?? '');
  return attrInts(node, 'axes', undefined) ?? (input?.dataType === DataType.INT64 ? tensorAsInts(input) : undefined);
}

function obstacle(text: string): PathObstacle {
  return { obstacle: text };
}

function mixes(node: Node): PathObstacle {
  return obstacle(`${article(node.opType)} may mix channels`);
}

function scalar(index: GraphIndex, name: string): number | undefined {
  const tensor = index.initializer(name);
  return tensor?.dataType === DataType.FLOAT ? tensorAsFloat32(tensor)[0] : undefined;
}

function behindReduction(
  node: Node,
  { axis, perChannel }: ChannelAxis,
  dims: Dims | undefined,
  index: GraphIndex,
): ChannelAxis | PathObstacle {
  const axes = axesOf(node, 1, index);
  const own = fromStart(axis, dims?.length);
  if (axes === undefined || dims === undefined || own < 0) return mixes(node);
  const reduced = new Set(axes.map((each) => fromStart(each, dims.length)));
  if (reduced.has(own)) return mixes(node);
  if (attrInt(node, 'keepdims', 1) === 1) return { axis: own, perChannel };
  return { axis: own - [...reduced].filter((each) => each < own).length, perChannel };
}

function behindTranspose(
  node: Node,
  { axis, perChannel }: ChannelAxis,
  dims: Dims | undefined,
): ChannelAxis | PathObstacle {
  const perm = attrInts(node, 'perm', undefined) ?? dims?.map((_, i) => dims.length - 1 - i);
  const to = perm?.indexOf(fromStart(axis, perm.length)) ?? -1;
  return to < 0 ? mixes(node) : { axis: to, perChannel };
}

/** Some of the values along another axis. A Gather with one index removes its axis. */
function behindSelection(
  node: Node,
  { axis, perChannel }: ChannelAxis,
  dims: Dims | undefined,
  index: GraphIndex,
): ChannelAxis | PathObstacle {
  const own = fromStart(axis, dims?.length);
  if (dims === undefined || own < 0) return mixes(node);
  if (isOp(node, 'Slice')) {
    const starts = index.initializer(node.input[1] ?? '');
    const axes = node.input.length > 3 ? index.initializer(node.input[3] ?? '') : undefined;
    const cut = axes ? tensorAsInts(axes) : starts ? tensorAsInts(starts).map((_, i) => i) : undefined;
    if (cut === undefined || cut.some((each) => fromStart(each, dims.length) === own)) return mixes(node);
    return { axis: own, perChannel };
  }
  const cut = fromStart(attrInt(node, 'axis', 0), dims.length);
  if (cut === own) return mixes(node);
  if (isOp(node, 'Split')) return { axis: own, perChannel };
  const indices = index.initializer(node.input[1] ?? '');
  if (indices === undefined) return mixes(node);
  return { axis: own > cut ? own - 1 + indices.dims.length : own, perChannel };
}

/**
 * The channel of the value at flat position p is floor(p / run) mod channels. A change of shape keeps p, so that the
 * channels are on the axis of the new shape with the same run.
 */
function behindReshape(
  { axis, perChannel }: ChannelAxis,
  channels: number,
  from: Dims | undefined,
  to: Dims | undefined,
): ChannelAxis | null {
  const own = fromStart(axis, from?.length);
  if (from === undefined || to === undefined || own < 0) return null;
  const run = perChannel * elementCount(from.slice(own + 1));
  for (const [at, size] of to.entries()) {
    const each = size / channels;
    if (Number.isInteger(each) && each > 0 && each * elementCount(to.slice(at + 1)) === run)
      return { axis: at, perChannel: each };
  }
  return null;
}
