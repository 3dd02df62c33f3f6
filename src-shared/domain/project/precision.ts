import type { LayerId } from '../../base/brand';
import { ownValue } from '../../base/records';
import { measuredKernelsSchema } from '../engines/measured-kernels';
import { boolean, converted, object, oneOf, optional, record, text, type InferOutput } from '../../base/schema';

export const PRECISIONS = ['int8', 'fp16', 'fp32'] as const;
export type Precision = (typeof PRECISIONS)[number];

export const LOW_FORMATS = ['fp8', 'w4'] as const;
/**
 * Formats below INT8, which exist as variants of a whole model only. `fp8`: E4M3 inputs and weights. `w4`: INT4 weights
 * in blocks, activations in floating point.
 */
export type LowFormat = (typeof LOW_FORMATS)[number];

export const LAYER_FORMATS = [...PRECISIONS, ...LOW_FORMATS] as const;
/** What a layer computes in. */
export type LayerFormat = (typeof LAYER_FORMATS)[number];

export function isPrecision(format: LayerFormat): format is Precision {
  return format !== 'fp8' && format !== 'w4';
}

export const PRECISION_CHOICES = ['auto', ...PRECISIONS] as const;
/**
 * The precision that is requested for a layer. `auto`: the rules of the target decide. `int8`: INT8 was requested by
 * name, which overrides the rules that keep a layer in floating point for speed only.
 */
export type PrecisionChoice = (typeof PRECISION_CHOICES)[number];

/** The target determines where Q/DQ are placed and which restrictions apply. */
export const TARGETS = ['tensorrt', 'onnxruntime', 'openvino'] as const;
export type Target = (typeof TARGETS)[number];

export const BACKENDS = ['ort-cpu', 'ort-webgpu', 'ort-cuda', 'tensorrt', 'openvino'] as const;
export type BackendId = (typeof BACKENDS)[number];

/** The target whose models a backend runs if it runs no others; null for the backends of ONNX Runtime. */
export function targetOfBackend(backend: BackendId): Target | null {
  return backend === 'tensorrt' || backend === 'openvino' ? backend : null;
}

export const FALLBACK_PRECISIONS = ['fp16', 'fp32'] as const;
/** The precision of layers that do not run in INT8 and have no precision of their own. */
export type FallbackPrecision = (typeof FALLBACK_PRECISIONS)[number];

export const ATTENTION_PRECISIONS = ['float', 'int8'] as const;
/** How products of two activations (Q·Kᵀ and the product with V) are computed. */
export type AttentionPrecision = (typeof ATTENTION_PRECISIONS)[number];

/** In the order in which they are applied. */
export const WEIGHT_METHODS = ['minmax', 'mse'] as const;
/**
 * The threshold of the INT8 weights of an output channel. `minmax`: the largest |w|. `mse`: the one with the smallest
 * squared error, which clips single large weights.
 */
export type WeightMethod = (typeof WEIGHT_METHODS)[number];

export const REPAIRS = ['equalization', 'smoothing', 'biasCorrection'] as const;
export type Repair = (typeof REPAIRS)[number];
/** Repairs that need no search before they are switched on. */
export const SWITCHED_REPAIRS = ['equalization', 'biasCorrection'] as const satisfies readonly Repair[];
export type SwitchedRepair = (typeof SWITCHED_REPAIRS)[number];

export const repairsSchema = object({
  equalization: optional(boolean),
  /** Key of the factors, which are stored in the project's folder smoothing/. */
  smoothing: optional(text),
  biasCorrection: optional(boolean),
} satisfies Record<Repair, unknown>);
/**
 * Changes of weights that keep the FP32 results and reduce the error in INT8. An omitted repair is off. `equalization`
 * scales channels between layers, and `smoothing` behind normalizations and layers, so that the prepared model and its
 * calibration change; `biasCorrection` changes the biases of quantized variants only.
 */
export type Repairs = InferOutput<typeof repairsSchema>;

