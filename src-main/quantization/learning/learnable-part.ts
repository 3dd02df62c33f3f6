import type { BiasCorrection, LayerBias, WeightRounding } from '../../../src-shared/domain/analysis/repair';
import { elementCount } from '../../onnx/graph/element-types';
import { FreshNames } from '../../onnx/graph/fresh-names';
import { floatScalar, floatTensor, makeNode, makeValueInfo } from '../../onnx/graph/make';
import { DataType, type Model, type Node, type Tensor } from '../../onnx/graph/model';
import { isOp } from '../../onnx/graph/opset';
import { tensorAsFloat32, tensorAsInts } from '../../onnx/graph/tensor-values';
import type { Placement, QuantizedWeight } from '../placement/placement';
import type { ActivationParameters } from '../rewrite/scales';
import type { Dims } from '../../onnx/graph/static-shapes';
import { initialRounding, roundedWeights, STRETCH, type RoundedWeights } from './rounding';

/** A value of a model that is learned. */
export interface Parameter {
  /** Input of the model with its value. */
  readonly name: string;
  readonly dims: Dims;
  readonly initial: Float32Array;
  readonly target: ParameterTarget;
}

/**
 * `threshold`: the natural logarithm of one threshold of several tensors. `bias`: the values of a layer's bias.
 * `rounding`: see rounding.ts, one value per weight.
 */
export type ParameterTarget =
  | { readonly kind: 'threshold'; readonly tensors: readonly string[] }
  | { readonly kind: 'bias'; readonly bias: LayerBias; readonly original: Float32Array }
  | {
      readonly kind: 'rounding';
      readonly weight: Pick<WeightRounding, 'layer' | 'slot' | 'initializer' | 'op'>;
      readonly rounded: RoundedWeights;
    };

/** What is known about a quantized model. */
export interface QuantizedFacts {
  readonly placement: Placement;
  readonly scales: ReadonlyMap<string, ActivationParameters>;
  /** The biases of layers with quantized weights; see correctableBiases. */
  readonly biases: readonly LayerBias[];
  /** Corrections that the biases already have. */
  readonly corrections: readonly BiasCorrection[];
  /** Layers whose weights are rounded by learning. */
  readonly roundedLayers: ReadonlySet<string>;
  /** The whole quantized model. */
  readonly model: Model;
  /** The initializers of the prepared model. */
  readonly original: (name: string) => Tensor;
}

/**
 * A part of a quantized model in which thresholds and biases are inputs. Q/DQ of activations become arithmetic with the
 * same result, through which gradients flow: x / s, clipping, rounding, times s, with s = exp(log T) / 127 (LSQ, Esser
 * et al. 2020, arXiv 1902.08153; the logarithm keeps thresholds positive). Q/DQ of weights stay as they are, except in
 * layers whose rounding is learned.
 */
export function learnablePart(
  part: Model,
  facts: QuantizedFacts,
): { readonly model: Model; readonly parameters: readonly Parameter[] } {
  return new PartWriter(part, facts).write();
}

/** Operators whose weights have gradients. */
const ROUNDABLE: ReadonlySet<string> = new Set(['Conv', 'Gemm', 'MatMul']);
/** Larger weights stay as they are: their gradients are sent to another thread for every sample. */
const MAX_ROUNDED_WEIGHTS = 2 ** 17;
/** Largest INT8 value; a threshold is this many steps. */
const LEVELS = 127;

/** Whether the weights of a layer can be rounded by learning. @param dims of the weight */
export function canRound(opType: string, dims: readonly number[]): boolean {
  return ROUNDABLE.has(opType) && dims.length > 1 && elementCount(dims) <= MAX_ROUNDED_WEIGHTS;
}

class PartWriter {
  private readonly nodes: Node[] = [];
  private readonly constants: Tensor[] = [];
  private readonly parameters: Parameter[] = [];
  private readonly names: FreshNames;
  private readonly initializers: ReadonlyMap<string, Tensor>;
  /** Key of a threshold -> the tensor with its scale. */
  private readonly scaleOf = new Map<string, string>();
  /** Integer tensor of the part -> the scale of the float tensor that takes its place, and its zero point. */
  private readonly integers = new Map<string, { readonly scale: string; readonly zeroPoint: number }>();
  /** Weight -> the only layer that reads it in INT8, if its rounding is learned. */
  private readonly roundedWeights: ReadonlyMap<string, QuantizedWeight>;
  private readonly groups: ReadonlyMap<string, readonly string[]>;

