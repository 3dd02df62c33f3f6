import {
  fallbackPrecisionOf,
  type LayerFormat,
  type LowFormat,
  type PlacementDecision,
  type PrecisionPlan,
  type Target,
} from '../../../src-shared/domain/project/precision';
import { ownValue } from '../../../src-shared/base/records';
import type { TensorRanges } from '../../../src-shared/domain/histograms/histogram';
import { floatOutput } from '../../onnx/graph/make';
import type { Model } from '../../onnx/graph/model';
import { BLOCK_QDQ_OPSET, HALF_QDQ_OPSET, raiseOpset } from '../../onnx/passes/raise-opset';
import { biasDecisions } from './bias-correction';
import { roundingDecisions } from './weight-rounding';
import type { BiasCorrection, WeightRounding } from '../../../src-shared/domain/analysis/repair';
import { graphFacts } from '../rules/graph-facts';
import type { QuantizedOperand } from '../../../src-shared/domain/analysis/analysis';
import { NO_RANGES, type RangeFacts } from '../rules/range-facts';
import { activationScaleRefusals, fp16Scales, scaleRefusals, type Fp16Scales } from '../fp16/fp16-scales';
import { resolvePrecisions, type Fp16Refusal } from '../placement/layer-precisions';
import { inOnnxruntimeForms } from '../rules/onnxruntime-forms';
import { placeLowFormat } from '../placement/low-format-placement';
import { E4M3_MAX, scaleOfMaximum } from '../rules/number-formats';
import { placeForOnnxruntime } from '../placement/onnxruntime-placement';
import { findPartitions } from '../rules/partitions';
import type { Placement } from '../placement/placement';
import { requirePlannedLayers } from '../placement/plan';
import type { GraphWriter } from './graph-writer';
import { Rewriter } from './rewriter';
import { activationScales, type ActivationParameters, type ActivationType } from './scales';
import { placeForTensorrt } from '../placement/tensorrt-placement';
import { WeightScales } from './weight-scales';

export interface QuantizeRequest {
  /** Prepared model. */
  readonly model: Model;
  readonly target: Target;
  readonly plan: PrecisionPlan;
  /** Tensor -> threshold, real units; needed for every tensor that gets Q/DQ. */
  readonly thresholds: Readonly<Record<string, number>>;
  /**
   * Tensor -> smallest and largest value in the calibration; determines UINT8 ranges and what FP16 cannot represent.
   */
  readonly ranges: TensorRanges;
  /** `uint8` (asymmetric) is for the target onnxruntime only. */
  readonly activationType?: ActivationType;
  /**
   * `engine`: for TensorRT. `simulation`: for ONNX Runtime in place of TensorRT. TensorRT keeps the output of an INT8
   * kernel in float32 until it is quantized again, even if the model states FP16. ONNX Runtime would round it to FP16
   * first, so that the simulation states float32. The scales are the same in both.
   */
  readonly purpose?: 'engine' | 'simulation';
  /** Tensors to add as float32 outputs, unless they exist as integers only in the rewritten graph. */
  readonly observed?: readonly string[];
  /** A format below INT8, in place of INT8; its thresholds are the largest magnitudes of `ranges`. */
  readonly format?: LowFormat;
  /** Values to add to the biases of quantized layers; those of layers that this plan does not quantize are ignored. */
  readonly biases?: readonly BiasCorrection[];
  /** Learned INT8 values of weights; those of layers that this plan does not quantize are ignored. */
  readonly roundings?: readonly WeightRounding[];
  /**
   * INT8 weights take half of their range (-63 to 63), for kernels that add two products in 16 bits and saturate.
   * Learned roundings, which belong to the whole range, are ignored.
   */
  readonly hasHalfWeights?: boolean;
  /** Quantizes only one operand of the INT8 layers; their other one stays in floating point. */
  readonly only?: QuantizedOperand;
  /** Maxima of the model's weights, if they were read before. */
  readonly weights?: WeightScales;
  /** Placements of earlier requests for the same model, target and ranges. */
  readonly placements?: PlacementMemory;
  /** false: the caller raises the operator set where scales in FP16 need it (see raiseOpset). */
  readonly raisesOpset?: boolean;
}

export interface QuantizedModel {
  readonly model: Model;
  readonly decisions: readonly PlacementDecision<LayerFormat>[];
  /** Quantized tensor -> scale and zero point of its Q/DQ. */
  readonly scales: ReadonlyMap<string, ActivationParameters>;
  /** Initializer with the scale of an activation -> the quantized tensor. */
  readonly scaleTensors: ReadonlyMap<string, string>;
  /** True if at least one layer computes in FP16. */
  readonly hasFp16: boolean;
}

