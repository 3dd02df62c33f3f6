import { WorkbenchError } from '../../../src-shared/base/errors';
import { attrInt } from '../graph/attributes';
import { FreshNames } from '../graph/fresh-names';
import { GraphIndex } from '../graph/graph-index';
import { floatScalar, intAttr, makeNode } from '../graph/make';
import { DataType, type Graph, type Model, type Node, type Tensor, type ValueInfo } from '../graph/model';
import { isDefaultDomain, isOp, nodeLabel } from '../graph/opset';
import { tensorAsFloat32, tensorAsInts } from '../graph/tensor-values';
import { constantsOf } from './constant-expressions';
import { constantTensor } from './constants-to-initializers';
import { quantizedThreshold, type QuantizedRange } from './quantized-range';

/** A model without Q/DQ, and what these said. */
export interface WithoutQdq {
  readonly model: Model;
  /** Activation -> threshold in real units that its QuantizeLinear stands for. */
  readonly thresholds: ReadonlyMap<string, number>;
  /** Number of activations of which some QuantizeLinear has a zero point in the middle of its range, and of others. */
  readonly symmetric: number;
  readonly asymmetric: number;
  /** Number of Relu and Clip that the quantizer had merged into a range, and that stand in the model again. */
  readonly restored: number;
  /** Weights that are stored as integers, and those that are float behind QuantizeLinear. */
  readonly integerWeights: number;
  readonly floatWeights: number;
}

/** Operators that only move values: they mean the same before and after DequantizeLinear. */
const MOVES = new Set(
  (
    'Reshape Transpose Squeeze Unsqueeze Flatten Slice Gather Split Identity MaxPool DepthToSpace SpaceToDepth Expand ' +
    'Tile Concat'
  ).split(' '),
);
const NEVER_NEGATIVE = ['Relu', 'Sigmoid', 'HardSigmoid', 'Softmax', 'Abs', 'Exp', 'Sqrt'];
/** Operators that answer with values of at least 0 for such values. */
const KEEPS_SIGN = [
  ...MOVES,
  ...'Add Mul Sum Max AveragePool GlobalAveragePool GlobalMaxPool ReduceMean ReduceMax ReduceSum'.split(' '),
];
/** A range that ends here comes from a Relu6. */
const RELU6_HIGHEST = 6;
const RELU6_TOLERANCE = 1e-3;
const CONTRIB = 'com.microsoft';

/** The node quantizes or dequantizes: an operator of ONNX, or ONNX Runtime's of the same name. */
export function isQdq(node: Node, ...opTypes: readonly ('QuantizeLinear' | 'DequantizeLinear')[]): boolean {
  return (
    (isDefaultDomain(node.domain) || node.domain === CONTRIB) && (opTypes as readonly string[]).includes(node.opType)
  );
}

/**
 * Takes QuantizeLinear and DequantizeLinear out of a model, so that the float model underneath remains. Activations:
 * the pairs are gone, and each QuantizeLinear becomes a threshold of its tensor. Weights: float ones lose their pair,
 * integer ones keep their DequantizeLinear, which is folded like every constant expression. The DequantizeLinear of an
 * integer input of the model becomes float arithmetic. null if the main graph has no Q/DQ.
 * @throws WorkbenchError 'model-unsupported' where quantized values are used without DequantizeLinear.
 */
export function takeOutQdq(model: Model): WithoutQdq | null {
  const hasQdq = model.graph.node.some((node) => isQdq(node, 'QuantizeLinear', 'DequantizeLinear'));
  return hasQdq ? new QdqRemoval(model).result() : null;
}

/** A tensor of integers that stands for a float tensor. */
interface Quantized {
  /** The float tensor. */
  readonly real: string;
  readonly scale: string;
  readonly range: QuantizedRange | null;
  /** The QuantizeLinear that it comes from, by output. */
  readonly from: string;
}