  constructor(
    private readonly part: Model,
    private readonly facts: QuantizedFacts,
  ) {
    this.names = new FreshNames(part.graph);
    this.initializers = new Map(part.graph.initializer.map((tensor) => [tensor.name, tensor]));
    this.groups = new Map(
      facts.placement.groups.flatMap(({ tensors, sources }) =>
        tensors.map((tensor) => [tensor, [...new Set([...sources, ...tensors])].sort()] as const),
      ),
    );
    const { weights } = facts.placement;
    const ops = new Map(part.graph.node.map(({ name, opType }) => [name, opType]));
    const isRoundable = (initializer: string, layer: string): boolean =>
      canRound(ops.get(layer) ?? '', facts.original(initializer).dims);
    this.roundedWeights = new Map(
      weights
        .filter(({ layer, initializer }) => {
          const isShared = weights.some((other) => other.initializer === initializer && other.layer !== layer);
          return facts.roundedLayers.has(layer) && !isShared && isRoundable(initializer, layer);
        })
        .map((weight) => [weight.initializer, weight]),
    );
  }

  write(): { readonly model: Model; readonly parameters: readonly Parameter[] } {
    for (const node of this.part.graph.node) this.add(node);
    const { graph } = this.part;
    const read = new Set(this.nodes.flatMap((node) => node.input));
    const own = this.parameters.map(({ name, dims }) => makeValueInfo(name, DataType.FLOAT, dims));
    const model = {
      ...this.part,
      graph: {
        ...graph,
        node: this.nodes,
        initializer: [...graph.initializer, ...this.constants].filter(({ name }) => read.has(name)),
        input: [...graph.input, ...own],
      },
    };
    return { model, parameters: this.parameters };
  }

  private add(node: Node): void {
    const [first = ''] = node.input;
    const weight = isOp(node, 'QuantizeLinear') ? this.roundedWeights.get(first) : undefined;
    if (weight) this.addRounding(node, weight);
    else if (isOp(node, 'QuantizeLinear') && !this.initializers.has(first)) this.addQuantize(node);
    else if (this.integers.has(first) && isOp(node, 'DequantizeLinear')) this.addDequantize(node);
    else if (this.integers.has(first) && isOp(node, 'Clip')) this.addClip(node);
    else this.nodes.push(this.withBias(node));
  }

  /** A weight as floor(w / s) + h(V). */
  private addRounding(node: Node, { layer, slot, initializer, axis }: QuantizedWeight): void {
    const scale = this.initializers.get(node.input[1] ?? '');
    const op = this.part.graph.node.find(({ name }) => name === layer)?.opType;
    if (!scale || op === undefined) {
      this.nodes.push(node);
      return;
    }
    const { dims, ...tensor } = this.facts.original(initializer);
    const weights = tensorAsFloat32({ dims, ...tensor });
    const rounded = roundedWeights({ weights, dims, axis, scales: tensorAsFloat32(scale) });
    const name = this.names.next(`${initializer}_learned_rounding`);
    const [sigmoid, stretched, shifted, share] = ['sigmoid', 'stretched', 'shifted', 'share'].map((suffix) =>
      this.names.next(`${name}_${suffix}`),
    );
    const floor = this.constant(floatTensor(this.names.next(`${initializer}_floor`), dims, rounded.floor));
    const broadcast = dims.map((size, i) => (i === axis ? size : 1));
    const scales = this.constant(
      floatTensor(this.names.next(`${initializer}_scales`), broadcast, rounded.scaled.scales),
    );
    const output = node.output[0] ?? '';
    this.nodes.push(
      makeNode('Sigmoid', [name], [sigmoid ?? '']),
      makeNode('Mul', [sigmoid ?? '', this.scalar(STRETCH.factor)], [stretched ?? '']),
      makeNode('Sub', [stretched ?? '', this.scalar(STRETCH.offset)], [shifted ?? '']),
      makeNode('Clip', [shifted ?? '', this.scalar(0), this.scalar(1)], [share ?? '']),
      makeNode('Add', [share ?? '', floor], [output]),
    );
    this.integers.set(output, { scale: scales, zeroPoint: 0 });
    this.parameters.push({
      name,
      dims,
      initial: initialRounding(rounded),
      target: { kind: 'rounding', weight: { layer, slot, initializer, op }, rounded },
    });
  }

  private addQuantize(node: Node): void {
    const [x = '', scaleInput = '', zeroInput = ''] = node.input;
    const [output = ''] = node.output;
    const zero = this.initializers.get(zeroInput);
    const zeroPoint = zero ? (tensorAsInts(zero)[0] ?? 0) : 0;
    const isUnsigned = zero === undefined || zero.dataType === DataType.UINT8;
    const low = isUnsigned ? -zeroPoint : -128 - zeroPoint;
    const high = isUnsigned ? 255 - zeroPoint : 127 - zeroPoint;
    const scale = this.scale(x, scaleInput);
    const [ratio, clipped] = [this.names.next(`${x}_ratio`), this.names.next(`${x}_clipped`)];
    this.nodes.push(
      makeNode('Div', [x, scale], [ratio]),
      makeNode('Clip', [ratio, this.scalar(low), this.scalar(high)], [clipped]),
      makeNode('Round', [clipped], [output]),
    );
    this.integers.set(output, { scale, zeroPoint });
  }

