import { roundHalfEven } from '../../../src-shared/base/rounding';
import {
  floatScalar,
  floatTensor,
  fp16Tensor,
  int32Tensor,
  int8Tensor,
  intAttr,
  makeNode,
  uint8Tensor,
  zeroTensor,
} from '../../onnx/graph/make';
import { DataType, type Node, type Tensor } from '../../onnx/graph/model';
import { elementCount } from '../../onnx/graph/element-types';
import { defaultOpset } from '../../onnx/graph/opset';
import { capturedNames } from '../../onnx/graph/subgraphs';
import { tensorAsFloat32 } from '../../onnx/graph/tensor-values';
import type { BiasCorrection, WeightRounding } from '../../../src-shared/domain/analysis/repair';
import type { GraphFacts } from '../rules/graph-facts';
import { floatOnlySlots } from '../fp16/fp16-types';
import { FreshNames } from '../../onnx/graph/fresh-names';
import {
  E4M3_MAX,
  fp16Bits,
  fp16ScaleAbove,
  INT4_MAX,
  scaleOfMaximum,
  SYMMETRIC_UINT8_ZERO,
} from '../rules/number-formats';
import { blockAmax, blockedShape } from './block-scales';
import type { FoldedActivation, LayerInput, Placement, QuantizedBias, QuantizedWeight } from '../placement/placement';
import type { ActivationParameters } from './scales';
import { fp16WeightScales, quantizeBias, weightScalesFor } from './weight-quantization';
import { roundedValues } from './weight-rounding';
import { derivedFrom, type WeightScales } from './weight-scales';

export interface RewriteInputs {
  readonly facts: GraphFacts;
  readonly placement: Omit<Placement, 'decisions'>;
  readonly scales: ReadonlyMap<string, ActivationParameters>;
  readonly weights: WeightScales;
  /**
   * Tensors with a scale that FP16 represents exactly, so that their Q/DQ can have an FP16 side; see fp16-scales.ts.
   */
  readonly fp16Tensors: ReadonlySet<string>;
  /** Layers whose quantized weights have scales that FP16 represents exactly. */
  readonly fp16WeightLayers: ReadonlySet<string>;
  /** Element type of weights; uint8 has zero point 128 and represents the same values as int8. */
  readonly weightStorage: WeightStorage;
  /** INT8 weights take half of their range, see QuantizeRequest. */
  readonly hasHalfWeights: boolean;
  /** Layers whose weights have the thresholds with the smallest squared error; those of others span all weights. */
  readonly mseWeightLayers: ReadonlySet<string>;
  /** Biases that replace those of the model in quantized layers. */
  readonly corrections: readonly BiasCorrection[];
  /** Integers that replace weights rounded to nearest in quantized layers. */
  readonly roundings: readonly WeightRounding[];
}

export type WeightStorage = 'int8' | 'uint8' | 'fp8' | 'int4';