class QdqRemoval {
  private readonly index: GraphIndex;
  private readonly constants: ReadonlySet<string>;
  private readonly names: FreshNames;
  private readonly quantized = new Map<string, Quantized>();
  /** Outputs of DequantizeLinear that are gone -> the float tensor in their place. */
  private readonly renamed = new Map<string, string>();
  /** QuantizeLinear by output -> its activation and threshold. */
  private readonly found = new Map<string, { readonly tensor: string; readonly threshold: number }>();
  private readonly changedTypes = new Set<string>();
  private readonly added: Tensor[] = [];
  private readonly asymmetricTensors = new Set<string>();
  private integerWeights = 0;
  private readonly floatWeights = new Set<string>();
  private readonly nonNegative = new Set<string>();
  /** Tensor -> the output of the Relu or Clip that was added behind it. */
  private readonly restored = new Map<string, string>();

  constructor(private readonly model: Model) {
    this.index = new GraphIndex(model.graph);
    this.constants = constantsOf(this.index).names;
    this.names = new FreshNames(model.graph);
  }

  result(): WithoutQdq {
    const node = this.index.sortedNodes.flatMap((candidate) => this.visit(candidate));
    const { graph } = this.model;
    const toFloat = (value: ValueInfo): ValueInfo =>
      this.changedTypes.has(value.name) && value.tensorType !== null
        ? { ...value, tensorType: { ...value.tensorType, elemType: DataType.FLOAT } }
        : value;
    const changed: Graph = {
      ...graph,
      node,
      initializer: [...graph.initializer, ...this.added],
      output: graph.output.map(toFloat),
      valueInfo: graph.valueInfo.filter(({ name }) => !this.changedTypes.has(name)),
    };
    const thresholds = new Map<string, number>();
    for (const { tensor, threshold } of this.found.values())
      for (const name of this.namesOf(tensor)) thresholds.set(name, Math.max(threshold, thresholds.get(name) ?? 0));
    const activations = new Set([...this.found.values()].map(({ tensor }) => tensor));
    return {
      model: { ...this.model, graph: changed },
      thresholds,
      symmetric: activations.size - this.asymmetricTensors.size,
      asymmetric: this.asymmetricTensors.size,
      restored: this.restored.size,
      integerWeights: this.integerWeights,
      floatWeights: this.floatWeights.size,
    };
  }

  private visit(node: Node): readonly Node[] {
    if (isQdq(node, 'QuantizeLinear')) return this.quantize(node);
    if (isQdq(node, 'DequantizeLinear')) return this.dequantize(node);
    const own = this.withFloatInputs(node);
    if (isNonNegative(own, (name) => this.nonNegative.has(name)))
      for (const name of own.output) this.nonNegative.add(name);
    const read = node.input.flatMap((name) => this.quantized.get(name) ?? []);
    if (read.length === 0) return [own];
    if (isOp(node, 'Clip')) return this.clip(node);
    if (isOp(node, 'Shape', 'Size'))
      return [{ ...node, input: node.input.map((name) => this.quantized.get(name)?.real ?? name) }];
    const [first] = read;
    const data = isOp(node, 'Concat') ? node.input : node.input.slice(0, 1);
    const moves =
      isOp(node, ...MOVES) &&
      data.every((name) => this.quantized.has(name)) &&
      read.length === data.length &&
      read.every(({ scale }) => scale === first?.scale);
    if (!moves || first === undefined) throw notTakenOut(node, 'reads integers of a QuantizeLinear');
    for (const name of node.output) {
      if (name === '') continue;
      this.quantized.set(name, { ...first, real: name });
      this.changedTypes.add(name);
    }
    return [{ ...own, input: own.input.map((name) => this.quantized.get(name)?.real ?? name) }];
  }

  private quantize(node: Node): readonly Node[] {
    const [given = '', scaleName = ''] = node.input;
    const output = node.output[0] ?? '';
    const source = this.renamed.get(given) ?? given;
    if (this.index.isCaptured(output)) throw notTakenOut(node, 'is read inside the body of an If, Loop or Scan');
    const range = this.rangeOf(node);
    const isWeight = this.constants.has(source);
    const activation = range?.isNonNegative === true && !isWeight ? this.restore(source, range.highest) : null;
    const real = this.restored.get(source) ?? source;
    this.quantized.set(output, { real, scale: range?.key ?? scaleName, range, from: output });
    if (isWeight) this.floatWeights.add(real);
    else if (range !== null && range.threshold > 0) {
      this.found.set(output, { tensor: real, threshold: range.threshold });
      if (!range.isSymmetric) this.asymmetricTensors.add(real);
    }
    const added = activation === null ? [] : [activation];
    if (!this.index.isGraphOutput(output)) return added;
    // The model answers with integers; without Q/DQ it answers with the float values.
    this.changedTypes.add(output);
    return [...added, makeNode('Identity', [real], [output], { name: node.name })];
  }