/** What is decided about a model before it is written. */
export interface QuantizeDecision {
  /** Where Q/DQ stand; the same object as long as plan and target place them, see PlacementMemory. */
  readonly placed: Placement<LayerFormat>;
  readonly half: Fp16Scales;
  readonly scales: ReadonlyMap<string, ActivationParameters>;
}

/**
 * Decides where Q/DQ stand, and their scales.
 * @throws WorkbenchError 'not-found' (the plan names an unknown layer), 'calibration-missing', 'activations-nan'.
 */
export function decideQuantization(request: QuantizeRequest): QuantizeDecision {
  const { model, format } = request;
  const ranges = rangeFacts(request.weights ?? new WeightScales(model), request.ranges);
  const { placed, half, thresholds } =
    format === undefined ? placeInt8(request, ranges) : placeFormat(request, format, ranges);
  const scales = activationScales(placed, {
    thresholds,
    ranges: request.ranges,
    activationType: format === undefined ? (request.activationType ?? 'int8') : 'fp8',
    target: request.target,
    fp16Tensors: half.tensors,
  });
  return { placed, half, scales };
}

/**
 * Whether a model is written with the same nodes and constants after two decisions about it, except for the scales of
 * activations. Integers that stand for a bound or a bias depend on these scales.
 */
export function differInScalesOnly(a: QuantizeDecision, b: QuantizeDecision): boolean {
  const { placed, half, scales } = a;
  if (placed !== b.placed || placed.folded.length > 0 || placed.biases.length > 0) return false;
  return (
    isSameSet(half.tensors, b.half.tensors) &&
    isSameSet(half.weightLayers, b.half.weightLayers) &&
    [...scales].every(([tensor, { storage, zeroPoint }]) => {
      const other = b.scales.get(tensor);
      return other?.storage === storage && other.zeroPoint === zeroPoint;
    })
  );
}

function isSameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((name) => b.has(name));
}

/**
 * Inserts explicit Q/DQ and casts according to the plan and the target. Weights are referenced, never copied; use
 * `materialize` for files that leave the project.
 * @param decision what decideQuantization returned for this request, if it was called before
 * @throws WorkbenchError 'not-found' (the plan names an unknown layer), 'calibration-missing', 'activations-nan'.
 */
export function quantizeModel(request: QuantizeRequest, decision?: QuantizeDecision): QuantizedModel {
  const { model, format } = request;
  const weights = request.weights ?? new WeightScales(model);
  const facts = graphFacts(model);
  const { placed, half, scales } = decision ?? decideQuantization({ ...request, weights });
  const placement = request.purpose === 'simulation' && format === undefined ? withFloatKernels(placed) : placed;
  const quantizedLayers = new Set(placement.weights.map(({ layer }) => layer));
  const biases = (request.biases ?? []).filter(({ owner }) => quantizedLayers.has(owner));
  const hasHalfWeights = request.hasHalfWeights === true;
  const learned = hasHalfWeights ? [] : (request.roundings ?? []);
  const roundings = learned.filter(({ layer }) => quantizedLayers.has(layer));
  const rewriter = new Rewriter({
    facts,
    placement,
    scales,
    weights,
    fp16Tensors: half.tensors,
    fp16WeightLayers: half.weightLayers,
    weightStorage: format === undefined ? WEIGHT_STORAGE[request.target] : LOW_FORMAT_STORAGE[format],
    hasHalfWeights,
    mseWeightLayers: new Set(Object.keys(request.plan.weights ?? {})),
    corrections: biases,
    roundings,
  });
  for (const node of facts.nodes) rewriter.add(node);
  rewriter.finish(request.observed ?? []);
  const made = new Set(rewriter.written.nodes.flatMap((node) => node.output));
  const rewritten = withOutputs(
    withNodes(model, rewriter.written, request.target),
    (request.observed ?? []).filter((name) => made.has(name)),
  );
  const opset = neededOpset(request, half);
  return {
    model: opset === null ? rewritten : raiseOpset(rewritten, opset),
    decisions: [...placement.decisions, ...biasDecisions(biases), ...roundingDecisions(roundings)],
    scales,
    scaleTensors: rewriter.scaleTensors,
    hasFp16: placement.fp16Layers.size > 0,
  };
}

