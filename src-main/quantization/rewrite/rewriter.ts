import { roundHalfEven } from '../../../src-shared/base/rounding';
import { floatScalar, fp16Tensor, int8Tensor, makeNode, uint8Tensor, zeroTensor } from '../../onnx/graph/make';
import { DataType, type Node, type Tensor } from '../../onnx/graph/model';
import { defaultOpset } from '../../onnx/graph/opset';
import { capturedNames } from '../../onnx/graph/subgraphs';
import { floatOnlySlots } from '../fp16/fp16-types';
import { useKey, type FoldedActivation, type Placement } from '../placement/placement';
import type { GraphFacts } from '../rules/graph-facts';
import { fp16Bits } from '../rules/number-formats';
import { GraphWriter, type FloatType } from './graph-writer';
import type { ActivationParameters } from './scales';
import { WeightWriter, type WeightInputs } from './weight-writer';

export interface RewriteInputs extends WeightInputs {
  readonly facts: GraphFacts;
  readonly placement: Omit<Placement, 'decisions'>;
  /**
   * Tensors with a scale that FP16 represents exactly, so that their Q/DQ can have an FP16 side; see fp16-scales.ts.
   */
  readonly fp16Tensors: ReadonlySet<string>;
}

/** The quantized form of a tensor and the initializer with its zero point. */
interface QuantizedForm {
  readonly name: string;
  readonly zeroPoint: string;
}

const STORAGE_RANGE = { int8: { low: -128, high: 127 }, uint8: { low: 0, high: 255 } } as const;

/**
 * Writes the nodes of a placement in topological order. Q/DQ and casts are written just before their first reader. A
 * tensor keeps its name in float32; other forms get new names. Weights are read through Q/DQ or Cast, never copied.
 */
export class Rewriter {
  readonly written: GraphWriter;
  /** Initializer with the scale of an activation -> the quantized tensor. */
  readonly scaleTensors = new Map<string, string>();
  private readonly weights: WeightWriter;
  private readonly quantizedUses: ReadonlySet<string>;
  private readonly foldedLayers: ReadonlyMap<string, FoldedActivation>;
  /** Tensor -> its quantized form. */
  private readonly quantized = new Map<string, QuantizedForm>();
  /** Float type and tensor -> name of the tensor behind Q/DQ. */
  private readonly dequantized = new Map<string, string>();
  /** Float type, scale and tensor -> the initializer of the scale. */
  private readonly scaleNames = new Map<string, string>();
  /** Tensor -> its name in FP16. */
  private readonly halves = new Map<string, string>();
  /** Tensors that so far exist in FP16 only. */
  private readonly fp16Only = new Set<string>();

  constructor(private readonly inputs: RewriteInputs) {
    const { placement, facts } = inputs;
    this.written = new GraphWriter(facts.model.graph);
    this.weights = new WeightWriter(inputs, this.written);
    this.quantizedUses = new Set(placement.tensors.flatMap(({ uses }) => uses.map(useKey)));
    this.foldedLayers = new Map(placement.folded.map((folded) => [folded.layer, folded]));
  }

  add(node: Node): void {
    for (const name of capturedNames(node)) this.float(name);
    const folded = this.foldedLayers.get(node.name);
    if (folded && this.addFolded(node, folded)) return;
    if (this.inputs.placement.fp16Layers.has(node.name)) this.addFp16(node);
    else this.written.nodes.push({ ...node, input: node.input.map((name, slot) => this.read(node, name, slot)) });
  }

  /** The graph's outputs, and `observed`, must exist in float32. */
  finish(observed: readonly string[]): void {
    for (const { name } of this.inputs.facts.model.graph.output) this.float(name);
    for (const name of observed) this.float(name);
  }

  private read(node: Node, name: string, slot: number): string {
    // The shape of a tensor does not depend on its type, so that no Cast is needed.
    if ((node.opType === 'Shape' || node.opType === 'Size') && this.fp16Only.has(name))
      return this.halves.get(name) ?? name;
    const key = useKey({ layer: node.name, slot });
    const constant = this.weights.weight(key, 'fp32') ?? this.weights.quantizedBias(key);
    if (constant !== undefined) return constant;
    if (this.quantizedUses.has(key)) return this.dequantize(name, 'fp32');
    return this.weights.correctedBias(key) ?? this.float(name);
  }

  private float(name: string): string {
    if (this.fp16Only.delete(name)) this.written.cast(this.halves.get(name) ?? name, name, DataType.FLOAT);
    return name;
  }

  private half(name: string): string {
    const known = this.halves.get(name);
    if (known !== undefined) return known;
    const half = this.written.names.next(`${name}_fp16`);
    this.written.cast(name, half, DataType.FLOAT16);
    this.halves.set(name, half);
    return half;
  }