  /**
   * A range that begins at 0 does what a Relu does, and ONNX Runtime's quantizer removes the Relu or Clip before it.
   * One is added unless the values cannot be negative; null if it is not needed.
   */
  private restore(tensor: string, highest: number): Node | null {
    if (this.index.isGraphInput(tensor) || this.nonNegative.has(tensor) || this.restored.has(tensor)) return null;
    const output = this.names.next(`${tensor}_activation`);
    this.restored.set(tensor, output);
    this.nonNegative.add(output);
    const name = this.names.next(`${this.index.producer(tensor)?.node.name ?? tensor}_activation`);
    if (Math.abs(highest - RELU6_HIGHEST) > RELU6_TOLERANCE) return makeNode('Relu', [tensor], [output], { name });
    const [low, high] = [this.names.next(`${output}_min`), this.names.next(`${output}_max`)];
    this.added.push(floatScalar(low, 0), floatScalar(high, RELU6_HIGHEST));
    return makeNode('Clip', [tensor, low, high], [output], { name });
  }

  private dequantize(node: Node): readonly Node[] {
    const [given = '', scaleName = ''] = node.input;
    const output = node.output[0] ?? '';
    const own = this.quantized.get(given);
    if (own === undefined) return this.dequantizeOther(node);
    const scale = this.rangeOf(node)?.key ?? scaleName;
    if (scale !== own.scale)
      throw notTakenOut(node, 'has another scale or zero point than the QuantizeLinear before it');
    if (!this.index.isGraphOutput(output) && !this.index.isCaptured(output)) {
      this.renamed.set(output, own.real);
      return [];
    }
    return [makeNode('Identity', [own.real], [output], { name: node.name })];
  }

  /** DequantizeLinear of something that no QuantizeLinear of the model made. */
  private dequantizeOther(node: Node): readonly Node[] {
    const [given = ''] = node.input;
    if (this.constants.has(given)) {
      this.integerWeights++;
      return [node];
    }
    if (!this.index.isGraphInput(given)) throw notTakenOut(node, 'dequantizes the result of an integer operator');
    const range = this.rangeOf(node);
    if (range === null || range.scales.length !== 1) throw notTakenOut(node, 'has a scale that is not one constant');
    const output = node.output[0] ?? '';
    const [float, shifted] = [this.names.next(`${output}_float`), this.names.next(`${output}_shifted`)];
    const [zero, scale] = [this.names.next(`${output}_zero_point`), this.names.next(`${output}_scale`)];
    this.added.push(floatScalar(zero, range.zeroPoints[0] ?? 0), floatScalar(scale, range.scales[0] ?? 1));
    return [
      makeNode('Cast', [given], [float], { attributes: [intAttr('to', DataType.FLOAT)] }),
      makeNode('Sub', [float, zero], [shifted]),
      makeNode('Mul', [shifted, scale], [output], { name: node.name }),
    ];
  }

  /**
   * PyTorch clips the integers to the range that it trained with, which may be narrower than the type's. A range that
   * begins at the zero point is a Relu, or a Clip if it also ends early.
   */
  private clip(node: Node): readonly Node[] {
    const [given = '', low = '', high = ''] = node.input;
    const own = this.quantized.get(given);
    const output = node.output[0] ?? '';
    if (own === undefined || this.index.isGraphOutput(output))
      throw notTakenOut(node, 'clips to integers of a QuantizeLinear');
    const bound = (name: string): number | undefined => {
      const tensor = name === '' ? null : this.constant(name);
      return tensor === null ? undefined : tensorAsInts(tensor)[0];
    };
    const [lowest, highest] = [bound(low), bound(high)];
    const zeroPoints = own.range?.zeroPoints.length ? own.range.zeroPoints : [0];
    if (lowest !== undefined && own.range && !own.range.isNonNegative && zeroPoints.every((zero) => lowest >= zero))
      return [this.clippedAtZero(output, own, highest)];
    const recorded = this.found.get(own.from);
    if (recorded && own.range) this.found.set(own.from, { ...recorded, threshold: own.range.clipped(lowest, highest) });
    this.quantized.set(output, own);
    return [];
  }