/**
 * On x86-64 processors without VNNI instructions, ONNX Runtime's kernels for UINT8 activations and INT8 weights add two
 * products in 16 bits and saturate silently (cells_unet: 2.9 dB at the output instead of 27.3). The kernels for UINT8
 * weights are exact on every processor. TensorRT accepts only INT8 with zero point 0, and OpenVINO has integer kernels
 * for it only.
 */
const WEIGHT_STORAGE = { onnxruntime: 'uint8', openvino: 'int8', tensorrt: 'int8' } as const;

const LOW_FORMAT_STORAGE = { fp8: 'fp8', w4: 'int4' } as const;

/** Where Q/DQ stand, which of them have a side in FP16, and the threshold of each tensor. */
interface Placed {
  readonly placed: Placement<LayerFormat>;
  readonly half: Fp16Scales;
  readonly thresholds: QuantizeRequest['thresholds'];
}

function placeInt8({ model, plan, target, thresholds, only, placements }: QuantizeRequest, ranges: RangeFacts): Placed {
  const known = { ranges, thresholds, ...(placements ? { placements } : {}) };
  const placed = withOnly(only, placeQdq(model, plan, target, known));
  return { placed, half: fp16Scales(graphFacts(model), placed, thresholds), thresholds };
}

/** Q/DQ of a format below INT8. Its activations have the thresholds of minmax: E4M3 is fine where values are small. */
function placeFormat({ model, plan, target }: QuantizeRequest, format: LowFormat, ranges: RangeFacts): Placed {
  const facts = graphFacts(model);
  const partitions = findPartitions(facts);
  const fallbackPrecision = fallbackPrecisionOf(plan, target);
  const place = (scaleRefusals: ReadonlyMap<string, Fp16Refusal>) => {
    const precisions = resolvePrecisions(facts, { plan, fallbackPrecision, partitions, ranges, scaleRefusals });
    return placeLowFormat(facts, precisions, { format, target });
  };
  const first = place(new Map());
  const thresholds = Object.fromEntries(
    first.tensors.flatMap(({ tensor }) => {
      const amax = ranges.activationAmax(tensor);
      return amax === undefined ? [] : [[tensor, amax] as const];
    }),
  );
  const scaleOf = (amax: number): number => scaleOfMaximum(amax, E4M3_MAX);
  const refusals = activationScaleRefusals(first, thresholds, scaleOf);
  const placed = refusals.size === 0 ? first : place(refusals);
  return { placed, half: fp16Scales(facts, placed, thresholds, scaleOf), thresholds };
}

type NeededOpset = typeof HALF_QDQ_OPSET | typeof BLOCK_QDQ_OPSET;

/** The operator set that the Q/DQ need; null if that of the prepared model has them. */
function neededOpset({ format, raisesOpset }: QuantizeRequest, half: Fp16Scales): NeededOpset | null {
  if (format === 'w4') return BLOCK_QDQ_OPSET;
  if (format === 'fp8') return HALF_QDQ_OPSET;
  return raisesOpset !== false && half.tensors.size + half.weightLayers.size > 0 ? HALF_QDQ_OPSET : null;
}

/** The ranges of weights and activations that decide about FP16; the same object for the same arguments. */
export function rangeFacts(weights: WeightScales, ranges: QuantizeRequest['ranges']): RangeFacts {
  const known = knownRanges.get(weights) ?? new WeakMap<TensorRanges, RangeFacts>();
  knownRanges.set(weights, known);
  const found = known.get(ranges) ?? makeRangeFacts(weights, ranges);
  known.set(ranges, found);
  return found;
}

const knownRanges = new WeakMap<WeightScales, WeakMap<TensorRanges, RangeFacts>>();

function makeRangeFacts(weights: WeightScales, ranges: TensorRanges): RangeFacts {
  const rangeOf = (tensor: string) => ownValue(ranges, tensor);
  return {
    weightAmax: (name) => weights.amax(name),
    weightAbsSum: (name, axis, groups) => weights.largestAbsSum(name, axis, groups),
    activationAmax: (tensor) => {
      const range = rangeOf(tensor);
      return range && Math.max(Math.abs(range[0]), Math.abs(range[1]));
    },
    isNonNegative: (tensor) => (rangeOf(tensor)?.[0] ?? -1) >= 0,
    subnormalShare: (tensor) => rangeOf(tensor)?.[2] ?? 0,
    weightLoss: (name, axis) => weights.fp16Loss(name, axis),
  };
}

function withOnly(operand: QuantizedOperand | undefined, placement: Placement): Placement {
  if (operand === undefined) return placement;
  // An INT32 bias has the scale of the product of both operands.
  const one = { ...placement, biases: [] };
  return operand === 'weights' ? { ...one, tensors: [], folded: [], groups: [] } : { ...one, weights: [] };
}