  /** A Clip of integers, which stands for a Relu or Clip behind the layer. */
  private addClip(node: Node): void {
    const [x = '', low = '', high = ''] = node.input;
    const own = this.integers.get(x);
    const [output = ''] = node.output;
    const bound = (name: string): string => {
      const tensor = this.initializers.get(name);
      return tensor ? this.scalar((tensorAsInts(tensor)[0] ?? 0) - (own?.zeroPoint ?? 0)) : '';
    };
    this.nodes.push(makeNode('Clip', [x, bound(low), bound(high)], [output]));
    if (own) this.integers.set(output, own);
  }

  private addDequantize(node: Node): void {
    const [x = ''] = node.input;
    this.nodes.push(makeNode('Mul', [x, this.integers.get(x)?.scale ?? ''], node.output));
  }

  /**
   * The scale that a QuantizeLinear uses: computed from a parameter, if all tensors with this threshold are quantized
   * inside the part; otherwise the constant, because other blocks use it too.
   */
  private scale(x: string, initializer: string): string {
    const tensor = this.quantizedTensor(x, initializer);
    const tensors = tensor === null ? [] : (this.groups.get(tensor) ?? [tensor]);
    const key = tensors.join('\n');
    const known = this.scaleOf.get(key);
    if (known !== undefined) return known;
    const threshold = tensor === null ? undefined : this.facts.scales.get(tensor)?.thresholdReal;
    if (tensor === null || threshold === undefined || threshold <= 0 || !this.hasAllUses(tensors)) return initializer;
    const name = this.names.next(`${tensor}_log_threshold`);
    const [exponential, scale] = [this.names.next(`${tensor}_threshold`), this.names.next(`${tensor}_learned_scale`)];
    this.nodes.push(
      makeNode('Exp', [name], [exponential]),
      makeNode('Div', [exponential, this.scalar(LEVELS)], [scale]),
    );
    this.parameters.push({
      name,
      dims: [],
      initial: Float32Array.of(Math.log(threshold)),
      target: { kind: 'threshold', tensors },
    });
    this.scaleOf.set(key, scale);
    return scale;
  }

  /** The tensor whose scale a QuantizeLinear uses: its input, or that of an activation that follows in integers. */
  private quantizedTensor(x: string, initializer: string): string | null {
    const scale = this.initializers.get(initializer);
    const value = scale ? tensorAsFloat32(scale)[0] : undefined;
    const { placement, scales } = this.facts;
    const candidates = [x, ...placement.folded.filter(({ input }) => input === x).map(({ output }) => output)];
    return candidates.find((tensor) => scales.get(tensor)?.scale === value) ?? null;
  }

  /** Whether everything that reads one of these tensors in INT8 is inside the part. */
  private hasAllUses(tensors: readonly string[]): boolean {
    const inputs = new Set(tensors);
    for (const { input, output } of this.facts.placement.folded) if (inputs.has(output)) inputs.add(input);
    return quantizedUses(this.part, inputs) === quantizedUses(this.facts.model, inputs);
  }

  private withBias(node: Node): Node {
    const bias = this.facts.biases.find(({ layer }) => layer === node.name);
    if (bias === undefined || node.input[bias.slot] === undefined) return node;
    const tensor = this.facts.original(bias.initializer);
    const original = tensorAsFloat32(tensor);
    const shift = this.facts.corrections.find(({ layer, slot }) => layer === bias.layer && slot === bias.slot)?.shift;
    const name = this.names.next(`${bias.layer}_learned_bias`);
    this.parameters.push({
      name,
      dims: tensor.dims,
      initial: original.map((value, channel) => value + (shift?.[channel] ?? 0)),
      target: { kind: 'bias', bias, original },
    });
    return { ...node, input: node.input.map((input, slot) => (slot === bias.slot ? name : input)) };
  }

  private scalar(value: number): string {
    return this.constant(floatScalar(this.names.next('learning_constant'), value));
  }

  private constant(tensor: Tensor): string {
    this.constants.push(tensor);
    return tensor.name;
  }
}

/** The number of inputs of nodes that read one of the tensors through Q/DQ. Nodes are in topological order. */
function quantizedUses({ graph }: Model, tensors: ReadonlySet<string>): number {
  const quantized = new Set<string>();
  const dequantized = new Set<string>();
  let uses = 0;
  for (const node of graph.node) {
    const [first = ''] = node.input;
    if (isOp(node, 'QuantizeLinear') ? tensors.has(first) : isOp(node, 'Clip') && quantized.has(first))
      for (const output of node.output) quantized.add(output);
    else if (isOp(node, 'DequantizeLinear') && quantized.has(first))
      for (const output of node.output) dequantized.add(output);
    else uses += node.input.filter((name) => dequantized.has(name)).length;
  }
  return uses;
}
