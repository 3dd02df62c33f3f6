import { attrInt, attrInts } from '../graph/attributes';
import { GraphIndex, type Consumer } from '../graph/graph-index';
import { DataType, type Graph, type Node, type Tensor } from '../graph/model';
import { isOp } from '../graph/opset';
import { tensorAsInts } from '../graph/tensor-values';
import { article, whyNotClip } from './channel-path';
import { inChannels, layerWeights, type LayerWeights } from './layer-weights';
import { Refused, type RescalingRefusal } from './rescaled-layer';

/** A layer whose output channels can be scaled, and the layers whose input channels take that back. */
export interface EqualizationPair {
  readonly first: LayerWeights;
  readonly readers: readonly LayerWeights[];
  /** Activations between them: their channels change with the scales. */
  readonly tensors: readonly string[];
}

export interface EqualizationPairs {
  /** In graph order. */
  readonly pairs: readonly EqualizationPair[];
  /** Layer -> why its output channels cannot be scaled. */
  readonly refusals: ReadonlyMap<Node, RescalingRefusal>;
}

const LAYERS = ['Conv', 'Gemm'];
/** f(s * x) = s * f(x) for every s > 0, channel by channel, shape of channels kept. */
const HOMOGENEOUS = [
  'Relu',
  'LeakyRelu',
  'MaxPool',
  'AveragePool',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'Identity',
  'Dropout',
];
const GLOBAL_POOLS = ['GlobalAveragePool', 'GlobalMaxPool'];

/**
 * Layers between which channels may be scaled: every path from the first leads through operators that a positive factor
 * per channel passes unchanged, and ends as the data of a Conv or Gemm whose weights are its own. Nothing else sees
 * what lies between. Works on a prepared graph.
 */
export function equalizationPairs(graph: Graph): EqualizationPairs {
  const index = new GraphIndex(graph);
  const pairs: EqualizationPair[] = [];
  const refusals = new Map<Node, RescalingRefusal>();
  for (const node of index.sortedNodes) {
    if (!isOp(node, ...LAYERS)) continue;
    try {
      pairs.push(new PairSearch(index).from(node));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refusals.set(node, error.refusal);
    }
  }
  return { pairs, refusals };
}

class PairSearch {
  private readonly readers: LayerWeights[] = [];
  private readonly tensors: string[] = [];
  private channels = 0;
  /** Of what the first layer yields. */
  private rank = 0;

  constructor(private readonly index: GraphIndex) {}

  from(node: Node): EqualizationPair {
    const first = this.weightsOf(node);
    if (first === null || !this.hasOwnBias(first))
      throw new Refused('its weights or bias are shared, computed, or not float32');
    this.channels = first.outputs;
    this.rank = isOp(node, 'Conv') ? first.tensor.dims.length : 2;
    this.follow(node.output[0] ?? '', false);
    return { first, readers: this.readers, tensors: this.tensors };
  }

  /** @param isPooled one value per channel is left, so that a change of shape cannot mix channels. */
  private follow(tensor: string, isPooled: boolean): void {
    if (this.index.isGraphOutput(tensor)) throw new Refused('its result is an output of the model');
    const consumers = this.index.consumers(tensor);
    if (consumers.length === 0) throw new Refused('nothing reads its result');
    this.tensors.push(tensor);
    for (const consumer of consumers) this.pass(consumer, isPooled);
  }

  private pass({ node, inputIndex }: Consumer, isPooled: boolean): void {
    if (isOp(node, 'Add', 'Sum', 'Concat'))
      throw new Refused(`its result meets another path in ${article(node.opType)}`, node);
    if (inputIndex !== 0) throw new Refused(`its result is not the data of ${article(node.opType)}`, node);
    if (isOp(node, ...LAYERS)) {
      this.readers.push(this.reader(node));
      return;
    }
    const cause = isOp(node, ...HOMOGENEOUS) ? null : this.whyNot(node, isPooled);
    if (cause !== null) throw new Refused(cause, node);
    if (node.output.slice(1).some((name) => name !== ''))
      throw new Refused(`${article(node.opType)} has a second output`, node);
    this.follow(node.output[0] ?? '', isPooled || isOp(node, ...GLOBAL_POOLS) || this.averagesPositions(node));
  }

  /** ReduceMean over every axis behind the channels of a Conv: a GlobalAveragePool in other words. */
  private averagesPositions(node: Node): boolean {
    if (!isOp(node, 'ReduceMean') || this.rank < 3) return false;
    const input = this.index.initializer(node.input[1] ?? '');
    const axes = attrInts(node, 'axes', undefined) ?? (input?.dataType === DataType.INT64 ? tensorAsInts(input) : []);
    const reduced = new Set(axes.map((axis) => (axis < 0 ? axis + this.rank : axis)));
    return reduced.size === this.rank - 2 && !reduced.has(0) && !reduced.has(1);
  }

  /** Operators that pass factors under conditions; null when they hold. */
  private whyNot(node: Node, isPooled: boolean): string | null {
    if (isOp(node, 'PRelu'))
      return this.index.initializer(node.input[1] ?? '') ? null : 'the slope of a PRelu is computed';
    if (!isPooled && this.averagesPositions(node)) return null;
    if (isOp(node, 'Clip')) return whyNotClip(node, this.index);
    if (isOp(node, 'Flatten') && attrInt(node, 'axis', 1) === 1) return null;
    if (isOp(node, 'Reshape', 'Squeeze', 'Flatten'))
      return isPooled || this.keepsBatchAlone(node) ? null : `${article(node.opType)} may mix channels`;
    return `${article(node.opType)} passes no factor per channel`;
  }

  /** Reshape to [0, n]: the first axis stays, all others become one, channel by channel. */
  private keepsBatchAlone(node: Node): boolean {
    const shape = this.index.initializer(node.input[1] ?? '');
    if (!isOp(node, 'Reshape') || shape?.dataType !== DataType.INT64 || attrInt(node, 'allowzero', 0) !== 0)
      return false;
    const dims = tensorAsInts(shape);
    return dims.length === 2 && dims[0] === 0;
  }

  private reader(node: Node): LayerWeights {
    const weights = this.weightsOf(node);
    if (weights === null)
      throw new Refused(
        `the weights of ${article(node.opType)} that reads it are shared, computed, or not float32`,
        node,
      );
    if (inChannels(weights, this.channels) === null)
      throw new Refused(`the weights of ${article(node.opType)} that reads it do not fit its channels`, node);
    if (isOp(node, 'Gemm') && attrInt(node, 'transA', 0) !== 0) throw new Refused('a Gemm reads it transposed', node);
    return weights;
  }

  private weightsOf(node: Node): LayerWeights | null {
    const tensor = this.own(node.input[1] ?? '');
    return tensor && layerWeights(node, tensor);
  }

  private hasOwnBias({ node, outputs }: LayerWeights): boolean {
    const name = node.input[2] ?? '';
    return name === '' || this.own(name)?.dims.at(-1) === outputs;
  }

  /** A float32 initializer that one input of one layer reads, and nothing else. */
  private own(name: string): Tensor | null {
    const tensor = this.index.initializer(name);
    if (
      tensor?.dataType !== DataType.FLOAT ||
      this.index.consumers(name).length !== 1 ||
      this.index.isGraphOutput(name)
    )
      return null;
    return tensor;
  }
}