type FloatType = 'fp32' | 'fp16';

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
  readonly nodes: Node[] = [];
  readonly initializers: Tensor[] = [];
  readonly names: FreshNames;
  private readonly quantizedUses: ReadonlySet<string>;
  private readonly weightUses: ReadonlyMap<string, QuantizedWeight>;
  private readonly biasUses: ReadonlyMap<string, QuantizedBias>;
  private readonly biasOfWeight: ReadonlyMap<QuantizedWeight, QuantizedBias>;
  private readonly foldedLayers: ReadonlyMap<string, FoldedActivation>;
  private readonly corrections: ReadonlyMap<string, BiasCorrection>;
  private readonly roundings: ReadonlyMap<string, WeightRounding>;
  /** Tensor -> its quantized form. */
  private readonly quantized = new Map<string, QuantizedForm>();
  /** Float type and tensor -> name of the tensor behind Q/DQ. */
  private readonly dequantized = new Map<string, string>();
  /** Float type, scale and tensor -> the initializer of the scale. */
  private readonly scaleNames = new Map<string, string>();
  private readonly dequantizedWeights = new Map<string, string>();
  /** Tensor -> its name in FP16. */
  private readonly halves = new Map<string, string>();
  /** Tensors that so far exist in FP16 only. */
  private readonly fp16Only = new Set<string>();

  constructor(private readonly inputs: RewriteInputs) {
    const { placement, facts } = inputs;
    this.names = new FreshNames(facts.model.graph);
    this.quantizedUses = new Set(placement.tensors.flatMap(({ uses }) => uses.map(useKey)));
    this.weightUses = new Map(placement.weights.map((weight) => [useKey(weight), weight]));
    this.biasUses = new Map(placement.biases.map((bias) => [useKey(bias), bias]));
    this.biasOfWeight = new Map(placement.biases.map((bias) => [bias.weight, bias]));
    this.corrections = new Map(inputs.corrections.map((correction) => [useKey(correction), correction]));
    this.roundings = new Map(inputs.roundings.map((rounding) => [useKey(rounding), rounding]));
    this.foldedLayers = new Map(placement.folded.map((folded) => [folded.layer, folded]));
  }

  add(node: Node): void {
    for (const name of capturedNames(node)) this.float(name);
    const folded = this.foldedLayers.get(node.name);
    if (folded && this.addFolded(node, folded)) return;
    if (this.inputs.placement.fp16Layers.has(node.name)) this.addFp16(node);
    else this.nodes.push({ ...node, input: node.input.map((name, slot) => this.read(node, name, slot)) });
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
    const weight = this.weightUses.get(key);
    if (weight) return this.dequantizedWeight(weight, 'fp32');
    const bias = this.biasUses.get(key);
    if (bias) return this.dequantizedBias(bias);
    if (this.quantizedUses.has(key)) return this.dequantize(name, 'fp32');
    return this.corrected(key) ?? this.float(name);
  }

  /** The initializer with the corrected bias, if this input is a bias with a correction. */
  private corrected(key: string): string | undefined {
    const correction = this.corrections.get(key);
    if (!correction) return undefined;
    const name = correction.initializer;
    return this.constant(
      floatTensor(
        this.names.next(`${name}_corrected`),
        this.inputs.weights.tensor(name).dims,
        this.biasValues(correction),
      ),
    );
  }

  private biasValues(bias: LayerInput & { readonly initializer: string }): Float32Array {
    const values = this.inputs.weights.bias(bias.initializer);
    const shift = this.corrections.get(useKey(bias))?.shift;
    return shift ? values.map((value, channel) => value + (shift[channel] ?? 0)) : values;
  }

  private float(name: string): string {
    if (this.fp16Only.delete(name)) this.cast(this.halves.get(name) ?? name, name, DataType.FLOAT);
    return name;
  }

  private half(name: string): string {
    const known = this.halves.get(name);
    if (known !== undefined) return known;
    const half = this.names.next(`${name}_fp16`);
    this.cast(name, half, DataType.FLOAT16);
    this.halves.set(name, half);
    return half;
  }

  private cast(from: string, to: string, dataType: number): void {
    this.nodes.push(
      makeNode('Cast', [from], [to], { name: this.names.next(`${to}_Cast`), attributes: [intAttr('to', dataType)] }),
    );
  }

  private addFp16(node: Node): void {
    const { facts } = this.inputs;
    const floatOnly = floatOnlySlots(node, defaultOpset(facts.model))?.inputs ?? [];
    const input = node.input.map((name, slot) => {
      const key = useKey({ layer: node.name, slot });
      const weight = this.weightUses.get(key);
      if (weight) return this.dequantizedWeight(weight, 'fp16');
      if (this.quantizedUses.has(key)) return this.dequantize(name, 'fp16');
      // The region of interest of Resize contains coordinates, which FP16 would shift.
      const isFloatOnly = floatOnly.includes(slot) || (node.opType === 'Resize' && slot > 0);
      const isFp16 = facts.elementType(name) === DataType.FLOAT && !isFloatOnly;
      return isFp16 ? this.half(this.corrected(key) ?? name) : this.float(name);
    });
    const output = node.output.map((name) => {
      if (name === '' || facts.elementType(name) !== DataType.FLOAT) return name;
      const half = this.names.next(`${name}_fp16`);
      this.halves.set(name, half);
      this.fp16Only.add(name);
      return half;
    });
    this.nodes.push({ ...node, input, output });
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
      this.nodes.push({ ...node, input: node.input.map((name) => this.float(name)) });
      return true;
    }
    if (parameters.storage === 'fp8') throw new Error(`Assertion failed: ${node.name} is folded into FP8`);
    const { low: lowest, high: highest } = STORAGE_RANGE[parameters.storage];
    const upper = Math.min(highest, parameters.zeroPoint + roundHalfEven(upperReal / parameters.scale));
    // The input can be the output of a replaced layer, which exists only as integers of the same scale.
    const { name: quantized, zeroPoint } = this.quantized.get(input) ?? this.quantize(input, parameters);
    let clipped = quantized;
    if (parameters.zeroPoint > lowest || upper < highest) {
      clipped = this.names.next(`${output}_quantized`);
      const low = this.constant(scalar(parameters.storage, this.names.next(`${output}_lowest`), parameters.zeroPoint));
      const high = this.constant(scalar(parameters.storage, this.names.next(`${output}_highest`), upper));
      this.nodes.push(makeNode('Clip', [quantized, low, high], [clipped], { name: node.name }));
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
    const output = this.dequantizeLinear(
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
    const zeroPoint = this.constant(
      scalar(parameters.storage, this.names.next(`${name}_zero_point`), parameters.zeroPoint),
    );
    return {
      name: this.quantizeLinear(
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
    const fresh = this.names.next(`${name}_scale`);
    this.scaleNames.set(
      key,
      this.constant(type === 'fp16' ? fp16Tensor(fresh, [], [fp16Bits(scale)]) : floatScalar(fresh, scale)),
    );
    return fresh;
  }

  /**
   * Quantizes float32 weights with the scales of their DequantizeLinear; `materialize` later does this once and for
   * all.
   */
  private dequantizedWeight(weight: QuantizedWeight, type: FloatType): string {
    const bias = this.biasOfWeight.get(weight);
    const scales = this.weightScales(weight, bias);
    const made = (name: string, key: string, make: (name: string) => Tensor): string =>
      this.constant({ ...derivedFrom(scales.values, key, () => make(name)), name });
    const isFp16Scale = this.inputs.fp16WeightLayers.has(weight.layer);
    const isMse = this.inputs.mseWeightLayers.has(weight.layer);
    const kind = `${type} ${isFp16Scale} ${isMse}`;
    const rounding = this.roundings.get(useKey(weight));
    const isOwn = scales.isRaised || rounding !== undefined;
    const key = `${kind} ${weight.axis} ${weight.initializer} ${isOwn ? weight.layer : ''}`;
    const known = this.dequantizedWeights.get(key);
    if (known !== undefined) return known;
    const name = weight.initializer;
    const storage = this.inputs.weightStorage;
    const { dims, attributes } = this.scaleLayout(weight, scales.values.length);
    const scale = made(this.names.next(`${name}_scale`), 'scale', (own) => floatTensor(own, dims, scales.values));
    const zero = made(this.names.next(`${name}_zero_point`), `zero ${storage}`, (own) =>
      zeroPoints(storage, own, dims),
    );
    const quantized = rounding
      ? this.roundedWeight(rounding, weight.axis, scales.values)
      : this.quantizeLinear(name, name, [scale, zero], attributes);
    const ownScale =
      type === 'fp16'
        ? made(this.names.next(`${name}_scale_fp16`), 'half', (own) =>
            fp16Tensor(own, dims, Uint16Array.from(scales.values, fp16Bits)),
          )
        : scale;
    // Without a zero point, DequantizeLinear takes the type of the weights and 0.
    const hasZero = storage === 'int8' || storage === 'uint8';
    const output = this.dequantizeLinear(name, quantized, hasZero ? [ownScale, zero] : [ownScale], attributes);
    this.dequantizedWeights.set(key, output);
    return output;
  }

  /** The learned integers, as a constant. */
  private roundedWeight(rounding: WeightRounding, axis: number, scales: Float32Array): string {
    const { weights, weightStorage } = this.inputs;
    const tensor = weights.tensor(rounding.initializer);
    const values = roundedValues(rounding, { weights: tensorAsFloat32(tensor), dims: tensor.dims, axis, scales });
    const name = this.names.next(`${rounding.initializer}_rounded`);
    return this.constant(
      weightStorage === 'int8'
        ? int8Tensor(name, tensor.dims, values)
        : uint8Tensor(
            name,
            tensor.dims,
            Uint8Array.from(values, (value) => value + SYMMETRIC_UINT8_ZERO),
          ),
    );
  }

  private scaleLayout(
    weight: QuantizedWeight,
    count: number,
  ): { readonly dims: readonly number[]; readonly attributes: Node['attribute'] } {
    const { axis, blockSize } = weight;
    if (blockSize === undefined) return { dims: [count], attributes: [intAttr('axis', axis)] };
    const { dims } = this.inputs.weights.tensor(weight.initializer);
    return {
      dims: blockedShape(dims, axis, blockSize),
      attributes: [intAttr('axis', 1 - axis), intAttr('block_size', blockSize)],
    };
  }

  private weightScales(weight: QuantizedWeight, bias: QuantizedBias | undefined): ReturnType<typeof weightScalesFor> {
    const { weights, scales, fp16WeightLayers, mseWeightLayers, weightStorage } = this.inputs;
    if (weightStorage === 'fp8' || weightStorage === 'int4') {
      const values = lowFormatScales(weights, weight, weightStorage);
      return { values: fp16WeightLayers.has(weight.layer) ? values.map(fp16ScaleAbove) : values, isRaised: false };
    }
    const whole = mseWeightLayers.has(weight.layer)
      ? weights.errors(weight.initializer, weight.axis).mse
      : weights.channelAmax(weight.initializer, weight.axis);
    const thresholds = this.inputs.hasHalfWeights ? whole.map((threshold) => threshold * HALF_RANGE) : whole;
    if (fp16WeightLayers.has(weight.layer)) {
      const values = derivedFrom(thresholds, 'fp16', () => fp16WeightScales(thresholds));
      return { values, isRaised: false };
    }
    if (!bias) return derivedFrom(thresholds, 'fp32', () => weightScalesFor(thresholds, null));
    return weightScalesFor(thresholds, {
      values: this.biasValues(bias),
      dataScale: scales.get(bias.dataTensor)?.scale ?? 1,
    });
  }

  private dequantizedBias(bias: QuantizedBias): string {
    const { scales } = this.inputs;
    const name = bias.initializer;
    const weightScales = this.weightScales(bias.weight, bias).values;
    const quantized = quantizeBias(this.biasValues(bias), weightScales, scales.get(bias.dataTensor)?.scale ?? 1);
    const { length } = weightScales;
    const values = this.constant(int32Tensor(this.names.next(`${name}_quantized`), [length], quantized.values));
    const scale = this.constant(floatTensor(this.names.next(`${name}_scale`), [length], quantized.scales));
    const zero = this.constant(int32Tensor(this.names.next(`${name}_zero_point`), [length], new Int32Array(length)));
    return this.dequantizeLinear(name, values, [scale, zero], [intAttr('axis', 0)]);
  }

  private quantizeLinear(
    name: string,
    from: string,
    constants: readonly string[],
    attributes: Node['attribute'],
  ): string {
    const output = this.names.next(`${name}_quantized`);
    this.nodes.push(
      makeNode('QuantizeLinear', [from, ...constants], [output], {
        name: this.names.next(`${name}_QuantizeLinear`),
        attributes,
      }),
    );
    return output;
  }

  private dequantizeLinear(
    name: string,
    from: string,
    constants: readonly string[],
    attributes: Node['attribute'],
  ): string {
    const output = this.names.next(`${name}_dequantized`);
    this.nodes.push(
      makeNode('DequantizeLinear', [from, ...constants], [output], {
        name: this.names.next(`${name}_DequantizeLinear`),
        attributes,
      }),
    );
    return output;
  }

  private constant(tensor: Tensor): string {
    this.initializers.push(tensor);
    return tensor.name;
  }
}

/** Largest |w| of a channel (FP8) or block (INT4) over the largest value of the format. */
function lowFormatScales(
  weights: WeightScales,
  { initializer, axis, blockSize }: QuantizedWeight,
  storage: 'fp8' | 'int4',
): Float32Array {
  if (storage === 'fp8') return weights.channelAmax(initializer, axis).map((amax) => scaleOfMaximum(amax, E4M3_MAX));
  const tensor = weights.tensor(initializer);
  if (blockSize === undefined) throw new Error(`Assertion failed: no block size for ${initializer}`);
  return blockAmax(tensorAsFloat32(tensor), tensor.dims, axis, blockSize).map((amax) => scaleOfMaximum(amax, INT4_MAX));
}

function scalar(storage: ActivationParameters['storage'], name: string, value: number): Tensor {
  if (storage === 'fp8') return zeroTensor(name, DataType.FLOAT8E4M3FN, []);
  return (storage === 'uint8' ? uint8Tensor : int8Tensor)(name, [], [value]);
}

/** Weights from -63 to 63 in place of -127 to 127. */
const HALF_RANGE = 127 / 63;

const WEIGHT_TYPES = { int8: DataType.INT8, fp8: DataType.FLOAT8E4M3FN, int4: DataType.INT4 } as const;

/** Zero points of symmetric weights, in the shape of their scales. */
function zeroPoints(storage: WeightStorage, name: string, dims: readonly number[]): Tensor {
  return storage === 'uint8'
    ? uint8Tensor(name, dims, new Uint8Array(elementCount(dims)).fill(SYMMETRIC_UINT8_ZERO))
    : zeroTensor(name, WEIGHT_TYPES[storage], dims);
}

function useKey(use: LayerInput): string {
  return `${use.slot} ${use.layer}`;
}