/** INT8 layers and layers fused into them whose floating-point side is float32. */
function withFloatKernels<Format extends LayerFormat>(placement: Placement<Format>): Placement<Format> {
  const isFp16 = new Set<string>(
    placement.decisions
      .filter((decision) => decision.tensor === undefined && decision.precision === 'fp16')
      .map(({ layer }) => layer),
  );
  return { ...placement, fp16Layers: new Set([...placement.fp16Layers].filter((layer) => isFp16.has(layer))) };
}

/** Knowledge beyond the graph for the placement of Q/DQ. */
export interface PlacementKnowledge {
  readonly ranges?: RangeFacts;
  /** Tensor -> threshold, real units; determines which scales FP16 can represent. */
  readonly thresholds?: QuantizeRequest['thresholds'];
  readonly placements?: PlacementMemory;
}

/** The latest placements of one model for one target and the same ranges, before thresholds refuse FP16. */
export class PlacementMemory {
  private readonly known = new Map<string, Placement>();

  of(plan: PrecisionPlan, place: () => Placement): Placement {
    const key = JSON.stringify(plan);
    const found = this.known.get(key) ?? place();
    this.known.delete(key);
    this.known.set(key, found);
    for (const oldest of this.known.keys()) {
      if (this.known.size <= MAX_PLACEMENTS) break;
      this.known.delete(oldest);
    }
    return found;
  }
}

const MAX_PLACEMENTS = 16;

/**
 * Decides the positions of Q/DQ and casts. A pure function, which reads weights only through `ranges`, and small
 * constants.
 */
export function placeQdq(
  model: Model,
  plan: PrecisionPlan,
  target: Target,
  { ranges = NO_RANGES, thresholds = {}, placements = new PlacementMemory() }: PlacementKnowledge = {},
): Placement {
  requirePlannedLayers(plan, model);
  const facts = graphFacts(model);
  const partitions = findPartitions(facts);
  const fallbackPrecision = fallbackPrecisionOf(plan, target);
  const place = (scaleRefusals: ReadonlyMap<string, Fp16Refusal>): Placement => {
    const precisions = resolvePrecisions(facts, {
      plan,
      fallbackPrecision,
      partitions,
      ranges,
      scaleRefusals,
    });
    if (target === 'onnxruntime') return placeForOnnxruntime(facts, precisions, ranges);
    return placeForTensorrt({
      facts,
      partitions,
      precisions,
      ranges,
      // OpenVINO fuses Q/DQ in the same places, but the rules about speed hold for TensorRT's kernels only.
      attention: target === 'openvino' ? 'float' : (plan.attention ?? 'float'),
      hasSpeedRules: target === 'tensorrt',
      // Times in floating point are those of FP16.
      ...(target === 'tensorrt' && fallbackPrecision === 'fp16' ? { measured: plan.measured } : {}),
    });
  };
  const placed = placements.of(plan, () => place(new Map()));
  // Scale groups are known after the first placement. Refusing FP16 afterwards changes only the type of Q/DQ, not their
  // positions.
  const refusals = scaleRefusals(facts, placed, thresholds, ranges);
  return refusals.size === 0 ? placed : place(refusals);
}

function withNodes(model: Model, written: GraphWriter, target: Target): Model {
  const made = new Set(written.nodes.flatMap((node) => node.output));
  const graph = {
    ...model.graph,
    node: written.nodes,
    initializer: [...model.graph.initializer, ...written.initializers],
    valueInfo: model.graph.valueInfo.filter((info) => made.has(info.name)),
  };
  return { ...model, graph: target === 'onnxruntime' ? inOnnxruntimeForms(graph, written.names) : graph };
}

/** Adds float32 outputs to the model, except those that exist already. */
export function withOutputs(model: Model, names: readonly string[]): Model {
  const { graph } = model;
  const known = new Set(graph.output.map(({ name }) => name));
  return {
    ...model,
    graph: { ...graph, output: [...graph.output, ...names.filter((name) => !known.has(name)).map(floatOutput)] },
  };
}

/** The number of nodes of each kind that quantization adds. */
export function countNodes(model: Model): {
  readonly QuantizeLinear: number;
  readonly DequantizeLinear: number;
  readonly Cast: number;
} {
  const count = (opType: string): number => model.graph.node.filter((node) => node.opType === opType).length;
  return { QuantizeLinear: count('QuantizeLinear'), DequantizeLinear: count('DequantizeLinear'), Cast: count('Cast') };
}