const presentPlanSchema = object({
  /**
   * Layer -> precision, for the layers that the user, a preset or the search decided; a layer without an entry is on
   * `auto`.
   */
  layers: record(oneOf(...PRECISIONS)),
  /** If omitted: the target's default, see `fallbackPrecisionOf`. */
  fallbackPrecision: optional(oneOf(...FALLBACK_PRECISIONS)),
  /** For the target tensorrt. Default: float, so that TensorRT can fuse attention as a whole. */
  attention: optional(oneOf(...ATTENTION_PRECISIONS)),
  repairs: optional(repairsSchema),
  /** Layer -> how the thresholds of its weights are chosen; minmax for a layer without an entry. */
  weights: optional(record(oneOf('mse'))),
  /** For the target tensorrt: measured times, which keep layers out of INT8 where it is not faster. */
  measured: optional(measuredKernelsSchema),
});
/** The precisions that the layers of a model should compute in. */
export type PrecisionPlan = InferOutput<typeof presentPlanSchema>;

/**
 * A precision plan. Older project files and run records call the fallback precision `rest`; it is read under its
 * current name, so that a file gets the current form when it is saved again.
 */
export const planSchema = converted(withPresentNames, presentPlanSchema);

function withPresentNames(plan: unknown): unknown {
  if (typeof plan !== 'object' || plan === null || !('rest' in plan) || 'fallbackPrecision' in plan) return plan;
  const { rest, ...others } = plan;
  return { ...others, fallbackPrecision: rest };
}

export const EMPTY_PLAN: PrecisionPlan = { layers: {} };

/** Whether two plans set the same layers to the same precisions. */
export function isSamePlan(a: PrecisionPlan['layers'], b: PrecisionPlan['layers']): boolean {
  const other = new Map(Object.entries(b));
  const own = Object.entries(a);
  return own.length === other.size && own.every(([layer, precision]) => other.get(layer) === precision);
}

/** The precision that the plan intends for a layer: INT8 on `auto`, which the rules of the target may refuse. */
export function precisionOf(plan: PrecisionPlan, layer: LayerId): Precision {
  return ownValue(plan.layers, layer) ?? 'int8';
}

export function choiceOf(plan: Pick<PrecisionPlan, 'layers'>, layer: string): PrecisionChoice {
  return ownValue(plan.layers, layer) ?? 'auto';
}

/** The plan without released layers: all quantizable layers, and those that were requested by name, run in INT8. */
export function allInt8(plan: PrecisionPlan): PrecisionPlan {
  const requested = Object.entries(plan.layers).filter(([, precision]) => precision === 'int8');
  return { ...plan, layers: Object.fromEntries(requested) };
}

/** Whether the plan sets layers to FP16. */
export function hasFp16Layers({ layers }: PrecisionPlan): boolean {
  return Object.values(layers).includes('fp16');
}

/** A plan with these layers in FP16, or in FP32 if FP16 is refused. */
export function releasedPlan(plan: PrecisionPlan, layers: readonly string[]): PrecisionPlan {
  return { ...plan, layers: { ...plan.layers, ...Object.fromEntries(layers.map((layer) => [layer, 'fp16'])) } };
}

/** The plan with other choices for some layers; the entry of a layer on `auto` is removed. */
export function withChoices(
  plan: PrecisionPlan,
  choices: Iterable<readonly [layer: string, choice: PrecisionChoice]>,
): PrecisionPlan {
  const layers = new Map<string, Precision>(Object.entries(plan.layers));
  for (const [layer, choice] of choices) {
    if (choice === 'auto') layers.delete(layer);
    else layers.set(layer, choice);
  }
  return { ...plan, layers: Object.fromEntries(layers) };
}

export function weightMethodOf(plan: Pick<PrecisionPlan, 'weights'>, layer: string): WeightMethod {
  return ownValue(plan.weights ?? {}, layer) ?? 'minmax';
}

