import { elementCount } from '../../onnx/graph/element-types';
import {
  floatTensor,
  fp16Tensor,
  int32Tensor,
  int8Tensor,
  intAttr,
  uint8Tensor,
  zeroTensor,
} from '../../onnx/graph/make';
import { DataType, type Node, type Tensor } from '../../onnx/graph/model';
import { tensorAsFloat32 } from '../../onnx/graph/tensor-values';
import type { BiasCorrection, WeightRounding } from '../../../src-shared/domain/analysis/repair';
import {
  useKey,
  type LayerInput,
  type Placement,
  type QuantizedBias,
  type QuantizedWeight,
} from '../placement/placement';
import {
  E4M3_MAX,
  fp16Bits,
  fp16ScaleAbove,
  INT4_MAX,
  scaleOfMaximum,
  SYMMETRIC_UINT8_ZERO,
} from '../rules/number-formats';
import { blockAmax, blockedShape } from './block-scales';
import type { FloatType, GraphWriter } from './graph-writer';
import type { ActivationParameters } from './scales';
import { fp16WeightScales, quantizeBias, weightScalesFor } from './weight-quantization';
import { roundedValues } from './weight-rounding';
import { derivedFrom, type WeightScales } from './weight-scales';

export type WeightStorage = 'int8' | 'uint8' | 'fp8' | 'int4';

/** What quantized weights and biases are made from. */
export interface WeightInputs {
  readonly placement: Pick<Placement, 'weights' | 'biases'>;
  readonly scales: ReadonlyMap<string, ActivationParameters>;
  readonly weights: WeightScales;
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

/** Writes the Q/DQ of weights, and biases: quantized, corrected and learned ones. */
export class WeightWriter {
  private readonly weightUses: ReadonlyMap<string, QuantizedWeight>;
  private readonly biasUses: ReadonlyMap<string, QuantizedBias>;
  private readonly biasOfWeight: ReadonlyMap<QuantizedWeight, QuantizedBias>;
  private readonly corrections: ReadonlyMap<string, BiasCorrection>;
  private readonly roundings: ReadonlyMap<string, WeightRounding>;
  private readonly dequantizedWeights = new Map<string, string>();

  constructor(
    private readonly inputs: WeightInputs,
    private readonly writer: GraphWriter,
  ) {
    const { placement } = inputs;
    this.weightUses = new Map(placement.weights.map((weight) => [useKey(weight), weight]));
    this.biasUses = new Map(placement.biases.map((bias) => [useKey(bias), bias]));
    this.biasOfWeight = new Map(placement.biases.map((bias) => [bias.weight, bias]));
    this.corrections = new Map(inputs.corrections.map((correction) => [useKey(correction), correction]));
    this.roundings = new Map(inputs.roundings.map((rounding) => [useKey(rounding), rounding]));
  }

  /** The name behind the Q/DQ of a weight; undefined if the input with this key is no quantized weight, see useKey. */
  weight(key: string, type: FloatType): string | undefined {
    const weight = this.weightUses.get(key);
    return weight && this.dequantizedWeight(weight, type);
  }

  /** The name behind the DequantizeLinear of a bias; undefined if the input is no quantized bias. */
  quantizedBias(key: string): string | undefined {
    const bias = this.biasUses.get(key);
    return bias && this.dequantizedBias(bias);
  }

  /** The initializer with the corrected bias, if this input is a bias with a correction. */
  correctedBias(key: string): string | undefined {
    const correction = this.corrections.get(key);
    if (!correction) return undefined;
    const name = correction.initializer;
    return this.writer.constant(
      floatTensor(
        this.writer.names.next(`${name}_corrected`),
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

  /**
   * Quantizes float32 weights with the scales of their DequantizeLinear; `materialize` later does this once and for
   * all.
   */
  private dequantizedWeight(weight: QuantizedWeight, type: FloatType): string {
    const bias = this.biasOfWeight.get(weight);
    const scales = this.weightScales(weight, bias);
    const made = (name: string, key: string, make: (name: string) => Tensor): string =>
      this.writer.constant({ ...derivedFrom(scales.values, key, () => make(name)), name });
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
    const scale = made(this.writer.names.next(`${name}_scale`), 'scale', (own) =>
      floatTensor(own, dims, scales.values),
    );
    const zero = made(this.writer.names.next(`${name}_zero_point`), `zero ${storage}`, (own) =>
      zeroPoints(storage, own, dims),
    );
    const quantized = rounding
      ? this.roundedWeight(rounding, weight.axis, scales.values)
      : this.writer.quantizeLinear(name, name, [scale, zero], attributes);
    const ownScale =
      type === 'fp16'
        ? made(this.writer.names.next(`${name}_scale_fp16`), 'half', (own) =>
            fp16Tensor(own, dims, Uint16Array.from(scales.values, fp16Bits)),
          )
        : scale;
    // Without a zero point, DequantizeLinear takes the type of the weights and 0.
    const hasZero = storage === 'int8' || storage === 'uint8';
    const output = this.writer.dequantizeLinear(name, quantized, hasZero ? [ownScale, zero] : [ownScale], attributes);
    this.dequantizedWeights.set(key, output);
    return output;
  }

  /** The learned integers, as a constant. */
  private roundedWeight(rounding: WeightRounding, axis: number, scales: Float32Array): string {
    const { weights, weightStorage } = this.inputs;
    const tensor = weights.tensor(rounding.initializer);
    const values = roundedValues(rounding, { weights: tensorAsFloat32(tensor), dims: tensor.dims, axis, scales });
    const name = this.writer.names.next(`${rounding.initializer}_rounded`);
    return this.writer.constant(
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
    const values = this.writer.constant(
      int32Tensor(this.writer.names.next(`${name}_quantized`), [length], quantized.values),
    );
    const scale = this.writer.constant(
      floatTensor(this.writer.names.next(`${name}_scale`), [length], quantized.scales),
    );
    const zero = this.writer.constant(
      int32Tensor(this.writer.names.next(`${name}_zero_point`), [length], new Int32Array(length)),
    );
    return this.writer.dequantizeLinear(name, values, [scale, zero], [intAttr('axis', 0)]);
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

/** Weights from -63 to 63 in place of -127 to 127. */
const HALF_RANGE = 127 / 63;

const WEIGHT_TYPES = { int8: DataType.INT8, fp8: DataType.FLOAT8E4M3FN, int4: DataType.INT4 } as const;

/** Zero points of symmetric weights, in the shape of their scales. */
function zeroPoints(storage: WeightStorage, name: string, dims: readonly number[]): Tensor {
  return storage === 'uint8'
    ? uint8Tensor(name, dims, new Uint8Array(elementCount(dims)).fill(SYMMETRIC_UINT8_ZERO))
    : zeroTensor(name, WEIGHT_TYPES[storage], dims);
}