  private addFp16(node: Node): void {
    const { facts } = this.inputs;
    const floatOnly = floatOnlySlots(node, defaultOpset(facts.model))?.inputs ?? [];
    const input = node.input.map((name, slot) => {
      const key = useKey({ layer: node.name, slot });
      const weight = this.weights.weight(key, 'fp16');
      if (weight !== undefined) return weight;
      if (this.quantizedUses.has(key)) return this.dequantize(name, 'fp16');
      // The region of interest of Resize contains coordinates, which FP16 would shift.
      const isFloatOnly = floatOnly.includes(slot) || (node.opType === 'Resize' && slot > 0);
      const isFp16 = facts.elementType(name) === DataType.FLOAT && !isFloatOnly;
      return isFp16 ? this.half(this.weights.correctedBias(key) ?? name) : this.float(name);
    });
    const output = node.output.map((name) => {
      if (name === '' || facts.elementType(name) !== DataType.FLOAT) return name;
      const half = this.written.names.next(`${name}_fp16`);
      this.halves.set(name, half);
      this.fp16Only.add(name);
      return half;
    });
    this.written.nodes.push({ ...node, input, output });
  }

  /**
   * Replaces a Relu (or Clip with lower bound 0) by clipping integers between those of 0 and of the upper bound, which
   * is equal to quantizing its output. If saturation has this effect already, the layer is removed. Returns false if
   * the layer must stay in float.
   */
  private addFolded(node: Node, { input, output, upperReal }: FoldedActivation): boolean {
    const { facts, scales } = this.inputs;
    const parameters = scales.get(output);
    if (!parameters) return false;
    const isReadAsIntegers =
      !facts.isObserved(output) &&
      facts.uses(output).every((use) => this.quantizedUses.has(useKey({ layer: use.node.name, slot: use.slot })));
    if (!isReadAsIntegers) {
      // Another layer needs the float output, so that only the output can be quantized.
      this.written.nodes.push({ ...node, input: node.input.map((name) => this.float(name)) });
      return true;
    }
    if (parameters.storage === 'fp8') throw new Error(`Assertion failed: ${node.name} is folded into FP8`);
    const { low: lowest, high: highest } = STORAGE_RANGE[parameters.storage];
    const upper = Math.min(highest, parameters.zeroPoint + roundHalfEven(upperReal / parameters.scale));
    // The input can be the output of a replaced layer, which exists only as integers of the same scale.
    const { name: quantized, zeroPoint } = this.quantized.get(input) ?? this.quantize(input, parameters);
    let clipped = quantized;
    if (parameters.zeroPoint > lowest || upper < highest) {
      clipped = this.written.names.next(`${output}_quantized`);
      const low = this.written.constant(
        scalar(parameters.storage, this.written.names.next(`${output}_lowest`), parameters.zeroPoint),
      );
      const high = this.written.constant(
        scalar(parameters.storage, this.written.names.next(`${output}_highest`), upper),
      );
      this.written.nodes.push(makeNode('Clip', [quantized, low, high], [clipped], { name: node.name }));
    }
    this.quantized.set(output, { name: clipped, zeroPoint });
    return true;
  }

  /** The tensor behind Q/DQ in the float type of its reader; both types use the same QuantizeLinear. */
  private dequantize(name: string, type: FloatType): string {
    const key = `${type} ${name}`;
    const known = this.dequantized.get(key);
    if (known !== undefined) return known;
    const parameters = this.inputs.scales.get(name);
    if (!parameters) throw new Error(`Assertion failed: no scale for ${name}`);
    const form = this.quantized.get(name) ?? this.quantize(name, parameters);
    this.quantized.set(name, form);
    const output = this.written.dequantizeLinear(
      name,
      form.name,
      [this.activationScale(name, parameters.scale, type), form.zeroPoint],
      [],
    );
    this.dequantized.set(key, output);
    return output;
  }

  /**
   * The quantized form of a tensor, computed from the type in which it exists, which saves a Cast in front of
   * QuantizeLinear.
   */
  private quantize(name: string, parameters: ActivationParameters): QuantizedForm {
    const isFp16 = this.inputs.fp16Tensors.has(name) && this.fp16Only.has(name);
    const scale = this.activationScale(name, parameters.scale, isFp16 ? 'fp16' : 'fp32');
    const zeroPoint = this.written.constant(
      scalar(parameters.storage, this.written.names.next(`${name}_zero_point`), parameters.zeroPoint),
    );
    return {
      name: this.written.quantizeLinear(
        name,
        isFp16 ? (this.halves.get(name) ?? name) : this.float(name),
        [scale, zeroPoint],
        [],
      ),
      zeroPoint,
    };
  }

  private activationScale(name: string, scale: number, type: FloatType): string {
    const key = `${type} ${scale} ${name}`;
    const known = this.scaleNames.get(key);
    if (known !== undefined) return known;
    const fresh = this.written.names.next(`${name}_scale`);
    this.scaleTensors.set(fresh, name);
    this.scaleNames.set(
      key,
      this.written.constant(type === 'fp16' ? fp16Tensor(fresh, [], [fp16Bits(scale)]) : floatScalar(fresh, scale)),
    );
    return fresh;
  }
}

function scalar(storage: ActivationParameters['storage'], name: string, value: number): Tensor {
  if (storage === 'fp8') return zeroTensor(name, DataType.FLOAT8E4M3FN, []);
  return (storage === 'uint8' ? uint8Tensor : int8Tensor)(name, [], [value]);
}