  private clippedAtZero(output: string, own: Quantized, highest: number | undefined): Node {
    this.changedTypes.add(output);
    this.nonNegative.add(output);
    this.quantized.set(output, { ...own, real: output });
    this.restored.set(own.from, output);
    const threshold = own.range?.clipped(undefined, highest) ?? 0;
    const recorded = this.found.get(own.from);
    if (recorded) this.found.set(output, { tensor: output, threshold });
    const name = this.names.next(`${output}_activation`);
    if (highest === undefined || recorded === undefined || threshold >= recorded.threshold)
      return makeNode('Relu', [own.real], [output], { name });
    const [low, high] = [this.names.next(`${output}_min`), this.names.next(`${output}_max`)];
    this.added.push(floatScalar(low, 0), floatScalar(high, threshold));
    return makeNode('Clip', [own.real, low, high], [output], { name });
  }

  private rangeOf(node: Node): QuantizedRange | null {
    const scale = this.constant(node.input[1] ?? '');
    if (scale === null) return null;
    const zeroPointName = node.input[2] ?? '';
    const zeroPoint = zeroPointName === '' ? null : this.constant(zeroPointName);
    if (zeroPointName !== '' && zeroPoint === null) return null;
    const type = zeroPoint?.dataType ?? (attrInt(node, 'output_dtype', 0) || DataType.UINT8);
    return quantizedThreshold([...tensorAsFloat32(scale)], zeroPoint === null ? [] : zeroPointsOf(zeroPoint), type);
  }

  private constant(name: string): Tensor | null {
    const initializer = this.index.initializer(name);
    if (initializer !== undefined) return initializer;
    const producer = this.index.producer(name)?.node;
    if (producer === undefined) return null;
    if (isOp(producer, 'Identity')) return this.constant(producer.input[0] ?? '');
    return isOp(producer, 'Constant') ? constantTensor(producer, name) : null;
  }

  private withFloatInputs(node: Node): Node {
    if (!node.input.some((name) => this.renamed.has(name))) return node;
    return { ...node, input: node.input.map((name) => this.renamed.get(name) ?? name) };
  }

  /** The tensor and those of which it is a copy: preparation keeps one of these names. */
  private namesOf(tensor: string): string[] {
    const names = [tensor];
    for (let current = tensor; ;) {
      const producer = this.index.producer(current)?.node;
      if (producer === undefined || !isOp(producer, 'Identity', 'Dropout')) break;
      current = producer.input[0] ?? '';
      names.push(this.renamed.get(current) ?? current);
    }
    for (const { node } of this.index.consumers(tensor)) {
      const output = node.output[0] ?? '';
      if (isOp(node, 'Identity') && this.index.isGraphOutput(output)) names.push(output);
    }
    return names;
  }
}

/** The outputs of the node are at least 0 if its inputs are where that matters. */
function isNonNegative(node: Node, isInput: (name: string) => boolean): boolean {
  if (isOp(node, ...NEVER_NEGATIVE)) return true;
  if (!isOp(node, ...KEEPS_SIGN)) return false;
  const data = isOp(node, 'Add', 'Mul', 'Sum', 'Max', 'Concat') ? node.input : node.input.slice(0, 1);
  return data.every(isInput);
}

/** Zero points of the 8-bit float types are 0 and not read. */
function zeroPointsOf(tensor: Tensor): number[] {
  const isInteger = [DataType.INT8, DataType.UINT8, DataType.INT16, DataType.UINT16, DataType.INT32].some(
    (type) => type === tensor.dataType,
  );
  return isInteger ? tensorAsInts(tensor) : [];
}

function notTakenOut(node: Node, why: string): WorkbenchError {
  return new WorkbenchError(
    'model-unsupported',
    `The Q/DQ of the model cannot be taken out: ${nodeLabel(node)} ${why}, expected pairs of QuantizeLinear and ` +
      'DequantizeLinear',
    { hint: 'Start from the float32 original, or quantize it with QuantFormat.QDQ in ONNX Runtime.' },
  );
}