/** The plan with another method for the weights of some layers; a layer on minmax has no entry. */
export function withWeightMethod(plan: PrecisionPlan, layers: Iterable<string>, method: WeightMethod): PrecisionPlan {
  const { weights, ...others } = plan;
  const own = new Map<string, 'mse'>(Object.entries(weights ?? {}));
  for (const layer of layers) {
    if (method === 'minmax') own.delete(layer);
    else own.set(layer, method);
  }
  return own.size === 0
    ? others
    : { ...others, weights: Object.fromEntries([...own].sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** The plan as commands print it with --json: it also has `rest`, the older name of `fallbackPrecision`. */
export function planJson(plan: PrecisionPlan): PrecisionPlan & { readonly rest?: FallbackPrecision } {
  return plan.fallbackPrecision === undefined ? plan : { ...plan, rest: plan.fallbackPrecision };
}

export function hasRepair(plan: PrecisionPlan, repair: Repair): boolean {
  const own = plan.repairs?.[repair];
  return own !== undefined && own !== false;
}

/** Whether channels of the prepared model have other values than in the model as it was given. */
export function isRescaled(plan: PrecisionPlan): boolean {
  return hasRepair(plan, 'equalization') || hasRepair(plan, 'smoothing');
}

/** The plan with these repairs; those that are off are omitted, so that equal plans have equal data. */
export function withRepairs(plan: PrecisionPlan, repairs: Repairs): PrecisionPlan {
  const { equalization, smoothing, biasCorrection } = repairs;
  const on = {
    ...(equalization === true ? { equalization } : {}),
    ...(smoothing === undefined ? {} : { smoothing }),
    ...(biasCorrection === true ? { biasCorrection } : {}),
  };
  return Object.keys(on).length === 0 ? withoutRepairs(plan) : { ...plan, repairs: on };
}

/**
 * The plan with equalization or bias correction on or off. The factors of smoothing were found for a model with or
 * without equalization, so that they are given up when it is switched.
 */
export function withRepair(plan: PrecisionPlan, repair: SwitchedRepair, isOn: boolean): PrecisionPlan {
  const { smoothing, ...others } = plan.repairs ?? {};
  const isKept = smoothing !== undefined && (repair !== 'equalization' || isOn === hasRepair(plan, 'equalization'));
  return withRepairs(plan, { ...others, ...(isKept ? { smoothing } : {}), [repair]: isOn });
}

/** @param key of the factors; null: without smoothing */
export function withSmoothing(plan: PrecisionPlan, key: string | null): PrecisionPlan {
  const { equalization, biasCorrection } = plan.repairs ?? {};
  return withRepairs(plan, {
    ...(equalization === undefined ? {} : { equalization }),
    ...(key === null ? {} : { smoothing: key }),
    ...(biasCorrection === undefined ? {} : { biasCorrection }),
  });
}

export function withoutRepairs(plan: PrecisionPlan): PrecisionPlan {
  const { repairs, ...others } = plan;
  return repairs === undefined ? plan : others;
}

/**
 * TensorRT computes layers that are not INT8 in FP16 by default: a strongly typed network uses FP16 kernels only if the
 * model requests them. ONNX Runtime's CPU provider and, on most processors,
 * OpenVINO have no FP16 kernels, so that FP16 would only cost time there.
 */
export function fallbackPrecisionOf(plan: PrecisionPlan, target: Target): FallbackPrecision {
  return plan.fallbackPrecision ?? (target === 'tensorrt' ? 'fp16' : 'fp32');
}

/** One decision about one layer (or one edge of it), for `--explain` and the graph view. */
export interface PlacementDecision<Format extends LayerFormat = Precision> {
  readonly layer: LayerId;
  /** ONNX op type of the layer. */
  readonly op: string;
  /** The precision that the layer will run in. */
  readonly precision: Format;
  /** Stable machine-readable reason, for example `residual-shortcut`. */
  readonly code: string;
  /** The reason as one sentence. */
  readonly reason: string;
  /** The tensor of the edge, if the decision is about one edge. */
  readonly tensor?: string;
}

/**
 * A reason why FP16 does not suit a layer. Refused: values are too large or too small for FP16, so that the layer stays
 * in FP32. Coarse: the values fit, but are rounded to steps of 0.5 or more.
 */
export interface Fp16Hazard {
  readonly code:
    | 'fp16-refused-weight'
    | 'fp16-refused-activation'
    | 'fp16-refused-accumulation'
    | 'fp16-refused-constant'
    | 'fp16-refused-underflow'
    | 'fp16-coarse';
  /** The affected tensor or initializer. */
  readonly tensor: string;
  /**
   * Its largest magnitude. For an accumulation, the largest magnitude that a partial sum can reach; for a constant, the
   * magnitude of the value that is lost.
   */
  readonly amaxReal: number;
  /** The reason as one sentence. */
  readonly reason: string;
}
